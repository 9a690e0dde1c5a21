"""Compares two weeks: a success rate and a mean, each with a 95 % confidence interval.

The verdict is *better* or *worse* only where the interval of the difference excludes 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import fsum
from typing import Literal, NamedTuple

from .wilson import Z_95, wilson_interval

__all__ = [
    "WEEK",
    "Comparison",
    "Sample",
    "Verdict",
    "compare_means",
    "compare_rates",
    "week_bounds",
]

Verdict = Literal["better", "worse", "no clear difference", "no data"]

WEEK = timedelta(days=7)
# Fewer values say too little of their variance; so do values that are all the same.
MIN_VALUES = 5
# From here on, Student's t differs from the normal distribution by less than 0.3 %.
MAX_T_FREEDOM = 1000
_STEPS = 200  # of an integral by Simpson's rule: quantiles of Student's t are right to 5 digits


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of this week against that of last week; higher is better.

    Attributes:
        this, last: The figure of each week; None without data.
        this_count, last_count: Number of rows that each is computed from.
        difference: ``this - last``; None without data in both.
        low, high: 95 % confidence interval of the difference; None where there are too few rows.
        verdict: ``better`` if the interval is above 0, ``worse`` if it is below, ``no clear
            difference`` if it has 0 in it, ``no data`` without an interval.
    """

    this: float | None
    last: float | None
    this_count: int
    last_count: int
    difference: float | None
    low: float | None
    high: float | None
    verdict: Verdict


class Sample(NamedTuple):
    """The number of values, their sum and the sum of their squares."""

    size: int
    total: float
    squares: float

    @property
    def mean(self) -> float | None:
        """The mean; None without values."""
        return self.total / self.size if self.size else None

    @property
    def squared_error(self) -> float:
        """The square of the standard error of the mean, from the unbiased variance.

        Needs two values.
        """
        variance = (self.squares - self.total**2 / self.size) / (self.size - 1)
        # What is left of equal values is rounding.
        return variance / self.size if variance > 1e-12 * max(1.0, self.squares) else 0.0


def week_bounds(now: datetime, weeks: int) -> list[datetime]:
    """Returns ``weeks + 1`` times, oldest first, seven days apart; the last is ``now``.

    A week is seven days of 24 hours: all weeks are of the same length, also the present one. It has
    what happened after its first bound and up to its last.
    """
    return [now - WEEK * number for number in range(weeks, -1, -1)]


def compare_rates(this: tuple[int, int], last: tuple[int, int]) -> Comparison:
    """Returns the success rates of two weeks, with Newcombe's interval of their difference.

    Newcombe 1998, "Interval estimation for the difference between independent proportions", method
    10: for rates p1 - p2 with Wilson intervals (l1, u1) and (l2, u2), the bounds are

        p1 - p2 - sqrt((p1 - l1)² + (u2 - p2)²),  p1 - p2 + sqrt((u1 - p1)² + (p2 - l2)²)

    Args:
        this, last: Successes and trials of each week.

    Raises:
        ValueError: A count is negative, or there are more successes than trials.
    """
    (low1, high1), (low2, high2) = wilson_interval(*this), wilson_interval(*last)
    rates = [successes / trials if trials else None for successes, trials in (this, last)]
    if rates[0] is None or rates[1] is None:
        return Comparison(rates[0], rates[1], this[1], last[1], None, None, None, "no data")
    rate1, rate2 = rates[0], rates[1]
    difference = rate1 - rate2
    low = difference - math.hypot(rate1 - low1, high2 - rate2)
    high = difference + math.hypot(high1 - rate1, rate2 - low2)
    return Comparison(rate1, rate2, this[1], last[1], difference, low, high, _verdict(low, high))


def compare_means(this: Sample, last: Sample) -> Comparison:
    """Returns the means of two weeks, with Welch's interval of their difference.

    Welch 1947, "The generalization of Student's problem when several different population variances
    are involved": the bounds are ``difference ± t · sqrt(e1 + e2)`` with the squared standard
    errors e of both means and Student's t at (e1 + e2)² / (e1² / (n1 - 1) + e2² / (n2 - 1)) degrees
    of freedom. There is none below five values a week, nor if none of them differ.
    """
    difference = None
    if this.mean is not None and last.mean is not None:
        difference = this.mean - last.mean
    means = (this.mean, last.mean, this.size, last.size, difference)
    if difference is None or min(this.size, last.size) < MIN_VALUES:
        return Comparison(*means, None, None, "no data")
    errors = (this.squared_error, last.squared_error)
    if not sum(errors):
        return Comparison(*means, None, None, "no data")
    freedom = sum(errors) ** 2 / (
        errors[0] ** 2 / (this.size - 1) + errors[1] ** 2 / (last.size - 1)
    )
    spread = _t_95(freedom) * math.sqrt(sum(errors))
    low, high = difference - spread, difference + spread
    return Comparison(*means, low, high, _verdict(low, high))


def _verdict(low: float, high: float) -> Verdict:
    return "better" if low > 0 else "worse" if high < 0 else "no clear difference"


def _t_95(freedom: float) -> float:
    """Returns the quantile of Student's t for a two-sided 95 % interval.

    With t = sqrt(v) tan(a), the probability of (-t, t) is the integral of cos(x)^(v - 1) over
    (-a, a), divided by that over (-π/2, π/2): the angle is found where it reaches 0.95.
    """
    if freedom > MAX_T_FREEDOM:
        return Z_95
    whole = math.sqrt(math.pi) * math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom + 1) / 2))
    angle = _angle_of(0.95 * whole / 2, freedom - 1)
    return math.sqrt(freedom) * math.tan(angle)


def _angle_of(area: float, power: float) -> float:
    """Returns where the integral of cos(x)^power from 0 on reaches an area, by bisection."""
    low, high = 0.0, math.pi / 2
    for _ in range(50):
        middle = (low + high) / 2
        if _cosine_integral(middle, power) < area:
            low = middle
        else:
            high = middle
    return low


def _cosine_integral(angle: float, power: float) -> float:
    """Returns the integral of cos(x)^power from 0 to an angle, by Simpson's rule."""
    step = angle / _STEPS
    values = [math.pow(math.cos(step * number), power) for number in range(_STEPS + 1)]
    ends, odd, even = values[0] + values[-1], fsum(values[1::2]), fsum(values[2:-1:2])
    return step / 3 * (ends + 4 * odd + 2 * even)
