"""One outcome as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from aqe.learning import outcome_from_mapping
from aqe.schema import AgentAction, TaskState

FULL: dict[str, Any] = {
    "agent_id": "test-generator",
    "task": {"id": "7", "type": "unit-test", "complexity": 0.5},
    "result": {
        "success": True,
        "action": {"strategy": "property-based", "tools": ["hypothesis"]},
        "next_state": {"task_type": "review"},
        "coverage": 0.9,
    },
    "feedback": {"rating": 0.8},
    "explored": False,
    "experience_id": "e1",
}


def test_outcome_takes_every_field() -> None:
    outcome = outcome_from_mapping(FULL)
    assert outcome.agent_id == "test-generator"
    assert outcome.task.type == "unit-test"
    assert outcome.result.action == AgentAction(strategy="property-based", tools=("hypothesis",))
    assert outcome.result.next_state == TaskState(task_type="review")
    assert outcome.feedback is not None
    assert outcome.feedback.rating == 0.8
    assert (outcome.explored, outcome.experience_id) == (False, "e1")


def test_outcome_needs_little() -> None:
    outcome = outcome_from_mapping({"result": {"success": False, "action": "s"}})
    assert (outcome.agent_id, outcome.feedback, outcome.explored) == (None, None, None)


@pytest.mark.parametrize(
    ("document", "error", "message"),
    [
        ([], TypeError, "the document must be a JSON object, got list"),
        ({}, ValueError, "needs 'result'"),
        ({"result": {}}, ValueError, "success"),
        ({"result": {"success": "yes"}}, TypeError, "success"),
        ({"result": {"success": True, "actoin": "s"}}, ValueError, "unknown fields actoin"),
        ({"result": {"success": True, "pattern": {}}}, ValueError, "unknown fields pattern"),
        ({"result": {"success": True, "action": {"name": "s"}}}, ValueError, "result.action"),
        ({"result": {"success": True}, "task": []}, TypeError, "task must be"),
        ({"result": {"success": True}, "extra": 1}, ValueError, "unknown fields extra"),
        ({"result": {"success": True}, "agent_id": 7}, TypeError, "agent_id"),
        ({"result": {"success": True}, "explored": 1}, TypeError, "explored"),
        ({"result": {"success": True}, "task": {"complexity": 7}}, ValueError, "complexity"),
    ],
)
def test_outcome_refuses(document: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        outcome_from_mapping(document)
