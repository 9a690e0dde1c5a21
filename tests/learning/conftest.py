"""Shares engines on a file, tasks and outcomes among the tests of learning."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aqe.learning import LearningEngine
from aqe.schema import Task, TaskResult, TaskState

STRATEGIES = ("alpha", "beta", "gamma")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a test's database, which does not exist yet."""
    return tmp_path / "learning.db"


@pytest.fixture
def engine(path: Path) -> Iterator[LearningEngine]:
    """An engine on an empty database file."""
    with LearningEngine("test-generator", path, rng=np.random.default_rng(1)) as opened:
        yield opened


@pytest.fixture
def ticking_clock() -> Callable[[], datetime]:
    """A clock that advances by a second with every reading."""
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ticks = itertools.count()
    return lambda: start + timedelta(seconds=next(ticks))


def outcome(number: int, seed: int = 0) -> tuple[Task, TaskResult]:
    """Returns task and result number ``number`` of an endless, repeatable, varied sequence."""
    rng = np.random.default_rng((seed, number))
    success = bool(rng.random() < 0.6)
    follows = TaskState(task_type=f"type-{rng.integers(3)}") if rng.random() < 0.5 else None
    task = Task(
        id=f"task-{number}",
        type=f"type-{rng.integers(3)}",
        complexity=float(rng.choice([0.1, 0.5, 0.9])) if rng.random() < 0.3 else None,
    )
    result = TaskResult(
        success=success,
        action=str(rng.choice(STRATEGIES)),
        execution_time_ms=float(rng.uniform(0, 40_000)),
        errors=() if success else (f"ValueError: got {rng.integers(100)}",),
        next_state=follows,
        truncated=follows is not None and bool(rng.random() < 0.2),
    )
    return task, result


def learn(engine: LearningEngine, count: int, *, start: int = 0, seed: int = 0) -> None:
    """Feeds the engine outcomes ``start`` to ``start + count`` of that sequence."""
    for number in range(start, start + count):
        engine.learn_from_execution(*outcome(number, seed))


def q_values(engine: LearningEngine) -> dict[tuple[str, str], tuple[float, int]]:
    """Returns (Q-value, visits) by (state, action), through the public export."""
    table = engine.export(experiences=False)["q_table"]
    return {(row["state"], row["action"]): (row["q_value"], row["update_count"]) for row in table}
