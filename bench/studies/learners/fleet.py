"""Measures on a simulated fleet task whether learning changes decisions, against chance.

Run: ``python -m aqe.bench.studies.learners.fleet``. It wrote ``bench/results/learning.fleet.json``.

An agent meets 1,000 tasks of four types. For each type one of six strategies is best, and the agent
does not know which. It uses the whole product: a ``BaseAgent`` with a ``LearningEngine`` on a
database. Regret is the expected reward of the best strategy less that of the chosen one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ....learning import AgentRole, LearningEngine, QLearningConfig, TaskContext, create_agent
from ....learning.config import POLICIES, PolicyName
from ....schema import Task, TaskResult

__all__ = ["FleetTask", "run"]

TASKS = 1_000
WINDOW = 100
STRATEGIES = tuple(f"strategy-{letter}" for letter in "abcdef")
TASK_TYPES = ("unit-test-generation", "regression-run", "coverage-gap", "flaky-detection")
# The aim: regret in the last 100 tasks is at most this share of that in the first 100.
GATE = 0.15


@dataclass(frozen=True)
class FleetTask:
    """Chance of success and seconds ``(types, strategies)``, unknown to the agent."""

    success: npt.NDArray[np.float64]
    seconds: npt.NDArray[np.float64]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> FleetTask:
        """Returns a task whose best strategies succeed in 90 %, the others in 20 to 60 %."""
        shape = (len(TASK_TYPES), len(STRATEGIES))
        success = rng.uniform(0.2, 0.6, shape)
        success[np.arange(len(TASK_TYPES)), rng.integers(len(STRATEGIES), size=shape[0])] = 0.9
        return cls(success, rng.uniform(2, 28, shape))

    def expected_rewards(self) -> npt.NDArray[np.float64]:
        """Returns the mean reward ``(types, strategies)``; each failure has one error."""
        speed: npt.NDArray[np.float64] = 0.5 * (1 - self.seconds / 30)
        return self.success * 1.0 + (1 - self.success) * -1.1 + speed


def regrets(
    seed: int, *, policy: PolicyName | None, path: Path, tasks: int = TASKS
) -> npt.NDArray[np.float64]:
    """Returns the regret of each task; without a policy, of random choices without learning."""
    rng = np.random.default_rng(seed)
    truth = FleetTask.drawn(rng)
    expected = truth.expected_rewards()
    types = rng.integers(len(TASK_TYPES), size=tasks)
    losses: list[float] = []

    def perform(task: Task, context: TaskContext) -> TaskResult:
        kind = TASK_TYPES.index(task.type)
        taken = STRATEGIES.index(context.action.strategy)
        if policy is None:
            taken = int(rng.integers(len(STRATEGIES)))
        losses.append(float(expected[kind].max() - expected[kind, taken]))
        success = bool(rng.random() < truth.success[kind, taken])
        return TaskResult(
            success=success,
            execution_time_ms=1000 * float(truth.seconds[kind, taken]),
            errors=() if success else ("AssertionError: simulated",),
        )

    role = AgentRole(
        name="simulated", responsibility="-", task_types=TASK_TYPES, strategies=STRATEGIES
    )
    config = QLearningConfig() if policy is None else QLearningConfig(policy=policy)
    with LearningEngine("simulated", path, config=config, rng=rng) as engine:
        agent = create_agent(
            role, perform, engine=None if policy is None else engine, learning=True
        )
        for number, kind in enumerate(types):
            agent.run(Task(id=str(number), type=TASK_TYPES[kind]))
    return np.array(losses)


def run(
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
    *,
    policies: Sequence[PolicyName] = POLICIES,
    tasks: int = TASKS,
    window: int = WINDOW,
) -> Any:
    """Returns ``{"results": [{"policy", "seed", "first", "last", "share"}]}``.

    ``first`` and ``last`` are the mean regret in the first and the last ``window`` tasks; the
    baseline's ``policy`` is ``random``.
    """
    results = []
    for policy in (*policies, None):
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                losses = regrets(seed, policy=policy, path=Path(folder, "fleet.db"), tasks=tasks)
            first, last = float(losses[:window].mean()), float(losses[-window:].mean())
            results.append(
                {
                    "policy": policy or "random",
                    "seed": seed,
                    "first": first,
                    "last": last,
                    "share": last / first,
                }
            )
    return {"results": results, "tasks": tasks, "window": window, "gate": GATE}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m aqe.bench.studies.learners.fleet", description=__doc__
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--window", type=int, default=WINDOW)
    options = parser.parse_args(arguments)
    report = run(options.seeds, tasks=options.tasks, window=options.window)
    machine = {"python": platform.python_version(), "cpus": os.cpu_count()}
    json.dump({**report, "machine": machine}, sys.stdout, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
