"""Two weeks are compared as the literature says: published values, and simulation."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from statistics import fmean

import pytest

from aqe.schema.comparison import Sample, compare_means, compare_rates, week_bounds


def sample(values: list[float]) -> Sample:
    return Sample(len(values), sum(values), sum(value * value for value in values))


@pytest.mark.parametrize(
    ("this", "last", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_rates_have_newcombes_interval(
    this: tuple[int, int], last: tuple[int, int], low: float, high: float
) -> None:
    compared = compare_rates(this, last)
    assert compared.low == pytest.approx(low, abs=5e-5)
    assert compared.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(
    ("this", "last", "verdict"),
    [
        ((56, 70), (48, 80), "better"),
        ((48, 80), (56, 70), "worse"),
        ((5, 56), (0, 29), "no clear difference"),
        ((1, 1), (0, 1), "no clear difference"),
        ((0, 0), (3, 9), "no data"),
        ((3, 9), (0, 0), "no data"),
    ],
)
def test_verdict_on_rates(this: tuple[int, int], last: tuple[int, int], verdict: str) -> None:
    compared = compare_rates(this, last)
    assert compared.verdict == verdict
    assert (compared.this_count, compared.last_count) == (this[1], last[1])


def test_rate_without_data_is_none() -> None:
    compared = compare_rates((0, 0), (3, 4))
    assert (compared.this, compared.last, compared.difference) == (None, 0.75, None)
    assert (compared.low, compared.high) == (None, None)


@pytest.mark.parametrize("this", [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(this: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="successes must be from 0 to"):
        compare_rates(this, (1, 2))


def test_means_have_welchs_interval() -> None:
    """The expected bounds are those of scipy.stats.ttest_ind(..., equal_var=False)."""
    first = [17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8]
    second = [
        *(21.5, 22.8, 21.0, 23.0, 21.6, 23.6, 22.5, 20.7, 23.4, 21.8),
        *(20.7, 21.7, 21.5, 22.5, 23.6, 21.5, 22.5, 23.5, 21.5, 21.8),
    ]
    compared = compare_means(sample(first), sample(second))
    assert compared.this == pytest.approx(fmean(first))
    assert compared.last == pytest.approx(fmean(second))
    assert compared.low == pytest.approx(-3.698421, abs=1e-6)
    assert compared.high == pytest.approx(0.648421, abs=1e-6)
    assert compared.verdict == "no clear difference"


@pytest.mark.parametrize("count", [5, 40])
def test_welchs_interval_covers_the_difference(count: int) -> None:
    """Of 300 intervals at 95 %, about that share has the true difference in it."""
    rng = random.Random(count)
    hits = 0
    for _ in range(300):
        this = sample([rng.gauss(1, 0.5) for _ in range(count)])
        last = sample([rng.gauss(0, 1) for _ in range(count // 2 + 3)])
        compared = compare_means(this, last)
        assert compared.low is not None
        assert compared.high is not None
        hits += compared.low <= 1 <= compared.high
    assert 0.92 <= hits / 300 <= 0.98


def test_many_values_have_the_normal_interval() -> None:
    compared = compare_means(Sample(5000, 0.0, 5000.0), Sample(5000, 0.0, 5000.0))
    assert compared.high == pytest.approx(1.959964 * (2 / 4999) ** 0.5)


@pytest.mark.parametrize(
    ("this", "last", "verdict"),
    [
        ([1.0, 1.1, 0.9, 1.0, 1.2], [0.1, 0.0, 0.2, 0.1, 0.1], "better"),
        ([0.1, 0.0, 0.2, 0.1, 0.1], [1.0] * 9, "worse"),
        ([1.0] * 4, [0.0, 0.1] * 9, "no data"),
        ([1.0] * 9, [0.5] * 9, "no data"),
        ([0.1] * 9, [0.1] * 9, "no data"),
        ([], [1.0, 2.0] * 9, "no data"),
    ],
)
def test_verdict_on_means(this: list[float], last: list[float], verdict: str) -> None:
    assert compare_means(sample(this), sample(last)).verdict == verdict


def test_mean_without_values_is_none() -> None:
    compared = compare_means(sample([]), sample([1.0, 2.0]))
    assert (compared.this, compared.last, compared.difference) == (None, 1.5, None)


def test_week_bounds_end_now() -> None:
    now = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
    assert week_bounds(now, 2) == [now - timedelta(days=days) for days in (14, 7, 0)]
