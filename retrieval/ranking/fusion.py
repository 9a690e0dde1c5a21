"""Fuses the scores of the legs into one.

    score = cosine + bm25_weight * bm25 - spread_weight * spread + rule_weight * rule

A linear combination of raw scores, after Bruch et al. 2023 ("An Analysis of Fusion Functions for
Hybrid Retrieval", ACM TOIS), but without their normalisation by query: a raw BM25 says how rare
the words are that query and pattern share, so the text leg weighs more for a query of rare words
and less for one of common words; dividing by the query's own maximum would lose that.
The spread (query_fit.py) is how unevenly a candidate fits the parts of the query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from .ranking_tuning import RankingTuning

__all__ = ["Fused", "fuse"]

_NONE: Final[Mapping[int, float]] = {}
_TUNING: Final = RankingTuning()


class Fused(NamedTuple):
    """One candidate with its score and the parts it is made of.

    Attributes:
        score: Higher is better; comparable within one answer.
        vector_score: Cosine cut to 0..1, None when the vector leg does not know the candidate.
        text_score: BM25 over the best of this answer, 0..1, None when no word matched.
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
        cosines: Cosine similarity -1..1, where the vector leg knows it.
        bm25: Positive BM25 scores, where a word matched.
        rules: Rule score 0..1 of every candidate.
        spreads: Spread of the query's pieces, where it is known.
        rule_weight: In place of the tuning's.
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
