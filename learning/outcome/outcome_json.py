"""Reads one outcome from JSON, as ``aqe learn record`` accepts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from ...schema import AgentAction, LearningFeedback, Task, TaskResult, TaskState

__all__ = ["Outcome", "outcome_from_mapping"]

_TOP = frozenset({"agent_id", "task", "result", "feedback", "explored", "experience_id"})
# A pattern must go through the bank's own import, which checks it.
_NOT_FROM_JSON = frozenset({"pattern"})


class Outcome(NamedTuple):
    """The arguments of ``learn_from_execution``, and the agent that learns."""

    agent_id: str | None
    task: Task
    result: TaskResult
    feedback: LearningFeedback | None
    explored: bool | None
    experience_id: str | None


def outcome_from_mapping(document: object) -> Outcome:
    """Returns the outcome that a JSON document describes.

    ``{"agent_id": …, "task": {…}, "result": {"success": true, "action": …}, "feedback": {…}}``;
    the fields are those of ``Task``, ``TaskResult`` and ``LearningFeedback``. ``action`` is the
    name of a strategy or the fields of ``AgentAction``; ``next_state`` those of ``TaskState``.

    Raises:
        ValueError: A field is missing, unknown or out of its range.
        TypeError: A field is of the wrong type.
    """
    top = _object("the document", document, _TOP)
    result = dict(_object("result", _required(top, "result"), _names(TaskResult) - _NOT_FROM_JSON))
    if "success" not in result:
        raise ValueError("result needs success, true or false: an unknown outcome teaches nothing")
    if isinstance(result.get("action"), Mapping):
        result["action"] = AgentAction(
            **_object("result.action", result["action"], _names(AgentAction))
        )
    if result.get("next_state") is not None:
        result["next_state"] = TaskState(
            **_object("result.next_state", result["next_state"], _names(TaskState))
        )
    feedback = top.get("feedback")
    return Outcome(
        agent_id=_text("agent_id", top.get("agent_id")),
        task=Task(**_object("task", top.get("task", {}), _names(Task))),
        result=TaskResult(**result),
        feedback=None
        if feedback is None
        else LearningFeedback(**_object("feedback", feedback, _names(LearningFeedback))),
        explored=_flag("explored", top.get("explored")),
        experience_id=_text("experience_id", top.get("experience_id")),
    )


def _required(document: Mapping[str, Any], name: str) -> Any:
    if name not in document:
        raise ValueError(f"the document needs {name!r}; it has {', '.join(document) or 'nothing'}")
    return document[name]


def _object(name: str, value: object, allowed: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a JSON object, got {type(value).__name__}")
    unknown = [str(key) for key in value if key not in allowed]
    if unknown:
        raise ValueError(
            f"{name} has unknown fields {', '.join(unknown)}; expected {', '.join(sorted(allowed))}"
        )
    return value


def _names(record: type) -> frozenset[str]:
    return frozenset(field.name for field in fields(record))


def _text(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {type(value).__name__}")
    return value


def _flag(name: str, value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} must be true or false, got {value!r}")
    return value
