"""Reaches the two legs of the ranking and its fusion below the bank's public methods.

The only place where the benchmarks depend on how the bank stores and searches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...models import QueryEmbedding, Vector
from ...retrieval import QEReasoningBank
from ...retrieval.ranking.fusion import fuse
from ...retrieval.ranking.search import LegScores, SearchRequest, leg_scores
from ...retrieval.storage.sqlite import PatternSession, PatternStore
from ...retrieval.text.tokens import query_terms
from ...schema import PatternSearchContext, PatternSearchCriteria

__all__ = ["LegScores", "PatternSession", "RankingLegs", "Scores", "ranked_rows"]

# By row number of a pattern; higher is better.
Scores = dict[int, float]


class RankingLegs:
    """The vector leg and the text leg of an open bank."""

    def __init__(self, bank: QEReasoningBank) -> None:
        self._store = PatternStore(bank.database, bank.encoder_identity)

    def vector(self, embedding: Vector, depth: int, criteria: PatternSearchCriteria) -> Scores:
        """Returns the cosines of the nearest patterns, best first."""
        with self._store.reading() as session:
            return session.vectors.candidates(embedding, depth, criteria)

    def text(self, query: str, depth: int, criteria: PatternSearchCriteria) -> Scores:
        """Returns the BM25 scores of the patterns that share terms with a query, best first."""
        with self._store.reading() as session:
            return session.text.candidates(query_terms(query), depth, criteria)

    def scores(self, query: str, embedding: QueryEmbedding) -> LegScores:
        """Returns the scores of both legs that a search for ten without preferences fuses."""
        request = SearchRequest(query, PatternSearchContext(), PatternSearchCriteria(), limit=10)
        with self._store.reading() as session:
            return leg_scores(session, request, query_terms(query), embedding)

    def sources(self) -> dict[int, str]:
        """Returns the source of each pattern by its row number."""
        with self._store.reading() as session:
            return {rowid: pattern.source or "" for rowid, pattern in session.rows.each()}

    @contextmanager
    def reading(self) -> Iterator[PatternSession]:
        """Yields one consistent view of the bank's rows and indexes."""
        with self._store.reading() as session:
            yield session


def ranked_rows(scores: LegScores, *, bm25_weight: float | None = None) -> list[int]:
    """Returns the row numbers of the fused legs, best first, without rule scores.

    Args:
        bm25_weight: Weight of the text leg; None for the bank's own.
    """
    keys = sorted({*scores.cosines, *scores.bm25})
    rules = dict.fromkeys(keys, 0.0)
    weight = {} if bm25_weight is None else {"bm25_weight": bm25_weight}
    fused = fuse(keys, scores.cosines, scores.bm25, rules, spreads=scores.spreads, **weight)
    return [candidate.key for candidate in fused]
