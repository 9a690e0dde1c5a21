"""Chooses, by rarity, the query terms that retrieve documents and those that only score.

FTS5 visits and scores every document that contains a term: about a microsecond each, 46 ms for a
    query of
eight words in a bank of 100,000, nearly all of it for common terms that contribute little. So only
rare terms retrieve documents; the best of these are then also scored by less rare terms, which is
ten times as fast as retrieving by them. A bank of a few thousand patterns stays within both
budgets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .storage_tuning import StorageTuning

__all__ = ["ChosenTerms", "TermBudget"]


@dataclass(frozen=True, slots=True)
class ChosenTerms:
    """The terms that retrieve documents, and the terms that score them, in query order."""

    retrieving: tuple[str, ...]
    scoring: tuple[str, ...]


class TermBudget:
    """Chooses terms and caches their document counts; safe to use from several threads.

    Attributes:
        free_documents: A search that can score at most this many documents uses all its terms.
    """

    def __init__(self, tuning: StorageTuning) -> None:
        self._tuning = tuning
        self._lock = threading.Lock()
        self._frequencies: dict[str, int] = {}
        self._size = 0
        self.free_documents = min(tuning.document_budget, tuning.min_documents - 1)

    def choose(
        self,
        terms: Sequence[str],
        size: int,
        count: Callable[[str, int], int],
        *,
        alone: bool = False,
    ) -> ChosenTerms:
        """Returns the terms to retrieve and to score with; they include the rarest one.

        Terms that no document contains are dropped, unless there are no others.

        Args:
            terms: Distinct terms.
            size: Approximate number of documents in the index.
            count: Returns the number of documents that contain a term, up to its second argument.
            alone: The text leg is alone, so its terms may retrieve more documents.
        """
        self._drop_outdated(size)
        known: dict[str, int] = {}
        for term in terms:
            frequency = self._frequencies.get(term)
            if frequency is None:
                frequency = count(term, self._tuning.weighing_budget + 1)
                if frequency:  # the next pattern may hold what none holds now
                    with self._lock:
                        self._frequencies[term] = frequency
            known[term] = frequency
        return self._within(known, size, alone=alone)

    def _drop_outdated(self, size: int) -> None:
        tuning = self._tuning
        with self._lock:
            if abs(size - self._size) > tuning.outdated_share * self._size:
                self._frequencies.clear()
                self._size = size
            if len(self._frequencies) > tuning.max_known_terms:
                self._frequencies.clear()

    def _within(self, frequencies: dict[str, int], size: int, *, alone: bool) -> ChosenTerms:
        """Returns the terms that both budgets can afford, in query order."""
        tuning = self._tuning
        terms = tuple(frequencies)
        by_rarity = sorted(filter(frequencies.get, terms), key=frequencies.__getitem__)
        if not by_rarity:
            return ChosenTerms(terms, terms)
        max_frequency = size // 2 if size >= tuning.min_documents else size
        budget = tuning.document_budget_alone if alone else tuning.document_budget
        retrieving, scoring = set(by_rarity[:1]), set(by_rarity[:1])
        spent = frequencies[by_rarity[0]]
        for term in by_rarity[1:]:
            spent += frequencies[term]
            if frequencies[term] > max_frequency or spent > tuning.weighing_budget:
                break
            scoring.add(term)
            if spent <= budget:
                retrieving.add(term)
        return ChosenTerms(
            tuple(filter(retrieving.__contains__, terms)),
            tuple(filter(scoring.__contains__, terms)),
        )
