"""Which words of a query bring documents, and which only weigh in: by rarity, within two budgets.

FTS5 visits and scores every document that holds a word: about 1 µs each, 46 ms for a question of
eight words in a bank of 100,000, nearly all of it for words that say little since they stand in a
quarter of the bank. So only the rare words bring documents; the best of these are then scored by
the less rare words too, which FTS5 passes over at 0.1 µs a document. A bank of a few thousand
patterns does not come near either budget.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import apsw

from ...text.tokens import match_expression

__all__ = ["ChosenTerms", "TermChoice"]

# Documents over all words that bring some, beside vectors and for words alone, and over all words
# that are scored (bench/results/latency.md).
DOCUMENT_BUDGET: Final = 1_000
DOCUMENT_BUDGET_ALONE: Final = 4_000
WEIGHING_BUDGET: Final = 25_000
# BM25 gives a word that more than half of all documents hold no weight (FTS5 makes it 0.000001), so
# leaving it out changes no score. Below this size it may be what makes a pattern an answer at all.
MIN_DOCUMENTS: Final = 1_000
# About 3 MB of words.
MAX_KNOWN: Final = 20_000
# Counts may be so old: they choose words, they do not score.
OUTDATED_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class ChosenTerms:
    """The words that bring documents, and those among all that are scored, in the query's order."""

    looked_up: tuple[str, ...]
    weighed: tuple[str, ...]

    @classmethod
    def all_of(cls, terms: Sequence[str]) -> ChosenTerms:
        """Returns the choice that spares no word."""
        return cls(tuple(terms), tuple(terms))


class TermChoice:
    """Chooses words, and remembers how many documents hold each; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frequencies: dict[str, int] = {}
        self._size = 0

    def affordable(
        self, connection: apsw.Connection, terms: Sequence[str], *, alone: bool = False
    ) -> ChosenTerms:
        """Returns the words to look up and to score; the rarest one always.

        Words that no document holds are left out, unless there is no other.

        Args:
            alone: No vectors bring documents besides, so the words may bring more.
        """
        size = int(connection.execute("select max(rowid) from patterns_fts_docsize").get or 0)
        with self._lock:
            if abs(size - self._size) > OUTDATED_SHARE * self._size:
                self._frequencies.clear()
                self._size = size
            if len(self._frequencies) > MAX_KNOWN:
                self._frequencies.clear()
            known = dict.fromkeys(terms, 0) | {
                term: self._frequencies[term] for term in terms if term in self._frequencies
            }
            missing = [term for term in known if term not in self._frequencies]
        counted = {term: _frequency(connection, term) for term in missing}
        if counted:
            known |= counted
            with self._lock:
                self._frequencies |= counted
        return _chosen(known, size, DOCUMENT_BUDGET_ALONE if alone else DOCUMENT_BUDGET)


def _chosen(frequencies: dict[str, int], size: int, budget: int) -> ChosenTerms:
    present = sorted((count, term) for term, count in frequencies.items() if count)
    if not present:
        return ChosenTerms(tuple(frequencies), tuple(frequencies))
    most = size // 2 if size >= MIN_DOCUMENTS else size
    looked_up = {present[0][1]}
    weighed = set(looked_up)
    spent = present[0][0]
    for count, term in present[1:]:
        spent += count
        if count > most or spent > WEIGHING_BUDGET:
            break
        weighed.add(term)
        if spent <= budget:
            looked_up.add(term)
    return ChosenTerms(
        tuple(term for term in frequencies if term in looked_up),
        tuple(term for term in frequencies if term in weighed),
    )


def _frequency(connection: apsw.Connection, term: str) -> int:
    """Returns how many documents hold a word; counted no further than the budget goes."""
    count: int = connection.execute(
        "select count(*) from (select 1 from patterns_fts"
        " where patterns_fts match :expression limit :most)",
        {"expression": match_expression([term]), "most": WEIGHING_BUDGET + 1},
    ).get
    return count
