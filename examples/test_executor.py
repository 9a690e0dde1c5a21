"""Runs a test suite, and learns which way of running it pays off.

    python examples/test_executor.py tests/schema
    python examples/test_executor.py tests/schema      # remembers the first run

It really runs pytest. Strategies: all in order; last failures first (--ff); stop at the first
failure (-x); newest files first (--nf). No network, no language model.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pytest_runs import run_pytest

from aqe.learning import BaseAgent, LearningEngine, TaskContext
from aqe.schema import Task, TaskResult, locate_database

__test__ = False

FLAGS = {
    "all-in-order": (),
    "failed-first": ("--ff",),
    "fail-fast": ("-x",),
    "newest-first": ("--nf",),
}
# A suite with this many files has complexity 1.
MANY_FILES = 200


class SuiteRunner(BaseAgent):
    """Runs the tests of a folder with the chosen strategy."""

    __test__ = False

    def perform_task(self, task: Task, context: TaskContext) -> TaskResult:
        flags = FLAGS[context.action.strategy]
        run = run_pytest([task.context["folder"], *flags])
        errors = list(run.failures.values())
        if run.exit_code not in (0, 1):
            errors = [f"pytest ended with exit code {run.exit_code}: {run.message}"]
        print(f"ran     {len(run.outcomes)} tests, {len(run.failures)} failed, {run.seconds:.1f} s")
        return TaskResult(
            success=run.exit_code == 0,
            execution_time_ms=1000 * run.seconds,
            errors=tuple(errors[:20]),
            details={"tests": len(run.outcomes), "failed": len(run.failures)},
        )

    def on_pre_task(self, task: Task) -> TaskContext:
        context = super().on_pre_task(task)
        if context.recommendation is not None:
            print(f"memory  {context.recommendation.reasoning}")
        how = " (at random, to explore)" if context.explored else ""
        print(f"chose   {context.action.strategy}{how}")
        return context


def main() -> int:
    """Runs the agent once on a folder of tests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder or file with pytest tests")
    parser.add_argument("--db", help="database file (default: AQE_DB, then .aqe/aqe.db)")
    options = parser.parse_args()
    if not options.folder.exists():
        parser.error(f"{options.folder} does not exist")
    files = 1 if options.folder.is_file() else len(list(options.folder.rglob("test_*.py")))
    task = Task(
        id=str(options.folder),
        type="test-run",
        description=f"run the tests of {options.folder}",
        complexity=min(1.0, files / MANY_FILES),
        required_capabilities=("pytest",),
        context={"folder": str(options.folder)},
    )
    path = locate_database(options.db, environment=os.environ, folder=Path.cwd()).path
    with LearningEngine("test-executor", path) as engine:
        runs = engine.get_total_experiences()
        print(f"agent   test-executor, {runs} runs remembered in {path}")
        agent = SuiteRunner("test-executor", engine=engine)
        result = agent.run(task)
        state = "passed" if result.success else "did not pass"
        q_value = engine.get_q_value(task, result.action) if result.action else None
        if q_value is not None:
            print(f"learned the suite {state}; {result.strategy} is now worth {q_value:+.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
