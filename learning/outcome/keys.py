"""State and action keys: one encoder for whoever writes and whoever reads.

A key is readable text, ``name=value`` joined by ``;``, values percent-encoded, the same on every
machine and in every process. Numbers are put into a few bins, since a table learns nothing about
a state that never comes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from urllib.parse import quote, unquote

from ...schema import AgentAction, RetryPolicy, TaskState

__all__ = ["action_key", "parse_action", "state_key", "strategy_of", "task_type_of"]

UNKNOWN = "unknown"
# Upper bounds of thirds; what is left is "high".
_LEVELS = ((1 / 3, "low"), (2 / 3, "medium"))
# A minute, ten minutes, an hour: what a unit run, a suite and a nightly job may take.
_TIME_BOUNDS_S = ((60.0, "1m"), (600.0, "10m"), (3600.0, "1h"))
# From the third attempt on, the number says nothing new.
_MAX_ATTEMPTS = 3
_FEW_WORKERS = 4
_MIN_WORKERS = {"1": 1, "few": 2, "many": _FEW_WORKERS + 1}


def state_key(state: TaskState) -> str:
    """Returns the key of a state; states in the same bins share it."""
    fields = (
        ("type", _word(state.task_type)),
        ("complexity", _level(state.complexity)),
        ("capabilities", _set(state.required_capabilities)),
        ("attempts", _attempts(state.previous_attempts)),
        ("resources", _level(state.available_resources)),
        ("time", _time(state.time_constraint_s)),
    )
    return ";".join(f"{name}={value}" for name, value in fields)


def action_key(action: AgentAction) -> str:
    """Returns the key of an action."""
    fields = (
        ("strategy", quote(action.strategy.strip(), safe=" ", errors="replace")),
        ("tools", _set(action.tools)),
        ("parallel", _workers(action.parallelism)),
        ("retry", action.retry_policy),
    )
    return ";".join(f"{name}={value}" for name, value in fields)


def parse_action(key: str) -> AgentAction:
    """Returns an action whose key this is: of a range of workers, the least.

    Raises:
        ValueError: It is no action key.
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


def strategy_of(key: str) -> str:
    """Returns the strategy of an action key."""
    return unquote(key.partition(";")[0].removeprefix("strategy="))


def task_type_of(state: TaskState) -> str:
    """Returns the name that experiences of this type of task are counted under."""
    return unquote(_word(state.task_type))


def _word(text: str) -> str:
    return quote(" ".join(text.split()).casefold(), safe=" ", errors="replace") or UNKNOWN


def _set(names: Sequence[str]) -> str:
    words = {_word(name) for name in names if name.strip()}
    return "+".join(sorted(words)) or "none"


def _level(share: float | None) -> str:
    if share is None:
        return UNKNOWN
    return next((name for bound, name in _LEVELS if share < bound), "high")


def _attempts(count: int) -> str:
    return str(count) if count < _MAX_ATTEMPTS else f"{_MAX_ATTEMPTS}+"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "none"
    return next((name for bound, name in _TIME_BOUNDS_S if seconds <= bound), "long")


def _workers(count: int) -> str:
    if count == 1:
        return "1"
    return "few" if count <= _FEW_WORKERS else "many"
