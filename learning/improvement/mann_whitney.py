"""Computes the two-sided Mann-Whitney U test, which asks whether one sample tends to be larger.

Mann & Whitney 1947, "On a Test of Whether one of Two Random Variables is Stochastically Larger than
the Other". The method is chosen as scipy's ``mannwhitneyu`` chooses it, so p-values are the same:

* Without ties and with at most 8 values in the smaller sample, exact: of all ways to interleave
  the two samples, the share with a U at least as extreme.
* Otherwise the normal approximation with the correction for ties and for continuity:
  z = (|U - n1 n2 / 2| - 1/2) / sqrt(n1 n2 / 12 · (n + 1 - sum(t³ - t) / (n (n - 1)))),
  where t runs over the numbers of equal values, and n = n1 + n2.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["RankTest", "mann_whitney"]

# scipy's bound.
MAX_EXACT_VALUES = 8


class RankTest(NamedTuple):
    """The outcome of the test.

    Args:
        p_value: Probability of a difference at least as large if there is none, 0..1.
        dominance: Probability that a value of the first sample is larger than one of the second,
            ties counted half: U / (n1 n2), 0..1.
    """

    p_value: float
    dominance: float


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> RankTest:
    """Returns whether the values of one sample tend to be larger, two-sided.

    Samples in which all values are equal have no difference: p = 1, dominance 0.5.

    Args:
        first: At least one value.
        second: At least one value.

    Raises:
        ValueError: A sample is empty or holds NaN.
    """
    if not first or not second or any(value != value for value in (*first, *second)):
        raise ValueError(
            f"both samples need values and no NaN, got {len(first)} and {len(second)} values"
        )
    pairs = len(first) * len(second)
    counts = Counter((*first, *second))
    u = _u_statistic(first, counts)
    smaller, larger = sorted((len(first), len(second)))
    if len(counts) == smaller + larger and smaller <= MAX_EXACT_VALUES:
        p_value = _exact_p(min(u, pairs - u), smaller, larger)
    else:
        p_value = _approximate_p(abs(u - pairs / 2), smaller, larger, counts.values())
    return RankTest(p_value=p_value, dominance=u / pairs)


def _u_statistic(first: Sequence[float], counts: Counter[float]) -> float:
    """Returns in how many pairs the value of the first sample is the larger one; ties are half."""
    ranks: dict[float, float] = {}
    below = 0
    for value in sorted(counts):
        ranks[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    return sum(ranks[value] for value in first) - len(first) * (len(first) + 1) / 2


def _exact_p(u: float, smaller: int, larger: int) -> float:
    """Returns twice the share of interleavings whose U is at most this one."""
    counts = _interleavings(int(u), smaller, larger)
    return min(1.0, 2 * sum(counts) / math.comb(smaller + larger, smaller))


def _interleavings(most: int, smaller: int, larger: int) -> list[int]:
    """Returns the number of interleavings with U = 0, 1, …, ``most``, as exact integers.

    They are the coefficients of the Gaussian binomial: the product over i = 1 .. ``smaller`` of
    (1 - x^(larger + i)) / (1 - x^i).
    """
    counts = [1] + [0] * most
    for part in range(1, smaller + 1):
        for degree in range(most, larger + part - 1, -1):
            counts[degree] -= counts[degree - larger - part]
        for degree in range(part, most + 1):
            counts[degree] += counts[degree - part]
    return counts


def _approximate_p(distance: float, smaller: int, larger: int, ties: Iterable[int]) -> float:
    """Returns p by the normal approximation; ``distance`` is that of U from its mean."""
    total = smaller + larger
    tied = sum(size**3 - size for size in ties) / (total * (total - 1))
    variance = smaller * larger / 12 * (total + 1 - tied)
    if variance <= 0:  # all values are equal
        return 1.0
    return min(1.0, math.erfc((distance - 0.5) / math.sqrt(2 * variance)))
