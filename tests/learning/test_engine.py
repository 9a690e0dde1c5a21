"""The engine: what is learned, asked and switched, on a real database."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqe.learning import LearningEngine, QLearningConfig
from aqe.schema import (
    AgentAction,
    ClosedError,
    Database,
    DatabaseOpenError,
    LearningFeedback,
    Task,
    TaskResult,
    TaskState,
)

from .conftest import STRATEGIES, learn, outcome, q_values

TASK = Task(id="1", type="unit-test", description="the login form")


def test_learn_moves_the_q_value_by_the_learning_rate(engine: LearningEngine) -> None:
    result = TaskResult(success=True, action="alpha", execution_time_ms=15_000)
    first = engine.learn_from_execution(TASK, result)
    assert first.learned
    assert first.reward == pytest.approx(1.25)
    assert first.previous_q_value == 0.0
    assert first.q_value == pytest.approx(0.125)
    second = engine.learn_from_execution(TASK, result)
    assert second.q_value == pytest.approx(0.125 + 0.1 * (1.25 - 0.125))
    assert (second.visits, second.total_experiences) == (2, 2)
    assert engine.get_q_value(TASK, "alpha") == second.q_value
    assert engine.get_q_value(TASK, "beta") is None
    assert engine.get_q_value(Task(type="never seen"), "alpha") is None


def test_learn_bootstraps_from_what_follows_unless_terminated(engine: LearningEngine) -> None:
    after = TaskState(task_type="review")
    engine.learn_from_execution(Task(type="review"), TaskResult(success=True, action="alpha"))
    learned = engine.learn_from_execution(
        TASK, TaskResult(success=True, action="beta", next_state=after)
    )
    assert learned.q_value == pytest.approx(0.1 * (1 + 0.95 * 0.1))
    truncated = engine.learn_from_execution(
        Task(type="b"), TaskResult(success=True, action="beta", next_state=after, truncated=True)
    )
    assert truncated.q_value == pytest.approx(0.1 * (1 + 0.95 * 0.1))
    ended = engine.learn_from_execution(
        Task(type="c"), TaskResult(success=True, action="beta", next_state=after, terminated=True)
    )
    assert ended.q_value == pytest.approx(0.1)


def test_learn_counts_feedback_in_the_reward(engine: LearningEngine) -> None:
    feedback = LearningFeedback(rating=1.0, issues=("slow",), source="reviewer")
    learned = engine.learn_from_execution(TASK, TaskResult(success=True, action="a"), feedback)
    assert learned.reward == pytest.approx(1 + 1 - 0.2)
    (experience,) = engine.export()["experiences"]
    assert experience.context["feedback"]["issues"] == ["slow"]


def test_learn_refuses_what_teaches_nothing(engine: LearningEngine) -> None:
    with pytest.raises(ValueError, match="action"):
        engine.learn_from_execution(TASK, TaskResult(success=True))
    with pytest.raises(TypeError, match="TaskResult"):
        engine.learn_from_execution(TASK, {"success": True})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Task"):
        engine.learn_from_execution("task", TaskResult(success=True))  # type: ignore[arg-type]
    assert engine.get_total_experiences() == 0


def test_learn_twice_with_one_experience_id_learns_once(engine: LearningEngine) -> None:
    result = TaskResult(success=True, action="alpha")
    assert engine.learn_from_execution(TASK, result, experience_id="once").learned
    again = engine.learn_from_execution(TASK, result, experience_id="once")
    assert not again.learned
    assert "recorded before" in again.reason
    assert engine.get_total_experiences() == 1


def test_epsilon_decays_with_experience_and_survives_a_restart(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        assert engine.get_exploration_rate() == 0.3
        learn(engine, 13)
        decayed = engine.get_exploration_rate()
        assert decayed == pytest.approx(0.3 * 0.995**13)
    with LearningEngine("a", path) as engine:
        assert engine.get_exploration_rate() == decayed
        learn(engine, 700)
        assert engine.get_exploration_rate() == 0.01


def test_select_action_uses_what_learning_wrote(path: Path) -> None:
    """The predecessor's defect: values written under one key and read under another."""
    config = QLearningConfig(epsilon=0.0, epsilon_min=0.0)
    with LearningEngine("a", path, config=config) as engine:
        for _ in range(3):
            engine.learn_from_execution(TASK, TaskResult(success=False, action="alpha"))
            engine.learn_from_execution(TASK, TaskResult(success=True, action="gamma"))
    with LearningEngine("a", path, config=config) as engine:  # as in a new process
        for _ in range(20):
            assert engine.select_action(TASK, STRATEGIES).strategy == "gamma"
        assert engine.select_action(TASK.state, ["alpha", "beta"]).strategy == "beta"
        choice = engine.choose_action(TASK, STRATEGIES)
        assert (choice.visits, choice.state_visits, choice.explored) == (3, 6, False)


def test_select_action_refuses_nothing_to_choose_from(engine: LearningEngine) -> None:
    with pytest.raises(ValueError, match="empty"):
        engine.select_action(TASK, [])
    with pytest.raises(TypeError, match="list"):
        engine.select_action(TASK, "alpha")
    with pytest.raises(TypeError, match="TaskState"):
        engine.select_action("unit-test", STRATEGIES)  # type: ignore[arg-type]


def test_select_action_tells_actions_apart_by_more_than_their_strategy(
    engine: LearningEngine,
) -> None:
    slow, fast = AgentAction(strategy="s"), AgentAction(strategy="s", parallelism=4)
    for _ in range(5):
        engine.learn_from_execution(TASK, TaskResult(success=False, action=slow))
        engine.learn_from_execution(TASK, TaskResult(success=True, action=fast))
    assert engine.recommend_strategy(TASK, [slow, fast]).action == fast


def test_two_engines_see_each_others_experience(path: Path) -> None:
    with LearningEngine("a", path) as first, LearningEngine("a", path) as other:
        first.learn_from_execution(TASK, TaskResult(success=True, action="alpha"))
        assert other.recommend_strategy(TASK).strategy == "alpha"
        other.learn_from_execution(TASK, TaskResult(success=True, action="alpha"))
        learned = first.learn_from_execution(TASK, TaskResult(success=True, action="alpha"))
        assert learned.visits == 3
        assert q_values(first) == q_values(other)


def test_agents_learn_apart(path: Path) -> None:
    with LearningEngine("a", path) as first, LearningEngine("b", path) as other:
        learn(first, 12)
        assert other.get_total_experiences() == 0
        assert other.recommend_strategy(TASK).strategy is None
        learn(other, 3)
        assert (first.get_total_experiences(), other.get_total_experiences()) == (12, 3)


def test_disabled_learning_writes_nothing_and_survives_a_restart(path: Path) -> None:
    with LearningEngine("a", path) as engine, LearningEngine("a", path) as other:
        learn(engine, 2)
        other.set_enabled(False)
        assert not engine.is_enabled()
        skipped = engine.learn_from_execution(*outcome(3))
        assert not skipped.learned
        assert "switched off" in skipped.reason
        assert engine.get_total_experiences() == 2
    with LearningEngine("a", path) as engine:
        assert not engine.is_enabled()
        engine.set_enabled(True)
        assert engine.learn_from_execution(*outcome(4)).learned
        with pytest.raises(TypeError, match="True or False"):
            engine.set_enabled(1)  # type: ignore[arg-type]


def test_reset_forgets_everything_and_other_processes_notice(path: Path) -> None:
    with LearningEngine("a", path) as engine, LearningEngine("a", path) as other:
        learn(engine, 25)
        learn(other, 5, start=25)
        with pytest.raises(ValueError, match="confirm"):
            engine.reset()
        assert engine.reset(confirm=True) == 30
        assert other.get_total_experiences() == 0
        assert other.get_q_learning_stats().q_values == 0
        assert other.get_patterns() == []
        assert other.get_failure_patterns() == []
        assert other.get_analytics("all").total_experiences == 0
        assert engine.export()["experiences"] == []
        assert other.learn_from_execution(*outcome(1)).total_experiences == 1
        assert engine.get_total_experiences() == 1
        assert engine.get_exploration_rate() == pytest.approx(0.3 * 0.995)


def test_reset_of_an_agent_that_never_learned_is_nothing(engine: LearningEngine) -> None:
    assert engine.reset(confirm=True) == 0


def test_patterns_are_what_counting_the_history_gives(engine: LearningEngine) -> None:
    learn(engine, 120)
    experiences = engine.export()["experiences"]
    for pattern in engine.get_patterns():
        rows = [
            e for e in experiences
            if (e.task_type, e.strategy) == (pattern.task_type, pattern.strategy)
        ]  # fmt: skip
        assert pattern.usage_count == len(rows)
        assert pattern.success_count == sum(e.success for e in rows)
        assert pattern.average_reward == pytest.approx(np.mean([e.reward for e in rows]))
        assert pattern.last_used_at == max(e.timestamp for e in rows)
        assert pattern.pattern == f"{pattern.task_type} : {pattern.strategy}"
    assert sum(pattern.usage_count for pattern in engine.get_patterns()) == 120
    (only_kind,) = {f.failure_kind for f in engine.get_failure_patterns()}
    assert only_kind == "ValueError: got N"
    for failure in engine.get_failure_patterns():
        of_type = [e for e in experiences if e.task_type == failure.task_type]
        assert failure.frequency == sum(not e.success for e in of_type)
        assert failure.share == pytest.approx(failure.frequency / len(of_type))
    assert len(engine.get_patterns("TYPE-1")) == 3
    assert len(engine.get_failure_patterns("type-2")) == 1


def test_failure_suggests_what_succeeded_in_the_same_state_before_the_same_type(
    engine: LearningEngine,
) -> None:
    easy, hard = Task(type="t", complexity=0.1), Task(type="t", complexity=0.9)
    failed = TaskResult(success=False, action="alpha", errors=("OSError: full",))
    engine.learn_from_execution(easy, failed)
    assert engine.get_failure_patterns()[0].suggested_actions == ()
    engine.learn_from_execution(hard, TaskResult(success=True, action="beta"))
    (action,) = engine.get_failure_patterns()[0].suggested_actions
    assert (action.strategy, action.basis) == ("beta", "same task type")
    engine.learn_from_execution(easy, TaskResult(success=True, action="gamma"))
    engine.learn_from_execution(easy, TaskResult(success=False, action="gamma"))
    action = next(
        f for f in engine.get_failure_patterns() if f.failure_kind == "OSError: full"
    ).suggested_actions[0]
    assert (action.strategy, action.basis, action.successes, action.uses) == (
        "gamma",
        "same state",
        1,
        2,
    )


def test_a_failure_without_any_error_is_unexplained(engine: LearningEngine) -> None:
    learned = engine.learn_from_execution(TASK, TaskResult(success=False, action="alpha"))
    assert learned.failure_kind == "unexplained"


def test_statistics_of_an_empty_table_are_none(engine: LearningEngine) -> None:
    stats = engine.get_q_learning_stats()
    assert (stats.q_values, stats.mean_q_value, stats.epsilon) == (0, None, 0.3)
    learn(engine, 30)
    stats = engine.get_q_learning_stats()
    values = [value for value, _ in q_values(engine).values()]
    assert stats.updates == 30
    assert stats.q_values == len(values)
    assert stats.mean_q_value == pytest.approx(np.mean(values))
    assert (stats.least_q_value, stats.highest_q_value) == (min(values), max(values))
    assert stats.actions <= 3


@pytest.mark.parametrize("text", ["\ud800", "nul\0nul", "' or 1=1 --", "[/]", "a" * 200, "日本語"])
def test_any_text_can_be_learned_from(engine: LearningEngine, text: str) -> None:
    task = Task(id=text, type=text, description=text, context={text: {"deep": [text]}})
    result = TaskResult(success=False, action="x" + text[:150], errors=(text,))
    assert engine.learn_from_execution(task, result).learned
    assert engine.recommend_strategy(task).evidence == 1
    assert len(engine.export()["experiences"]) == 1


def test_context_keeps_what_json_can_hold_and_names_what_it_left_out(
    engine: LearningEngine,
) -> None:
    nested: Any = []
    for _ in range(50):
        nested = [nested]
    task = Task(
        type="t",
        context={"path": Path("/x"), "nan": math.nan, "big": 2**70, "set": {1}, "deep": nested},
    )
    result = TaskResult(success=True, action="a", details={"log": "x" * 100_000})
    engine.learn_from_execution(task, result)
    (experience,) = engine.export()["experiences"]
    assert experience.context["task"]["path"] == "/x"
    assert experience.context["task"]["nan"] == "nan"
    assert experience.context["task"]["big"] == str(2**70)
    assert experience.context["left_out"] == ["result"]


def test_experiences_round_trip(engine: LearningEngine) -> None:
    task, _ = outcome(1)
    result = TaskResult(
        success=False,
        action=AgentAction(strategy="s", tools=("t",), retry_policy="backoff"),
        quality=0.7,
        coverage=0.5,
        execution_time_ms=12.5,
        next_state=TaskState(task_type="next"),
        truncated=True,
        patterns_used=("p1", "p2"),
        errors=("OSError: gone",),
    )
    engine.learn_from_execution(task, result, explored=True, experience_id="e1")
    (experience,) = engine.export(q_table=False)["experiences"]
    assert experience.experience_id == "e1"
    assert experience.explored is True
    assert (experience.quality, experience.coverage, experience.patterns_used) == (0.7, 0.5, 2)
    assert (experience.terminated, experience.truncated) == (False, True)
    assert experience.next_state is not None
    assert experience.next_state.startswith("type=next;")
    assert experience.timestamp.tzinfo == UTC


def test_engine_in_memory_forgets_when_it_is_closed() -> None:
    with LearningEngine("a") as engine:
        learn(engine, 12)
        assert engine.get_total_experiences() == 12
    with LearningEngine("a") as engine:
        assert engine.get_total_experiences() == 0


def test_every_method_of_a_closed_engine_says_that_it_is_closed(path: Path) -> None:
    engine = LearningEngine("a", path)
    assert repr(engine) == "LearningEngine('a', not open yet)"
    learn(engine, 2)
    assert repr(engine) == f"LearningEngine('a', '{path}', 2 experiences)"
    engine.close()
    engine.close()
    task, result = outcome(1)
    calls: list[Callable[[], object]] = [
        engine.initialize,
        engine.__enter__,
        lambda: engine.learn_from_execution(task, result),
        lambda: engine.recommend_strategy(task),
        lambda: engine.select_action(task, ["a"]),
        lambda: engine.choose_action(task, ["a"]),
        engine.get_analytics,
        engine.get_patterns,
        engine.get_failure_patterns,
        lambda: engine.get_q_value(task, "a"),
        engine.get_q_learning_stats,
        engine.get_exploration_rate,
        engine.get_total_experiences,
        engine.is_enabled,
        lambda: engine.set_enabled(True),
        engine.flush,
        lambda: engine.reset(confirm=True),
        lambda: engine.archive(keep=1),
        engine.export,
    ]
    for call in calls:
        with pytest.raises(ClosedError, match="the engine was closed; make a new LearningEngine"):
            call()
    assert repr(engine) == "LearningEngine('a', closed)"


def test_engine_that_is_dropped_open_gives_a_warning(path: Path) -> None:
    engine = LearningEngine("a", path)
    engine.initialize()
    with pytest.warns(ResourceWarning, match="unclosed engine of a on .*; close it, or use it in"):
        del engine


def test_engine_on_an_open_database_leaves_it_open(path: Path) -> None:
    with Database(path) as database:
        with LearningEngine("a", database) as engine:
            learn(engine, 1)
        assert LearningEngine("a", database).get_total_experiences() == 1


def test_engine_that_cannot_open_says_so_when_it_is_used(tmp_path: Path) -> None:
    engine = LearningEngine("a", tmp_path)  # a folder
    with pytest.raises(DatabaseOpenError, match="folder"):
        engine.initialize()


@pytest.mark.parametrize(("agent_id", "error"), [("", ValueError), (" ", ValueError)])
def test_engine_refuses_an_agent_without_a_name(agent_id: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="agent_id"):
        LearningEngine(agent_id)


def test_engine_refuses_an_agent_id_that_is_no_text() -> None:
    with pytest.raises(TypeError, match="agent_id"):
        LearningEngine(7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1 to 200"):
        LearningEngine("x" * 201)


def test_engine_uses_its_clock(path: Path, ticking_clock: Callable[[], datetime]) -> None:
    with LearningEngine("a", path, clock=ticking_clock) as engine:
        learn(engine, 2)
        times = [e.timestamp for e in engine.export()["experiences"]]
        assert (times[1] - times[0]).total_seconds() == 1


def test_camel_case_names_are_the_same_methods() -> None:
    assert LearningEngine.learnFromExecution is LearningEngine.learn_from_execution
    assert LearningEngine.recommendStrategy is LearningEngine.recommend_strategy
    assert LearningEngine.getAnalytics is LearningEngine.get_analytics
