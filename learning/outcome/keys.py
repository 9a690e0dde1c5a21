"""Encodes states and actions as keys.

A key is readable text, ``name=value`` joined by ``;``, values percent-encoded, equal on every
machine and in every process. Numbers are binned: a table learns nothing about a state that never
recurs. A secret in a name is replaced by its placeholder, so that equal names keep equal keys.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import cast
from urllib.parse import quote, unquote

from ...schema import AgentAction, RetryPolicy, Task, TaskState
from ...schema.records.validation import without_secrets

__all__ = ["action_key", "parse_action", "redacted_key", "state_key", "strategy_of", "task_type_of"]

UNKNOWN = "unknown"
# Thirds; a share on a bound belongs above it.
_LEVEL_BOUNDS = (1 / 3, 2 / 3)
_LEVELS = ("low", "medium", "high")
# Seconds of a unit test run, a suite and a nightly job; the bounds are included.
_TIME_BOUNDS_S = (60.0, 600.0, 3600.0)
_TIMES = ("1m", "10m", "1h", "long")
# More attempts than this are one bin.
_ATTEMPTS = ("0", "1", "2", "3+")
_WORKER_BOUNDS = (1, 4)
_WORKERS = ("1", "few", "many")
_MIN_WORKERS = {"1": 1, "few": 2, "many": 5}


def state_key(state: TaskState | Task) -> str:
    """Returns the key of a state, or of a task's state; states in the same bins share it."""
    time_s = state.time_constraint_s
    return (
        f"type={_word(state.type if isinstance(state, Task) else state.task_type) or UNKNOWN}"
        f";complexity={_level(state.complexity)}"
        f";capabilities={_set(state.required_capabilities)}"
        f";attempts={_ATTEMPTS[min(state.previous_attempts, len(_ATTEMPTS) - 1)]}"
        f";resources={_level(state.available_resources)}"
        f";time={'none' if time_s is None else _TIMES[bisect_left(_TIME_BOUNDS_S, time_s)]}"
    )


def action_key(action: AgentAction) -> str:
    """Returns the key of an action."""
    return (
        f"strategy={_quoted(without_secrets(action.strategy.strip()))}"
        f";tools={_set(action.tools)}"
        f";parallel={_WORKERS[bisect_left(_WORKER_BOUNDS, action.parallelism)]}"
        f";retry={action.retry_policy}"
    )


def parse_action(key: str) -> AgentAction:
    """Returns an action with this key; for a bin of workers, that with the fewest.

    Raises:
        ValueError: It is not an action key.
    """
    fields = {name: value for name, _, value in (part.partition("=") for part in key.split(";"))}
    if fields.keys() != {"strategy", "tools", "parallel", "retry"}:
        raise ValueError(f"expected an action key, got {key!r}")
    tools = () if fields["tools"] == "none" else fields["tools"].split("+")
    return AgentAction(
        strategy=unquote(fields["strategy"]),
        tools=[unquote(tool) for tool in tools],
        parallelism=_MIN_WORKERS[fields["parallel"]],
        retry_policy=cast(RetryPolicy, fields["retry"]),  # checked by the record
    )


def redacted_key(key: str) -> str:
    """Returns the key that the same state or action has since its names are redacted.

    A name that was stored in lower case, as in a state, may no longer look like its secret.
    """
    parts = []
    for part in key.split(";"):
        name, equals, value = part.partition("=")
        words = [_redacted_word(word) for word in value.split("+")]
        parts.append(f"{name}{equals}{'+'.join(words)}")
    return ";".join(parts)


def _redacted_word(word: str) -> str:
    text = unquote(word)
    clean = without_secrets(text)
    return word if clean == text else _quoted(clean)


def strategy_of(key: str) -> str:
    """Returns the strategy in an action key."""
    return unquote(key.partition(";")[0].removeprefix("strategy="))


def task_type_of(key: str) -> str:
    """Returns the task type in a state key: the name that experiences of it are counted under."""
    return unquote(key.partition(";")[0].removeprefix("type="))


def _word(text: str) -> str:
    return _quoted(" ".join(without_secrets(text).split()).casefold())


def _quoted(text: str) -> str:
    return quote(text, safe=" ", errors="replace")


def _set(names: Sequence[str]) -> str:
    words = {_word(name) for name in names if name.strip()}
    return "+".join(sorted(words)) or "none"


def _level(share: float | None) -> str:
    return UNKNOWN if share is None else _LEVELS[bisect_right(_LEVEL_BOUNDS, share)]
