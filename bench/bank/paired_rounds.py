"""Times a benchmark and its yardstick in turns (pytest-benchmark).

A machine's own speed changes within seconds, so a yardstick measured before or after says less: the
ratio of a look-up to a bare encoder call varied between 1.6 and 3.9 that way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

__all__ = ["measure_in_turns"]

Subject = TypeVar("Subject")
Result = TypeVar("Result")


def measure_in_turns(
    benchmark: BenchmarkFixture,
    label: str,
    call: Callable[[Subject], Result],
    *,
    prepare: Callable[[], Subject],
    yardstick: Callable[[Subject], object],
    compared_to: str,
    rounds: int,
    warm_up: int = 5,
) -> Result:
    """Times a call, and the yardstick before it in each round; returns the last result.

    Args:
        benchmark: The fixture of pytest-benchmark.
        label: What the call does, as the report names it.
        call: The operation to time.
        prepare: Makes the argument of a round; not timed.
        yardstick: Gets the same argument as the call.
        compared_to: What the yardstick does, as the report names it.
        rounds: Rounds that count.
        warm_up: Rounds before those that count.
    """
    yardstick_s: list[float] = []

    def before() -> tuple[tuple[Subject], dict[str, object]]:
        subject = prepare()
        started = time.perf_counter()
        yardstick(subject)
        yardstick_s.append(time.perf_counter() - started)
        return (subject,), {}

    result: Result = benchmark.pedantic(call, setup=before, rounds=rounds, warmup_rounds=warm_up)
    benchmark.extra_info |= {
        "label": label,
        "compared_to": compared_to,
        "yardstick_s": yardstick_s[-rounds:],
    }
    return result
