"""Analytics against counting by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aqe.learning import LearningEngine, SQLiteLearningBackend, analyse, first_day, overview
from aqe.learning.outcome.reward import reward_bucket
from aqe.schema import Task, TaskResult

from .conftest import learn, outcome

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


class MovableClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def history(path: Path) -> Path:
    """60 experiences on 20 days, three a day, the last on the day of NOW."""
    clock = MovableClock()
    with LearningEngine("a", path, clock=clock) as engine:
        for number in range(60):
            clock.now = NOW - timedelta(days=19 - number // 3)
            task, result = outcome(number)
            engine.learn_from_execution(task, result, explored=[True, False, None][number % 3])
    return path


def analysed(path: Path, time_range: str, agent: str | None = "a"):  # type: ignore[no-untyped-def]
    with SQLiteLearningBackend(path) as backend, backend.reading() as reader:
        return analyse(reader, agent_id=agent, time_range=time_range, now=NOW)


@pytest.mark.parametrize(("time_range", "days"), [("7d", 7), ("1d", 1), ("2w", 14), ("all", 20)])
def test_analytics_equal_counting_the_rows(history: Path, time_range: str, days: int) -> None:
    analytics = analysed(history, time_range)
    with SQLiteLearningBackend(history) as backend, backend.reading() as reader:
        listed = list(reader.experiences("a"))[: 3 * days]
    rewards = [e.reward for e in listed]
    assert analytics.total_experiences == 3 * days
    assert analytics.average_reward == pytest.approx(np.mean(rewards))
    assert analytics.success_rate == pytest.approx(np.mean([e.success for e in listed]))
    assert analytics.exploration_rate == pytest.approx(0.5)
    assert analytics.pattern_reuse_rate == 0.0
    assert [day.experiences for day in analytics.daily] == [3] * days
    assert analytics.daily[-1].day == NOW.date()
    assert [bucket.experiences for bucket in analytics.rewards] == np.histogram(
        rewards, bins=np.linspace(-2, 2, 9)
    )[0].tolist()
    for groups, field in (
        (analytics.by_task_type, "task_type"),
        (analytics.by_strategy, "strategy"),
    ):
        assert sum(group.experiences for group in groups) == 3 * days
        for group in groups:
            mine = [e for e in listed if getattr(e, field) == group.name]
            assert group.experiences == len(mine)
            assert group.successes == sum(e.success for e in mine)
            assert group.average_reward == pytest.approx(np.mean([e.reward for e in mine]))


def test_analytics_without_rows_are_none_and_not_zero(path: Path) -> None:
    analytics = analysed(path, "7d", None)
    assert analytics.total_experiences == 0
    assert analytics.average_reward is None
    assert analytics.success_rate is None
    assert analytics.exploration_rate is None
    assert analytics.daily == ()
    assert sum(bucket.experiences for bucket in analytics.rewards) == 0


def test_analytics_of_all_agents_add_up(history: Path) -> None:
    clock = MovableClock()
    with LearningEngine("b", history, clock=clock) as other:
        learn(other, 5)
        other.learn_from_execution(
            Task(type="t"), TaskResult(success=True, action="s", patterns_used=("p",))
        )
    together = analysed(history, "all", None)
    assert together.total_experiences == 66
    assert together.pattern_reuse_rate == pytest.approx(1 / 66)
    assert {pattern.agent_id for pattern in together.top_patterns} <= {"a", "b"}
    assert analysed(history, "all", "nobody").total_experiences == 0


def test_analytics_patterns_are_those_last_seen_in_the_range(path: Path) -> None:
    clock = MovableClock()
    with LearningEngine("a", path, clock=clock) as engine:
        clock.now = NOW - timedelta(days=30)
        engine.learn_from_execution(Task(type="old"), TaskResult(success=False, action="s"))
        clock.now = NOW
        engine.learn_from_execution(Task(type="new"), TaskResult(success=False, action="s"))
        assert [p.task_type for p in engine.get_analytics("7d").top_patterns] == ["new"]
        assert [p.task_type for p in engine.get_analytics("7d").failure_patterns] == ["new"]
        assert len(engine.get_analytics("all").failure_patterns) == 2


@pytest.mark.parametrize("time_range", ["", "7", "d", "0d", "-1d", "24h", "7d ", "1e3d"])
def test_time_range_of_another_form_is_refused(time_range: str) -> None:
    with pytest.raises(ValueError, match="time range must be like"):
        first_day(time_range, date(2026, 1, 1))


def test_time_range_before_the_calendar_begins_at_its_start() -> None:
    assert first_day("99999w", date(200, 1, 1)) == date.min


@pytest.mark.parametrize(
    ("reward", "bucket"), [(-2, 0), (-1.5, 1), (-0.001, 3), (0, 4), (1.99, 7), (2, 7)]
)
def test_reward_bucket(reward: float, bucket: int) -> None:
    assert reward_bucket(reward) == bucket


def test_overview_counts_each_agent(history: Path) -> None:
    with SQLiteLearningBackend(history) as backend, backend.reading() as reader:
        (agent,) = overview(reader)
    assert (agent.agent_id, agent.experiences, agent.archived) == ("a", 60, 0)
    assert agent.last_day == "2026-03-31"
    assert agent.success_rate is not None


def test_overview_of_an_agent_without_experience_has_no_rates(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        engine.set_enabled(False)
    with SQLiteLearningBackend(path) as backend, backend.reading() as reader:
        (agent,) = overview(reader)
    assert (agent.enabled, agent.success_rate, agent.last_day) == (False, None, None)


def test_engine_analytics_use_its_clock(path: Path, ticking_clock: Callable[[], datetime]) -> None:
    with LearningEngine("a", path, clock=ticking_clock) as engine:
        learn(engine, 3)
        assert engine.get_analytics("1d").daily[0].day == date(2026, 3, 1)
