"""Tests the rank test against scipy's, which chooses between the same methods."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable

import pytest
from scipy import stats

from aqe.learning.improvement.mann_whitney import mann_whitney


def samples(rng: random.Random, kind: str) -> list[list[float]]:
    """Returns two samples: of two rewards, of a few, or of values that never repeat."""
    draws: dict[str, Callable[[], float]] = {
        "two rewards": lambda: rng.choice((-1.0, 1.2)),
        "ties": lambda: float(rng.randint(-3, 6)),
        "no ties": lambda: rng.gauss(rng.choice((0, 1)), 1),
        "infinite": lambda: rng.choice((-float("inf"), 0.0, 1.0, float("inf"))),
    }
    sizes = [rng.choice((1, 2, 5, 8, 9, 30, 200)) for _ in range(2)]
    return [[draws[kind]() for _ in range(size)] for size in sizes]


@pytest.mark.parametrize("kind", ["two rewards", "ties", "no ties", "infinite"])
@pytest.mark.parametrize("seed", range(60))
def test_mann_whitney_equals_scipy(kind: str, seed: int) -> None:
    first, second = samples(random.Random(seed), kind)
    test = mann_whitney(first, second)
    if len({*first, *second}) == 1:  # scipy answers NaN, or p = 1, by version
        assert test == (1.0, 0.5)
        return
    expected = stats.mannwhitneyu(first, second, alternative="two-sided")
    assert test.p_value == pytest.approx(min(1.0, float(expected.pvalue)), rel=1e-9, abs=1e-300)
    assert test.dominance * len(first) * len(second) == pytest.approx(float(expected.statistic))


@pytest.mark.parametrize("size", [1, 4, 8])
def test_mann_whitney_is_exact_beside_a_large_sample(size: int) -> None:
    first = [number + 0.5 for number in range(size)]
    second = [float(number) for number in range(-700, 500)]
    expected = stats.mannwhitneyu(first, second, alternative="two-sided", method="exact")
    assert mann_whitney(first, second).p_value == pytest.approx(float(expected.pvalue), rel=1e-9)


def test_mann_whitney_of_swapped_samples_is_mirrored() -> None:
    first, second = [3.0, 1.0, 4.0], [1.0, 5.0, 9.0, 2.0]
    one_way, other_way = mann_whitney(first, second), mann_whitney(second, first)
    assert one_way.p_value == other_way.p_value
    assert one_way.dominance == pytest.approx(1 - other_way.dominance)


@pytest.mark.parametrize("sample", [[], [float("nan"), 1.0]])
def test_mann_whitney_refuses_no_values_and_nan(sample: list[float]) -> None:
    with pytest.raises(ValueError, match="both samples need values and no NaN"):
        mann_whitney([1.0], sample)
    with pytest.raises(ValueError, match="both samples need values and no NaN"):
        mann_whitney(sample, [1.0])


def test_a_comparison_does_without_scipy() -> None:
    code = """
import sys
sys.modules["scipy"] = None
from aqe.learning.improvement.strategy_comparison import StrategyRewards, compare_strategies
first, second = StrategyRewards("x", [-1.0] * 30), StrategyRewards("y", [1.0] * 30)
print(compare_strategies("a", "t", first=first, second=second, alpha=0.01, at="").winner)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert (done.stdout, done.stderr) == ("y\n", "")
