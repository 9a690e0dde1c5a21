"""Gives the benchmarks access to the legs and the fusion below the bank's public methods.

No other benchmark depends on how the bank stores and searches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from ...models import QueryEmbedding
from ...models.vector import Vector
from ...retrieval import QEReasoningBank, RankingTuning, SQLitePatternBackend
from ...retrieval.ranking.fusion import fuse
from ...retrieval.ranking.query_fit import query_fit
from ...retrieval.storage.sqlite import SQLitePatternSession
from ...retrieval.storage.storage_values import Candidates, SearchQuery
from ...retrieval.text.tokens import query_terms
from ...schema import PatternSearchCriteria

__all__ = ["LegScores", "RankingLegs", "SQLitePatternSession", "Scores", "ranked_rows"]

# By row number of a pattern; higher is better.
Scores = dict[int, float]


class LegScores(NamedTuple):
    """The candidates and the query that a search for ten without preferences fuses."""

    candidates: Candidates
    query: QueryEmbedding


class RankingLegs:
    """The vector leg and the text leg of an open bank."""

    def __init__(self, bank: QEReasoningBank) -> None:
        self._backend = SQLitePatternBackend(bank.database)
        self._backend.open(bank.encoder_identity)

    def vector(self, embedding: Vector, depth: int, criteria: PatternSearchCriteria) -> Scores:
        """Returns the cosines of the nearest patterns, best first."""
        with self._backend.reading() as session:
            return session.vector_candidates(embedding, depth, criteria)

    def text(self, query: str, depth: int, criteria: PatternSearchCriteria) -> Scores:
        """Returns the BM25 scores of the patterns that share terms with a query, best first."""
        with self._backend.reading() as session:
            return session.text_candidates(query_terms(query), depth, criteria)

    def scores(self, query: str, embedding: QueryEmbedding) -> LegScores:
        """Returns the scores that a search for ten without preferences fuses."""
        asked = SearchQuery(query, tuple(query_terms(query)), embedding)
        depth = RankingTuning().candidates_per_leg
        with self._backend.reading() as session:
            candidates = session.candidates(asked, PatternSearchCriteria(), depth=depth)
        return LegScores(candidates, embedding)

    def sources(self) -> dict[int, str]:
        """Returns the source of each pattern by its row number."""
        with self._backend.reading(whole=True) as session:
            stored = session.select(PatternSearchCriteria(), order="created")
        return {row.key: row.pattern.source or "" for row in stored}

    @contextmanager
    def reading(self) -> Iterator[SQLitePatternSession]:
        """Yields one consistent view of the bank's rows and indexes."""
        with self._backend.reading() as session:
            yield session


def ranked_rows(scores: LegScores, *, bm25_weight: float | None = None) -> list[int]:
    """Returns the row numbers of the fused legs, best first, without rule scores.

    Args:
        bm25_weight: Weight of the text leg; None for the bank's own.
    """
    tuning = RankingTuning()
    if bm25_weight is not None:
        tuning = replace(tuning, bm25_weight=bm25_weight)
    candidates = scores.candidates
    assert candidates.vectors is not None
    fit = query_fit(scores.query, candidates.keys, candidates.vectors)
    keys = sorted(candidates.facts)
    rules = dict.fromkeys(keys, 0.0)
    fused = fuse(keys, fit.cosines, candidates.bm25, rules, spreads=fit.spreads, tuning=tuning)
    return [candidate.key for candidate in fused]
