"""Keys, rewards and failure kinds: equal inputs get equal names."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.learning.outcome.failure_kind import UNEXPLAINED, failure_kind
from aqe.learning.outcome.keys import action_key, parse_action, state_key, strategy_of, task_type_of
from aqe.learning.outcome.reward import reward_of
from aqe.schema import RETRY_POLICIES, AgentAction, LearningFeedback, Task, TaskResult, TaskState

NAMES = st.text(max_size=40)


def test_state_key_is_fixed_text() -> None:
    state = TaskState(
        task_type="Unit-Test",
        complexity=0.5,
        required_capabilities=("pytest", "Python", "pytest"),
        previous_attempts=1,
        available_resources=0.9,
        time_constraint_s=600,
    )
    assert state_key(state) == (
        "type=unit-test;complexity=medium;capabilities=pytest+python;attempts=1;"
        "resources=high;time=10m"
    )
    assert state_key(Task(type="t", complexity=0.5)) == state_key(
        TaskState(task_type="t", complexity=0.5)
    )
    assert state_key(TaskState()) == (
        "type=unknown;complexity=unknown;capabilities=none;attempts=0;resources=unknown;time=none"
    )


@pytest.mark.parametrize(
    ("fields", "other"),
    [
        ({"required_capabilities": ("a", "b")}, {"required_capabilities": ("b", "a")}),
        ({"task_type": " unit  test "}, {"task_type": "Unit test"}),
        ({"previous_attempts": 3}, {"previous_attempts": 12}),
        ({"complexity": 0.0}, {"complexity": 0.33}),
        ({"time_constraint_s": 3601}, {"time_constraint_s": 10**6}),
    ],
)
def test_state_key_is_shared_by_states_alike(fields: dict[str, Any], other: dict[str, Any]) -> None:
    assert state_key(TaskState(**fields)) == state_key(TaskState(**other))


@pytest.mark.parametrize(
    ("fields", "other"),
    [
        ({"task_type": "a;complexity=low"}, {"task_type": "a", "complexity": 0.1}),
        ({"required_capabilities": ("a+b",)}, {"required_capabilities": ("a", "b")}),
        ({"complexity": None}, {"complexity": 0.1}),
        ({"time_constraint_s": None}, {"time_constraint_s": 10}),
        ({"complexity": 0.3}, {"complexity": 0.4}),
        ({"previous_attempts": 2}, {"previous_attempts": 3}),
    ],
)
def test_state_key_tells_states_apart(fields: dict[str, Any], other: dict[str, Any]) -> None:
    assert state_key(TaskState(**fields)) != state_key(TaskState(**other))


@given(
    NAMES.filter(str.strip),
    st.lists(NAMES, max_size=5),
    st.integers(1, 100),
    st.sampled_from(RETRY_POLICIES),
)
def test_action_key_can_be_read_back(
    strategy: str, tools: list[str], parallelism: int, retry: Any
) -> None:
    action = AgentAction(
        strategy=strategy, tools=tools, parallelism=parallelism, retry_policy=retry
    )
    key = action_key(action)
    parsed = parse_action(key)
    assert action_key(parsed) == key
    assert strategy_of(key) == parsed.strategy
    assert action_key(AgentAction(strategy=strategy_of(key))).split(";")[0] == key.split(";")[0]


@given(NAMES)
def test_keys_can_always_be_stored(text: str) -> None:
    key = state_key(TaskState(task_type=text, required_capabilities=(text,)))
    key.encode("ascii")
    assert "\0" not in key
    task_type_of(key).encode("utf-8")


def test_parse_action_refuses_a_state_key() -> None:
    with pytest.raises(ValueError, match="action key"):
        parse_action(state_key(TaskState()))


@pytest.mark.parametrize(
    ("result", "feedback", "reward"),
    [
        ({"success": True}, None, 1.0),
        ({"success": False}, None, -1.0),
        ({"success": True, "execution_time_ms": 0}, None, 1.5),
        ({"success": True, "execution_time_ms": 15_000}, None, 1.25),
        ({"success": True, "execution_time_ms": 60_000}, None, 1.0),
        ({"success": False, "errors": ("a", "b", "c")}, None, -1.3),
        ({"success": True, "coverage": 0.9}, None, 1.2),
        ({"success": True, "coverage": 0.3}, None, 0.0),
        ({"success": True}, {"rating": 0.75}, 1.5),
        ({"success": True}, {"issues": ("x", "y")}, 0.6),
        ({"success": True}, {}, 1.0),
        (
            {"success": True, "execution_time_ms": 0, "coverage": 1.0},
            {"rating": 1.0},
            2.0,  # 1 + 0.5 + 0.4 + 1 = 2.9, clamped
        ),
        ({"success": False, "errors": ("e",) * 50}, {"rating": 0.0}, -2.0),
    ],
)
def test_reward_equals_the_hand_computed_sum(
    result: dict[str, Any], feedback: dict[str, Any] | None, reward: float
) -> None:
    given_feedback = None if feedback is None else LearningFeedback(**feedback)
    assert reward_of(TaskResult(**result), given_feedback) == pytest.approx(reward, abs=1e-12)


@given(
    st.booleans(),
    st.none() | st.floats(0, 1e9),
    st.integers(0, 100),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
)
def test_reward_stays_within_its_bounds(
    success: bool,
    time_ms: float | None,
    errors: int,
    coverage: float | None,
    rating: float | None,
) -> None:
    result = TaskResult(
        success=success, execution_time_ms=time_ms, errors=("e",) * errors, coverage=coverage
    )
    reward = reward_of(result, LearningFeedback(rating=rating))
    assert -2 <= reward <= 2
    assert math.isfinite(reward)


def test_reward_of_something_else_than_a_result_is_an_error() -> None:
    with pytest.raises(TypeError, match="TaskResult"):
        reward_of({"success": True})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("got 17 of 20"), "ValueError: got N of N"),
        ("ValueError: got 3 of 4", "ValueError: got N of N"),
        (KeyError("name"), "KeyError: '…'"),
        ("requests.exceptions.ConnectTimeout: host 'a'", "ConnectTimeout: host '…'"),
        (FileNotFoundError("no /tmp/a/b.txt here"), "FileNotFoundError: no <path> here"),
        ("object at 0x7f00aa", "object at <address>"),
        ("AssertionError", "AssertionError"),
        ("assert 1 == 2\nlong explanation", "assert N == N"),
        (TimeoutError(), "TimeoutError"),
        ("", UNEXPLAINED),
        ("  \n ", UNEXPLAINED),
        ("task 123e4567-e89b-12d3-a456-426614174000 lost", "task <id> lost"),
    ],
)
def test_failure_kind(error: BaseException | str, kind: str) -> None:
    assert failure_kind(error) == kind


@pytest.mark.parametrize("text", ["a" * 60_000, "a." * 30_000, "/" * 60_000, "'" * 60_000])
def test_failure_kind_of_a_long_text_takes_no_time(text: str) -> None:
    started = time.perf_counter()
    failure_kind(text)
    assert time.perf_counter() - started < 1


@given(st.text(max_size=500))
def test_failure_kind_is_short_and_stable(text: str) -> None:
    kind = failure_kind(text)
    assert 0 < len(kind) <= 120
    assert kind == failure_kind(text)
