"""Fuses the scores of both legs and the rules into one score.

    score = cosine + bm25_weight * bm25 - spread_weight * spread + rule_weight * rule

A linear combination of raw scores, after Bruch et al. 2023 ("An Analysis of Fusion Functions for
Hybrid Retrieval", ACM TOIS), but without their normalisation by query: raw BM25 reflects how rare
the shared terms are, so the text leg weighs more for queries with rare terms and less for queries
with common ones. Dividing by the maximum of each query would lose that.
The spread (``query_fit.py``) measures how unevenly a candidate fits the pieces of the query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from .ranking_tuning import RankingTuning

__all__ = ["Fused", "fuse"]

_NONE: Final[Mapping[int, float]] = {}
_TUNING: Final = RankingTuning()


class Fused(NamedTuple):
    """A candidate's score and its components.

    Attributes:
        score: Higher is better; comparable within one answer.
        vector_score: Cosine cut to 0..1, None if the candidate has no embedding.
        text_score: BM25 divided by the best BM25 of this answer, 0..1; None if no term matched.
        rule_score: 0..1.
    """

    key: int
    score: float
    vector_score: float | None
    text_score: float | None
    rule_score: float


def fuse(
    keys: Sequence[int],
    cosines: Mapping[int, float],
    bm25: Mapping[int, float],
    rules: Mapping[int, float],
    *,
    spreads: Mapping[int, float] = _NONE,
    rule_weight: float | None = None,
    tuning: RankingTuning = _TUNING,
) -> list[Fused]:
    """Returns the candidates, best first; ties are broken by key.

    Args:
        keys: The candidates.
        cosines: Cosine similarity -1..1, for candidates that have an embedding.
        bm25: Positive BM25 scores, for candidates that hold a query term.
        rules: Rule score 0..1 of every candidate.
        spreads: Spread of the query's pieces, where it could be measured.
        rule_weight: Overrides the weight in ``tuning``.
    """
    weight = tuning.rule_weight if rule_weight is None else rule_weight
    best_bm25 = max(bm25.values(), default=0.0)
    fused = []
    for key in keys:
        cosine, words, rule = cosines.get(key), bm25.get(key), rules[key]
        fused.append(
            Fused(
                key,
                (cosine or 0.0)
                + tuning.bm25_weight * (words or 0.0)
                - tuning.spread_weight * spreads.get(key, 0.0)
                + weight * rule,
                None if cosine is None else min(1.0, max(0.0, cosine)),
                words / best_bm25 if words is not None and best_bm25 > 0 else None,
                rule,
            )
        )
    fused.sort(key=lambda candidate: (-candidate.score, candidate.key))
    return fused
