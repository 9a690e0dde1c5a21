"""Chooses the query terms that retrieve documents and those that only score, by rarity.

FTS5 visits and scores every document that holds a term: about a microsecond each, 46 ms for a
question of eight words in a bank of 100,000, nearly all of it for terms that say little because a
quarter of the bank holds them. So only the rare terms retrieve documents; the best of these are
then scored by the less rare terms too, which FTS5 skips through ten times as fast. A bank of a few
thousand patterns stays within both budgets.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from .storage_tuning import StorageTuning

__all__ = ["ChosenTerms", "TermBudget", "match_expression"]


@dataclass(frozen=True, slots=True)
class ChosenTerms:
    """The terms that retrieve documents, and those among all that score, in the query's order."""

    retrieving: tuple[str, ...]
    scoring: tuple[str, ...]

    @classmethod
    def all_of(cls, terms: Sequence[str]) -> ChosenTerms:
        """Returns the choice that leaves out no term."""
        return cls(tuple(terms), tuple(terms))


class TermBudget:
    """Chooses terms and remembers how many documents hold each; safe for many threads."""

    def __init__(self, tuning: StorageTuning) -> None:
        self._tuning = tuning
        self._lock = threading.Lock()
        self._frequencies: dict[str, int] = {}
        self._size = 0

    def choose(
        self, connection: apsw.Connection, terms: Sequence[str], *, alone: bool = False
    ) -> ChosenTerms:
        """Returns the terms to retrieve and to score with; always the rarest one.

        Terms that no document holds are left out, unless there is no other.

        Args:
            alone: No vectors retrieve documents as well, so the terms may retrieve more.
        """
        size = int(connection.execute("select max(rowid) from patterns_fts_docsize").get or 0)
        known = self._known(terms, size)
        missing = [term for term in terms if term not in known]
        if missing:
            counted = {term: self._frequency(connection, term) for term in missing}
            known |= counted
            with self._lock:  # the next pattern may hold what none holds now
                self._frequencies |= {term: count for term, count in counted.items() if count}
        tuning = self._tuning
        budget = tuning.document_budget_alone if alone else tuning.document_budget
        return _within(terms, known, size, budget, tuning)

    def _known(self, terms: Sequence[str], size: int) -> dict[str, int]:
        """Returns the frequencies that are known, having dropped those that are out of date."""
        tuning = self._tuning
        with self._lock:
            if abs(size - self._size) > tuning.outdated_share * self._size:
                self._frequencies.clear()
                self._size = size
            if len(self._frequencies) > tuning.max_known_terms:
                self._frequencies.clear()
            return {term: self._frequencies[term] for term in terms if term in self._frequencies}

    def _frequency(self, connection: apsw.Connection, term: str) -> int:
        """Returns how many documents hold a term; counted no further than the budget goes."""
        count: int = connection.execute(
            "select count(*) from (select 1 from patterns_fts"
            " where patterns_fts match :expression limit :most)",
            {"expression": match_expression([term]), "most": self._tuning.weighing_budget + 1},
        ).get
        return count


def match_expression(terms: Sequence[str]) -> str:
    """Returns the FTS5 expression that matches any of the terms; each is quoted, so any is legal.

    A term that is listed twice counts twice in BM25.

    Raises:
        ValueError: There are no terms; FTS5 has no expression that matches nothing.
    """
    if not terms:
        raise ValueError("terms must hold at least one word, got none")
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)


def _within(
    terms: Sequence[str],
    frequencies: dict[str, int],
    size: int,
    budget: int,
    tuning: StorageTuning,
) -> ChosenTerms:
    present = sorted((frequencies[term], term) for term in set(terms) if frequencies[term])
    if not present:
        return ChosenTerms.all_of(terms)
    most = size // 2 if size >= tuning.min_documents else size
    spent, rarest = present[0]
    retrieving, scoring = {rarest}, {rarest}
    for count, term in present[1:]:
        spent += count
        if count > most or spent > tuning.weighing_budget:
            break
        scoring.add(term)
        if spent <= budget:
            retrieving.add(term)
    return ChosenTerms(
        tuple(term for term in terms if term in retrieving),
        tuple(term for term in terms if term in scoring),
    )
