"""Promise 3: many processes write at once, none is refused, nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext, TestPattern


def _pattern(id: str) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert handle('{id}')\n",
    )


def use(path: Path, times_path: Path, writer: int, count: int) -> None:
    """Counts uses of one pattern and stores some of its own; every refusal is an exception."""
    milliseconds = []
    bank = QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal")
    with bank:
        for number in range(count):
            started = time.perf_counter()
            bank.record_usage("shared", PatternUsageContext(success=True, agent_id=str(writer)))
            milliseconds.append((time.perf_counter() - started) * 1000)
            if number % 20 == 0:
                bank.store_pattern(_pattern(f"own-{writer}-{number}"))
    times_path.write_text(json.dumps(milliseconds))


@pytest.mark.parametrize(
    ("writers", "count"),
    [
        (8, 40),
        pytest.param(18, 300, marks=pytest.mark.slow),
        pytest.param(8, 1000, marks=pytest.mark.slow),
    ],
)
def test_many_writers(
    writers: int,
    count: int,
    path: Path,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(_pattern("shared"))
    files = [tmp_path / f"times-{writer}" for writer in range(writers)]
    joined([forked(use, path, files[w], w, count) for w in range(writers)])
    times = np.array([seconds for file in files for seconds in json.loads(file.read_text())])
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        shared = bank.get_pattern("shared")
        stored = bank.get_statistics().patterns
    assert shared is not None
    own = writers * len(range(0, count, 20))
    promise(
        3,
        f"{writers} processes x {count}: counter {shared.usage_count:,} of {writers * count:,},"
        f" {stored - 1} of {own} stored, 0 busy, p99 {np.quantile(times, 0.99):.0f} ms,"
        f" slowest {times.max():.0f} ms",
        part=f"{writers} writers",
    )
    assert shared.usage_count == writers * count
    assert stored == own + 1
    sound(path)


def store_once(path: Path, id: str) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal") as bank:
        assert bank.store_pattern(_pattern(id)).status == "created"


def test_twelve_processes_store_once(
    path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    promise: Callable[..., None],
) -> None:
    """Twelve agents open one new file: the first thing that failed in products of this kind."""
    joined([forked(store_once, path, f"p-{number}") for number in range(12)])
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        there = bank.get_statistics().patterns
    promise(3, f"12 processes storing once into a new file: {there} of 12", part="once")
    assert there == 12
