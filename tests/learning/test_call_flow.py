"""Counts the files that one ``learn_from_execution`` enters and the functions that it calls.

Without the storage protocol they were 23 and 87.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

import pytest

import aqe
from aqe.learning import LearningEngine
from aqe.schema import Task, TaskResult

# Three of them guard the file (a signal, a fork, a move while it is open), four find secrets, one
# checks the types of arguments.
MAX_FILES = 22
MAX_FUNCTIONS = 87
PACKAGE = str(Path(aqe.__file__).parent)


@contextmanager
def called() -> Iterator[set[CodeType]]:
    """Yields the code of every function of ours that the block calls, once each."""
    seen: set[CodeType] = set()

    def profile(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            seen.add(frame.f_code)

    previous = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield seen
    finally:
        sys.setprofile(previous)


@pytest.mark.parametrize("success", [True, False])
def test_learning_from_an_execution_is_a_straight_flow(path: Path, success: bool) -> None:
    task = Task(
        id="1", type="unit-test", complexity=0.4, required_capabilities=("pytest",),
        description="the login form", context={"branch": "main"},
    )  # fmt: skip
    result = TaskResult(
        success=success,
        action="property-based",
        execution_time_ms=300.0,
        coverage=0.9,
        errors=() if success else ("ValueError: got 3",),
    )
    with LearningEngine("a", path) as engine:
        engine.learn_from_execution(task, result)
        with called() as functions:
            engine.learn_from_execution(task, result)
    files = {code.co_filename for code in functions}
    assert 5 < len(files) <= MAX_FILES, sorted(files)
    assert 20 < len(functions) <= MAX_FUNCTIONS, sorted(code.co_qualname for code in functions)
