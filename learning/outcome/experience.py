"""Builds the experience to store from a task and its result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from ...schema import AgentAction, Experience, LearningFeedback, Task, TaskResult
from ...schema.records.validation import without_secrets
from .failure_kind import UNEXPLAINED, failure_kind
from .keys import action_key, state_key, strategy_of, task_type_of
from .reward import reward_of

__all__ = ["experience_context", "experience_of", "storable_text"]

# Enough for a reader later; log files belong elsewhere.
_MAX_BYTES = 16 * 1024
_MAX_DEPTH = 8
_MAX_ERRORS = 10
_MAX_TEXT = 2_000
# Of a longer text no more is read.
_MAX_READ = 16_000


def experience_of(
    task: Task,
    result: TaskResult,
    feedback: LearningFeedback | None,
    *,
    agent_id: str,
    experience_id: str,
    explored: bool | None,
    timestamp: datetime,
) -> Experience:
    """Returns the experience to store, its reward computed and its keys encoded.

    Raises:
        TypeError: ``task`` or ``result`` is of another type.
        ValueError: ``result`` has no action.
    """
    if not isinstance(task, Task):
        raise TypeError(f"task must be a Task, got {type(task).__name__}")
    reward = reward_of(result, feedback)
    if not isinstance(result.action, AgentAction):
        raise ValueError("result.action must say what was done, got None; give a strategy")
    state, action = state_key(task), action_key(result.action)
    failure = None
    if not result.success:
        failure = UNEXPLAINED
        if result.errors:  # redacted before its parts are generalised, and after
            failure = without_secrets(
                failure_kind(without_secrets(storable_text(result.errors[0])))
            )
    return Experience(
        experience_id=storable_text(experience_id),
        agent_id=agent_id,
        task_id=without_secrets(storable_text(task.id)),
        task_type=task_type_of(state),
        state=state,
        action=action,
        strategy=strategy_of(action),
        reward=reward,
        next_state=None if result.next_state is None else state_key(result.next_state),
        terminated=bool(result.terminated),
        truncated=result.truncated,
        success=result.success,
        timestamp=timestamp,
        explored=explored,
        failure_kind=failure,
        execution_time_ms=result.execution_time_ms,
        quality=result.quality,
        coverage=result.coverage,
        patterns_used=len(result.patterns_used),
        context=experience_context(task, result, feedback),
    )


def experience_context(
    task: Task, result: TaskResult, feedback: LearningFeedback | None
) -> dict[str, Any]:
    """Returns description, context, errors, details and feedback, cut to 16 KiB of JSON.

    Secrets in them are replaced by placeholders, which may be longer.
    Values that JSON cannot express are kept as text. Parts that are too large are left out, and
    ``left_out`` names them.
    """
    parts: dict[str, Any] = {
        "description": _excerpt(task.description),
        "errors": [_excerpt(error) for error in result.errors[:_MAX_ERRORS]],
        "task": task.context,
        "result": result.details,
    }
    if feedback is not None:
        parts["feedback"] = {
            "rating": feedback.rating,
            "issues": [_excerpt(issue) for issue in feedback.issues[:_MAX_ERRORS]],
            "source": _excerpt(feedback.source),
        }
    kept: dict[str, Any] = {}
    left_out: list[str] = []
    room = _MAX_BYTES
    for name, part in parts.items():
        value = _storable(part, _MAX_DEPTH)
        size = len(msgspec.json.encode(value))
        if size > room:
            left_out.append(name)
        elif value:
            kept[name] = value
            room -= size
    if left_out:
        kept["left_out"] = left_out
    return _without_secrets(kept)


def _excerpt(text: str) -> str:
    """Returns the beginning of a text; a secret is found before it can be cut in two."""
    return without_secrets(text[:_MAX_READ])[:_MAX_TEXT]


def _without_secrets(value: dict[str, Any]) -> dict[str, Any]:
    from ...schema.redaction.stored_text import redacted_json

    clean: dict[str, Any] = redacted_json(value)
    return clean


def storable_text(text: str) -> str:
    """Returns the text without lone surrogates and NULs, which no database stores faithfully."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _storable(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        # Larger integers, infinities and NaN are not JSON that every reader accepts.
        exact = isinstance(value, float) or -(2**63) <= value < 2**63
        return value if exact and math.isfinite(value) else str(value)
    if depth == 0:
        return storable_text(_excerpt(str(value)))
    if isinstance(value, Mapping):
        return {storable_text(str(key)): _storable(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_storable(item, depth - 1) for item in value]
    return storable_text(_excerpt(str(value)))
