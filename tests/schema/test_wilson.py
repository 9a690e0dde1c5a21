"""Wilson's interval against published values and its own properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.schema.wilson import wilson_interval


def test_wilson_interval_equals_published_values() -> None:
    # R: prop.test(8, 10, correct=F)
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_wilson_interval_at_its_ends() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(0, 10)[0] == 0.0
    assert wilson_interval(10, 10)[1] == pytest.approx(1.0)


@given(st.integers(1, 500), st.data())
def test_wilson_interval_contains_the_rate_and_narrows_with_z(
    trials: int, data: st.DataObject
) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    inner_low, inner_high = wilson_interval(successes, trials, z=1.0)
    rate, rounding = successes / trials, 1e-12
    assert 0 <= low <= inner_low + rounding <= rate + 2 * rounding
    assert rate - 2 * rounding <= inner_high - rounding <= high <= 1


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, -1)])
def test_wilson_interval_refuses(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson_interval(successes, trials)
