"""Defines the records of the learning engine: immutable values, checked when they are created.

A missing value is ``None`` and means "not known"; nothing is guessed in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from .patterns import TestPattern
from .record import Record
from .validation import (
    bounded_texts,
    require_count,
    require_flag,
    require_mapping,
    require_not_negative,
    require_one_of,
    require_share,
    require_text,
)

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

# Size limits, as for patterns.
MAX_NAME_CHARS = 200
MAX_ITEMS = 256
MAX_TEXT_CHARS = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TaskState(Record):
    """The properties of a task known in advance: the state of the learner.

    Attributes:
        task_type: Any text; empty means "unknown".
        complexity: 0 (trivial) to 1 (hardest).
        required_capabilities: Capabilities that the agent needs, in any order.
        previous_attempts: Number of earlier attempts at this task.
        available_resources: 0 (none) to 1 (plenty).
        time_constraint_s: Seconds allowed for the task.

    Raises:
        ValueError: A field is out of range, or too long.
        TypeError: A field is of the wrong type.
    """

    task_type: str = ""
    complexity: float | None = None
    required_capabilities: Sequence[str] = ()
    previous_attempts: int = 0
    available_resources: float | None = None
    time_constraint_s: float | None = None

    def __post_init__(self) -> None:
        require_text("task_type", self.task_type, max_chars=MAX_NAME_CHARS)
        require_share("complexity", self.complexity)
        require_share("available_resources", self.available_resources)
        require_not_negative("time_constraint_s", self.time_constraint_s)
        require_count("previous_attempts", self.previous_attempts)
        _keep(self, "required_capabilities", MAX_NAME_CHARS)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Task(Record):
    """A piece of work for an agent. Unknown types and missing fields are legal.

    Raises:
        ValueError: A field is out of range, or too long.
        TypeError: A field is of the wrong type.
    """

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
        require_text("id", self.id, max_chars=MAX_NAME_CHARS)
        require_text("description", self.description, max_chars=MAX_TEXT_CHARS)
        require_mapping("context", self.context)
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AgentAction(Record):
    """A way to do a task; agents choose between actions.

    Attributes:
        strategy: Name of the approach; must not be empty.
        tools: Tools used, in any order.
        parallelism: Workers used at once.
        retry_policy: What happens after a failed attempt.

    Raises:
        ValueError: A field is empty, out of range, or too long.
        TypeError: A field is of the wrong type.
    """

    strategy: str
    tools: Sequence[str] = ()
    parallelism: int = 1
    retry_policy: RetryPolicy = "none"

    def __post_init__(self) -> None:
        require_text("strategy", self.strategy, max_chars=MAX_NAME_CHARS)
        if not self.strategy.strip():
            raise ValueError("strategy must not be empty")
        _keep(self, "tools", MAX_NAME_CHARS)
        require_count("parallelism", self.parallelism, minimum=1)
        require_one_of("retry_policy", self.retry_policy, RETRY_POLICIES)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TaskResult(Record):
    """The outcome of a task.

    Attributes:
        success: True or False: an unknown outcome teaches nothing.
        action: The action taken; a str is the name of a strategy; None leaves it to the caller.
        quality: Quality of the result, 0..1.
        execution_time_ms: Milliseconds.
        coverage: Coverage that the result reaches, 0..1.
        errors: One text for each error, ``ExceptionType: message`` for an exception.
        patterns_used: Ids of the bank's patterns that were used.
        pattern: A pattern worth keeping that the work produced.
        next_state: The state after the task; None if nothing follows.
        terminated: The task has ended, and no reward follows. Default: whether ``next_state`` is
            None.
        truncated: The task was cut off from outside, as by a time limit; rewards could follow.

    ``terminated`` and ``truncated`` are those of Gymnasium (https://gymnasium.farama.org/api/env/).

    Raises:
        ValueError: A field is out of range, or the ending contradicts ``next_state``.
        TypeError: A field is of the wrong type.
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
        require_flag("success", self.success)
        if isinstance(self.action, str):
            object.__setattr__(self, "action", AgentAction(strategy=self.action))
        require_share("quality", self.quality)
        require_share("coverage", self.coverage)
        require_not_negative("execution_time_ms", self.execution_time_ms)
        _keep(self, "errors", MAX_TEXT_CHARS)
        _keep(self, "patterns_used", MAX_NAME_CHARS)
        require_mapping("details", self.details)
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LearningFeedback(Record):
    """Feedback on a result by somebody else.

    Attributes:
        rating: 0..1, 0.5 is neutral.
        issues: One text for each fault of the result.
        source: Who gave the feedback.

    Raises:
        ValueError: A field is out of range, or too long.
        TypeError: A field is of the wrong type.
    """

    rating: float | None = None
    issues: Sequence[str] = ()
    source: str = ""

    def __post_init__(self) -> None:
        require_share("rating", self.rating)
        _keep(self, "issues", MAX_TEXT_CHARS)
        require_text("source", self.source, max_chars=MAX_TEXT_CHARS)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Experience(Record):
    """One row of the history: the action taken in a state, and its reward.

    ``state``, ``action`` and ``next_state`` are keys as ``aqe.learning`` encodes them;
    ``next_state`` is None where nothing follows. ``explored`` and ``failure_kind`` are None where
    they are not known.
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LearningOutcome(Record):
    """The effect of one experience.

    ``learned`` is False if learning is switched off or the experience was recorded before;
    ``reason`` then says so, and nothing was written.
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


def _keep(record: object, name: str, max_chars: int) -> None:
    """Keeps a field of texts as a tuple, checked."""
    texts = bounded_texts(name, getattr(record, name), max_chars=max_chars, max_items=MAX_ITEMS)
    object.__setattr__(record, name, texts)
