"""How the scores of the legs become one: pure functions over the candidates of a query.

    score = cosine + BM25_WEIGHT * bm25 - SPREAD_WEIGHT * spread + rule_weight * rule

A linear combination of raw scores, after Bruch et al. 2023 ("An Analysis of Fusion Functions for
Hybrid Retrieval", ACM TOIS), but without their normalisation by query: a raw BM25 says how rare
the words are that query and pattern share, so the text leg weighs more for a query of rare words
and less for one of common words; dividing by the query's own maximum would forget that.
The spread (spread.py) is how unevenly a candidate fits the parts of the query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

__all__ = ["Fused", "fuse"]

# Fitted on prose, code search and test suites together, with two encoders; left out in turn, each
# would have given 0.011 to 0.013: bench/results/ranking.md.
BM25_WEIGHT = 0.0118
# Chosen on the same sets and encoders: bench/results/ranking.md.
SPREAD_WEIGHT = 0.35
# Of the score, what is known beside words and meaning: between a pattern that proved itself and an
# untried one (evidence 0.75 and 0.4) it makes 0.034, about the distance of neighbouring answers.
RULE_WEIGHT = 0.12
# With preferences there are more rules to share the weight; evidence keeps its part, and a stated
# language or framework makes 0.07.
PREFERENCE_RULE_WEIGHT = 0.27

_NONE: Final[Mapping[int, float]] = {}


class Fused(NamedTuple):
    """One candidate with its score and the parts it was made of.

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
    rule_weight: float = RULE_WEIGHT,
    bm25_weight: float = BM25_WEIGHT,
) -> list[Fused]:
    """Returns the candidates, best first; ties are broken by key.

    Args:
        keys: The candidates.
        cosines: Cosine similarity -1..1, where the vector leg knows it.
        bm25: Positive BM25 scores, where a word matched.
        rules: Rule score 0..1 of every candidate.
        spreads: Spread of the query's pieces, where it is known.
    """
    best_bm25 = max(bm25.values(), default=0.0)
    fused = []
    for key in keys:
        cosine, words, rule = cosines.get(key), bm25.get(key), rules[key]
        fused.append(
            Fused(
                key,
                (cosine or 0.0)
                + bm25_weight * (words or 0.0)
                - SPREAD_WEIGHT * spreads.get(key, 0.0)
                + rule_weight * rule,
                None if cosine is None else min(1.0, max(0.0, cosine)),
                words / best_bm25 if words is not None and best_bm25 > 0 else None,
                rule,
            )
        )
    fused.sort(key=lambda one: (-one.score, one.key))
    return fused
