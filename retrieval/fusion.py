"""How the scores of the legs become one: pure functions over the candidates of a query.

The convex combination of Bruch et al. 2023 ("An Analysis of Fusion Functions for Hybrid
Retrieval", ACM TOIS): each leg's scores are brought to 0..1 and averaged with a fixed weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Fused", "fuse"]

Floats = npt.NDArray[np.float64]

# Weight of the vector leg against the text leg (see bench/results/ranking.md).
VECTOR_WEIGHT = 0.8
# Share of the rules in the score: without preferences they only break near-ties.
RULE_WEIGHT = 0.05
PREFERENCE_RULE_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Fused:
    """One candidate with its score and the parts it was made of, each 0..1."""

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
    rule_weight: float = RULE_WEIGHT,
) -> list[Fused]:
    """Returns the candidates, best first; ties are broken by key.

    Args:
        keys: The candidates.
        cosines: Cosine similarity, where the vector leg knows it.
        bm25: Positive BM25 scores, where the text leg matched.
        rules: Rule score 0..1 of every candidate.
    """
    if not keys:
        return []
    vector = _normalised(keys, cosines)
    text = _normalised(keys, bm25)
    rule = np.array([rules[key] for key in keys], dtype=np.float64)
    weight = VECTOR_WEIGHT if cosines and bm25 else float(bool(cosines))
    score = (1 - rule_weight) * (weight * vector + (1 - weight) * text) + rule_weight * rule
    order = sorted(range(len(keys)), key=lambda i: (-score[i], keys[i]))
    best_text = max(bm25.values(), default=0.0)
    return [
        Fused(
            key=keys[i],
            score=float(score[i]),
            vector_score=_clipped(cosines.get(keys[i])),
            text_score=bm25[keys[i]] / best_text if keys[i] in bm25 and best_text > 0 else None,
            rule_score=float(rule[i]),
        )
        for i in order
    ]


def _normalised(keys: Sequence[int], scores: Mapping[int, float]) -> Floats:
    """Returns the scores (n,) brought to 0..1 by the least and greatest seen; unseen is 0."""
    if not scores:
        return np.zeros(len(keys))
    low, high = min(scores.values()), max(scores.values())
    spread = high - low
    return np.array(
        [
            0.0 if key not in scores else (scores[key] - low) / spread if spread > 0 else 1.0
            for key in keys
        ]
    )


def _clipped(cosine: float | None) -> float | None:
    return None if cosine is None else min(1.0, max(0.0, cosine))
