"""Records of the learning engine: immutable values, checked when they are made.

A missing value is ``None`` and means "not known"; nothing is guessed in its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from .patterns import TestPattern

__all__ = [
    "RETRY_POLICIES",
    "AgentAction",
    "Experience",
    "LearningFeedback",
    "LearningOutcome",
    "RetryPolicy",
    "Task",
    "TaskResult",
    "TaskState",
]

RetryPolicy = Literal["none", "once", "backoff"]

RETRY_POLICIES: tuple[RetryPolicy, ...] = get_args(RetryPolicy)

# The same bounds as for patterns (RELIABILITY section 5, "size limits").
MAX_NAME_CHARS = 200
MAX_ITEMS = 256
MAX_TEXT_CHARS = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """What is known about a task before it is done; the learner's state.

    Attributes:
        task_type: Any text; empty means "unknown".
        complexity: 0 trivial to 1 as hard as they come.
        required_capabilities: What the doer must be able to do, in any order.
        previous_attempts: How often this task was tried before.
        available_resources: 0 none to 1 plenty.
        time_constraint_s: Seconds allowed for the task.
    """

    task_type: str = ""
    complexity: float | None = None
    required_capabilities: Sequence[str] = ()
    previous_attempts: int = 0
    available_resources: float | None = None
    time_constraint_s: float | None = None

    def __post_init__(self) -> None:
        _require_name("task_type", self.task_type)
        _require_share("complexity", self.complexity)
        _require_share("available_resources", self.available_resources)
        _require_not_negative("time_constraint_s", self.time_constraint_s)
        _require_count("previous_attempts", self.previous_attempts)
        names = _as_names("required_capabilities", self.required_capabilities)
        object.__setattr__(self, "required_capabilities", names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work for an agent. Unknown types and missing fields are legal."""

    id: str = ""
    type: str = ""
    description: str = ""
    complexity: float | None = None
    required_capabilities: Sequence[str] = ()
    previous_attempts: int = 0
    available_resources: float | None = None
    time_constraint_s: float | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_name("id", self.id)
        _require_text("description", self.description)
        _require_mapping("context", self.context)
        object.__setattr__(self, "required_capabilities", self.state.required_capabilities)

    @property
    def state(self) -> TaskState:
        """The part of the task that decisions depend on."""
        return TaskState(
            task_type=self.type,
            complexity=self.complexity,
            required_capabilities=self.required_capabilities,
            previous_attempts=self.previous_attempts,
            available_resources=self.available_resources,
            time_constraint_s=self.time_constraint_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAction:
    """How a task is done: what an agent chooses between.

    Attributes:
        strategy: Name of the approach; must not be empty.
        tools: Tools used, in any order.
        parallelism: Workers used at once.
    """

    strategy: str
    tools: Sequence[str] = ()
    parallelism: int = 1
    retry_policy: RetryPolicy = "none"

    def __post_init__(self) -> None:
        _require_name("strategy", self.strategy)
        if not self.strategy.strip():
            raise ValueError("strategy must not be empty")
        object.__setattr__(self, "tools", _as_names("tools", self.tools))
        _require_count("parallelism", self.parallelism, least=1)
        if self.retry_policy not in RETRY_POLICIES:
            raise ValueError(
                f"retry_policy must be one of {', '.join(RETRY_POLICIES)}, "
                f"got {self.retry_policy!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """How a task went.

    Attributes:
        success: Must be given as True or False: an unknown outcome teaches nothing.
        action: What was done; a text is the name of a strategy; None leaves it to the caller.
        quality: 0..1, of what was produced.
        coverage: 0..1, reached by what was produced.
        errors: One text an error, ``ExceptionType: message`` where there was an exception.
        patterns_used: Ids of the bank's patterns that the work made use of.
        pattern: A pattern that the work brought forth and that is worth keeping.
        next_state: What follows the task; None when it ends here.
        terminated: The task ended here, nothing of value follows; by default exactly when there
            is no ``next_state``.
        truncated: It was cut off from outside (a time limit): what follows still has value.
    """

    success: bool
    action: AgentAction | str | None = None
    quality: float | None = None
    execution_time_ms: float | None = None
    coverage: float | None = None
    errors: Sequence[str] = ()
    patterns_used: Sequence[str] = ()
    pattern: TestPattern | None = None
    next_state: TaskState | None = None
    terminated: bool | None = None
    truncated: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.success, bool):
            raise TypeError(f"success must be True or False, got {self.success!r}")
        if isinstance(self.action, str):
            object.__setattr__(self, "action", AgentAction(strategy=self.action))
        _require_share("quality", self.quality)
        _require_share("coverage", self.coverage)
        _require_not_negative("execution_time_ms", self.execution_time_ms)
        object.__setattr__(self, "errors", _as_texts("errors", self.errors))
        object.__setattr__(self, "patterns_used", _as_names("patterns_used", self.patterns_used))
        _require_mapping("details", self.details)
        self._require_ending()

    @property
    def strategy(self) -> str | None:
        """Name of the strategy that was followed; None when the result does not say."""
        return self.action.strategy if isinstance(self.action, AgentAction) else self.action

    def _require_ending(self) -> None:
        if self.terminated is None:
            object.__setattr__(self, "terminated", self.next_state is None)
        if not isinstance(self.terminated, bool) or not isinstance(self.truncated, bool):
            raise TypeError(
                f"terminated and truncated must be True or False, "
                f"got {self.terminated!r} and {self.truncated!r}"
            )
        if not self.terminated and self.next_state is None:
            raise ValueError("a task that is not terminated needs the next_state that follows it")


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningFeedback:
    """What somebody else thought of a result.

    Attributes:
        rating: 0..1, 0.5 is neutral.
        issues: One text for each thing that was wrong with it.
    """

    rating: float | None = None
    issues: Sequence[str] = ()
    source: str = ""

    def __post_init__(self) -> None:
        _require_share("rating", self.rating)
        object.__setattr__(self, "issues", _as_texts("issues", self.issues))
        _require_text("source", self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """One row of the history: what was done in a state, and what it brought.

    ``state``, ``action`` and ``next_state`` are keys of the encoder; ``next_state`` is None where
    nothing follows. ``explored`` and ``failure_kind`` are None where they are not known.
    """

    experience_id: str
    agent_id: str
    task_id: str
    task_type: str
    state: str
    action: str
    strategy: str
    reward: float
    next_state: str | None
    terminated: bool
    truncated: bool
    success: bool
    timestamp: datetime
    explored: bool | None = None
    failure_kind: str | None = None
    execution_time_ms: float | None = None
    quality: float | None = None
    coverage: float | None = None
    patterns_used: int = 0
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningOutcome:
    """What one experience changed. ``learned`` is False when learning is switched off or the
    experience was known already; ``reason`` then says so, and nothing was written.
    """

    learned: bool
    reward: float
    reason: str = ""
    experience_id: str | None = None
    state: str = ""
    action: str = ""
    previous_q_value: float | None = None
    q_value: float | None = None
    visits: int = 0
    epsilon: float | None = None
    total_experiences: int = 0
    failure_kind: str | None = None


def _require_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {type(value).__name__}")
    if len(value) > MAX_TEXT_CHARS:
        raise ValueError(f"{name} must have at most {MAX_TEXT_CHARS} characters, got {len(value)}")


def _require_name(name: str, value: object) -> None:
    _require_text(name, value)
    if len(str(value)) > MAX_NAME_CHARS:
        raise ValueError(
            f"{name} must have at most {MAX_NAME_CHARS} characters, got {len(str(value))}"
        )


def _as_texts(name: str, values: object) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must be a list of texts, got {type(values).__name__}")
    if len(values) > MAX_ITEMS:
        raise ValueError(f"{name} must have at most {MAX_ITEMS} entries, got {len(values)}")
    for value in values:
        _require_text(f"each of {name}", value)
    return tuple(values)


def _as_names(name: str, values: object) -> tuple[str, ...]:
    names = _as_texts(name, values)
    for value in names:
        _require_name(f"each of {name}", value)
    return names


def _require_number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    return float(value)


def _require_share(name: str, value: object) -> None:
    if value is not None and not 0 <= _require_number(name, value) <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}")


def _require_not_negative(name: str, value: object) -> None:
    if value is not None and _require_number(name, value) < 0:
        raise ValueError(f"{name} must be >= 0, got {value}")


def _require_count(name: str, value: object, *, least: int = 0) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be >= {least}, got {value}")


def _require_mapping(name: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping, got {type(value).__name__}")
