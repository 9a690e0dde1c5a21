"""Hunts flaky tests, and learns which way of repeating tests exposes them.

    python examples/flaky_test_hunter.py tests/schema --runs 3
    python examples/flaky_test_hunter.py tests/schema --runs 3      # remembers the first hunt

It runs the same tests several times on the same code: in order, shuffled, or each file in a process
of its own. A test that both passes and fails is flaky. A hunt succeeds when pytest completes every
run; finding a flaky test rates 1, finding none is neutral.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from pathlib import Path

from pytest_runs import VERDICTS, TestRun, run_pytest

from aqe.learning import BaseAgent, LearningEngine, TaskContext
from aqe.schema import LearningFeedback, LearningOutcome, Task, TaskResult, locate_database

__test__ = False


class FlakyTestHunter(BaseAgent):
    """Repeats tests with the chosen strategy, and compares the outcomes."""

    def perform_task(self, task: Task, context: TaskContext) -> TaskResult:
        folder, runs = Path(task.context["folder"]), int(task.context["runs"])
        strategy = context.action.strategy
        outcomes: dict[str, set[bool]] = {}
        stopped: list[str] = []
        for number in range(runs):
            for run in _one_round(folder, strategy, seed=int(task.context["seed"]) + number):
                if run.exit_code not in VERDICTS:
                    stopped.append(f"pytest ended with exit code {run.exit_code}: {run.message}")
                for name, error in run.outcomes.items():
                    outcomes.setdefault(name, set()).add(error is None)
        flaky = sorted(name for name, seen in outcomes.items() if len(seen) == 2)
        print(f"ran     {len(outcomes)} tests {runs} times, {strategy}: {len(flaky)} flaky")
        for name in flaky:
            print(f"flaky   {name}")
        return TaskResult(
            success=not stopped,
            errors=tuple(stopped[:10]),
            execution_time_ms=1000 * context.seconds(),
            details={"flaky": flaky, "tests": len(outcomes), "runs": runs},
        )

    def on_pre_task(self, task: Task) -> TaskContext:
        context = super().on_pre_task(task)
        if context.recommendation is not None:
            print(f"memory  {context.recommendation.reasoning}")
        how = " (at random, to explore)" if context.explored else ""
        print(f"chose   {context.action.strategy}{how}")
        return context

    def on_post_task(
        self, task: Task, result: TaskResult, context: TaskContext
    ) -> LearningOutcome | None:
        engine = self.services.engine
        if engine is None:
            return None
        rating = LearningFeedback(rating=1.0 if result.details["flaky"] else 0.5, source="runs")
        outcome = engine.learn_from_execution(task, result, rating, explored=context.explored)
        if outcome.learned:
            print(
                f"learned reward {outcome.reward:+.2f}; {result.strategy} is now worth "
                f"{outcome.q_value:+.3f}"
            )
        return outcome


def _one_round(folder: Path, strategy: str, *, seed: int) -> list[TestRun]:
    files = [folder] if folder.is_file() else sorted(folder.rglob("test_*.py"))
    names = [str(file) for file in files]
    if strategy == "rerun-isolated":
        return [run_pytest([name]) for name in names]
    if strategy == "rerun-shuffled":
        random.Random(seed).shuffle(names)
        return [run_pytest(names)]
    return [run_pytest([str(folder)])]


def main() -> int:
    """Runs the agent once on a folder of tests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder or file with pytest tests")
    parser.add_argument("--runs", type=int, default=3, help="number of runs (default: 3)")
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the shuffled orders (default: 1)"
    )
    parser.add_argument("--db", help="database file (default: AQE_DB, then .aqe/aqe.db)")
    options = parser.parse_args()
    if not options.folder.exists():
        parser.error(f"{options.folder} does not exist")
    if options.runs < 2:
        parser.error(f"--runs must be at least 2, got {options.runs}")
    task = Task(
        id=str(options.folder),
        type="flaky-detection",
        description=f"find flaky tests in {options.folder}",
        required_capabilities=("pytest",),
        context={"folder": str(options.folder), "runs": options.runs, "seed": options.seed},
    )
    path = locate_database(options.db, environment=os.environ, folder=Path.cwd()).path
    with LearningEngine("flaky-test-hunter", path) as engine:
        hunts = engine.get_total_experiences()
        print(f"agent   flaky-test-hunter, {hunts} hunts remembered in {path}")
        FlakyTestHunter("flaky-test-hunter", engine=engine).run(task)
    return 0


if __name__ == "__main__":
    sys.exit(main())
