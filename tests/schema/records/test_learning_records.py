"""The records of learning refuse what cannot be true."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

import aqe.schema
from aqe.schema import AgentAction, LearningFeedback, Task, TaskResult, TaskState


def test_task_state_carries_what_decisions_depend_on() -> None:
    task = Task(
        id="t",
        type="unit-test",
        complexity=0.4,
        required_capabilities=["python", "pytest"],
        previous_attempts=2,
        available_resources=0.5,
        time_constraint_s=60,
    )
    assert task.state == TaskState(
        task_type="unit-test",
        complexity=0.4,
        required_capabilities=("python", "pytest"),
        previous_attempts=2,
        available_resources=0.5,
        time_constraint_s=60,
    )


def test_task_without_anything_is_legal() -> None:
    assert Task().state == TaskState()


@pytest.mark.parametrize(
    ("record", "fields", "error"),
    [
        (TaskState, {"complexity": 1.5}, ValueError),
        (TaskState, {"complexity": math.nan}, ValueError),
        (TaskState, {"complexity": "high"}, TypeError),
        (TaskState, {"complexity": True}, TypeError),
        (TaskState, {"available_resources": -0.1}, ValueError),
        (TaskState, {"time_constraint_s": -1}, ValueError),
        (TaskState, {"time_constraint_s": math.inf}, ValueError),
        (TaskState, {"previous_attempts": -1}, ValueError),
        (TaskState, {"previous_attempts": 1.0}, TypeError),
        (TaskState, {"task_type": None}, TypeError),
        (TaskState, {"task_type": "x" * 201}, ValueError),
        (TaskState, {"required_capabilities": "python"}, TypeError),
        (TaskState, {"required_capabilities": [1]}, TypeError),
        (TaskState, {"required_capabilities": ["x"] * 257}, ValueError),
        (Task, {"description": "x" * 70_000}, ValueError),
        (Task, {"context": []}, TypeError),
        (Task, {"complexity": 2}, ValueError),
        (AgentAction, {"strategy": "  "}, ValueError),
        (AgentAction, {"strategy": 3}, TypeError),
        (AgentAction, {"strategy": "s", "parallelism": 0}, ValueError),
        (AgentAction, {"strategy": "s", "retry_policy": "always"}, ValueError),
        (TaskResult, {"success": None}, TypeError),
        (TaskResult, {"success": 1}, TypeError),
        (TaskResult, {"success": True, "action": ""}, ValueError),
        (TaskResult, {"success": True, "quality": 1.1}, ValueError),
        (TaskResult, {"success": True, "coverage": -0.1}, ValueError),
        (TaskResult, {"success": True, "execution_time_ms": math.nan}, ValueError),
        (TaskResult, {"success": True, "errors": "one"}, TypeError),
        (TaskResult, {"success": True, "details": 1}, TypeError),
        (TaskResult, {"success": True, "terminated": 1}, TypeError),
        (TaskResult, {"success": True, "truncated": "no"}, TypeError),
        (TaskResult, {"success": True, "terminated": False}, ValueError),
        (LearningFeedback, {"rating": 2}, ValueError),
        (LearningFeedback, {"issues": [None]}, TypeError),
        (LearningFeedback, {"source": 1}, TypeError),
    ],
)
def test_record_refuses(record: type, fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        record(**fields)


def test_task_result_without_success_flag_is_no_result() -> None:
    with pytest.raises(TypeError, match="success"):
        TaskResult()  # type: ignore[call-arg]


def test_task_result_strategy_name_becomes_an_action() -> None:
    result = TaskResult(success=True, action="property-based")
    assert result.action == AgentAction(strategy="property-based")
    assert result.strategy == "property-based"
    assert TaskResult(success=True).strategy is None


def test_task_result_is_terminated_exactly_when_nothing_follows() -> None:
    assert TaskResult(success=True).terminated is True
    assert TaskResult(success=True, next_state=TaskState()).terminated is False
    assert TaskResult(success=True, next_state=TaskState(), terminated=True).terminated is True


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Task().type = "other"  # type: ignore[misc]


def test_learning_records_are_public() -> None:
    from aqe.schema.records import learning

    assert set(learning.__all__) <= set(aqe.schema.__all__)
