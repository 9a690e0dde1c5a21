"""Scores rankings with ir_measures, and compares two systems with the paired bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...schema import AqeError

__all__ = [
    "Difference",
    "Rankings",
    "compare",
    "ndcg_at_10",
    "recall_at_100",
    "reciprocal_rank_at_10",
]

Values = npt.NDArray[np.float64]
# Ids of documents by query id, best first.
Rankings = Mapping[str, Sequence[str]]
Judgements = Mapping[str, Mapping[str, int]]

RESAMPLES = 10_000
# Rows of resampled queries held in memory at once.
RESAMPLE_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference of two systems over the same queries.

    Attributes:
        mean: Ours less theirs, in points of the measure.
        relative: ``mean`` over their mean; None if theirs is 0.
        interval: 95 % percentile interval of ``mean`` by the paired bootstrap over queries.
    """

    mean: float
    relative: float | None
    interval: tuple[float, float]


def ndcg_at_10(rankings: Rankings, judgements: Judgements) -> Values:
    """Returns nDCG@10 of each judged query, ``(queries,)`` float64, in their order."""
    return _per_query("nDCG@10", rankings, judgements)


def reciprocal_rank_at_10(rankings: Rankings, judgements: Judgements) -> Values:
    """Returns 1 / rank of the first relevant document among the first 10, or 0."""
    return _per_query("RR@10", rankings, judgements)


def recall_at_100(rankings: Rankings, judgements: Judgements) -> Values:
    """Returns the share of each query's relevant documents among the first 100."""
    return _per_query("R@100", rankings, judgements)


def compare(ours: Values, theirs: Values, *, seed: int) -> Difference:
    """Returns by how much ours is better, with the paired bootstrap interval (10,000 resamples).

    Efron and Tibshirani 1993, "An Introduction to the Bootstrap", percentile interval; paired as in
    Sakai 2006, "Evaluating Evaluation Metrics based on the Bootstrap".

    Raises:
        ValueError: The two were measured on different queries, or on none.
    """
    if ours.shape != theirs.shape or ours.size == 0:
        raise ValueError(f"expected values of the same queries, got {ours.size} and {theirs.size}")
    differences = ours - theirs
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [
            differences[rng.integers(ours.size, size=(RESAMPLE_CHUNK, ours.size))].mean(axis=1)
            for _ in range(RESAMPLES // RESAMPLE_CHUNK)
        ]
    )
    low, high = np.percentile(means, (2.5, 97.5)).tolist()
    mean, base = float(differences.mean()), float(theirs.mean())
    return Difference(mean, mean / base if base > 0 else None, (low, high))


def _per_query(measure: str, rankings: Rankings, judgements: Judgements) -> Values:
    try:
        import ir_measures
    except ModuleNotFoundError as error:
        raise AqeError("measuring quality needs ir-measures: pip install 'aqe[bench]'") from error
    # Ranks as scores, so that no tie is left for the measure to break in its own way.
    run = [
        ir_measures.ScoredDoc(query, id, float(-rank))
        for query in judgements
        for rank, id in enumerate(rankings.get(query, ()), start=1)
    ]
    qrels = [
        ir_measures.Qrel(query, id, grade)
        for query, grades in judgements.items()
        for id, grade in grades.items()
    ]
    measured = ir_measures.iter_calc([ir_measures.parse_measure(measure)], qrels, run)
    values = {metric.query_id: float(metric.value) for metric in measured}
    # A query without any answer scores 0; some of the providers leave it out.
    return np.array([values.get(query, 0.0) for query in judgements], dtype=np.float64)
