"""Summarises what all agents have learned, and compares this week with last, from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from ..schema import LearnedPattern
from ..schema.comparison import Comparison, Sample, compare_means, compare_rates, week_bounds
from .storage.backend import LearningReader
from .storage.learning_rows import OutcomeCount, StandingChange, TrialRow

__all__ = ["LearningProgress", "StrategyGroup", "WeekOfLearning", "learning_progress"]

MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class WeekOfLearning:
    """The experiences of seven days: after ``since`` and up to ``until``."""

    since: datetime
    until: datetime
    experiences: int
    successes: int
    average_reward: float | None


@dataclass(frozen=True, slots=True)
class StrategyGroup:
    """The strategies of which the same is known: how many, and the first ten, best first."""

    count: int
    strategies: tuple[LearnedPattern, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningProgress:
    """What was learned, and whether it gets better.

    Attributes:
        agents: Number of agents with an experience.
        experiences: Number of experiences, archived ones included.
        works, fails, unclear: Strategies that are shown to succeed more often than they fail, or
            less often, and those whose uses do not show which.
        standing_changes: The latest standings that improvement cycles gave, latest first.
        trials: The latest comparisons of two strategies by a cycle, latest first.
        cycles: Number of improvement cycles that were begun.
        last_cycle_at: When the last cycle that ended well did; None if none has.
        weeks: The experiences of each week, oldest first; a week is seven days, the last ends now.
        success, reward: This week against last: success rate, mean reward.
    """

    agents: int
    experiences: int
    works: StrategyGroup
    fails: StrategyGroup
    unclear: StrategyGroup
    standing_changes: tuple[StandingChange, ...]
    trials: tuple[TrialRow, ...]
    cycles: int
    last_cycle_at: datetime | None
    weeks: tuple[WeekOfLearning, ...]
    success: Comparison
    reward: Comparison


def learning_progress(reader: LearningReader, *, weeks: int, now: datetime) -> LearningProgress:
    """Returns what all agents have learned, with the last ``weeks`` weeks.

    Args:
        reader: A reading transaction.
        weeks: At least 1.
        now: The end of the last week, with its time zone.
    """
    bounds = week_bounds(now, max(weeks, 2))
    counts = reader.outcome_counts(bounds)
    history = reader.experience_counts(None)
    records = reader.strategy_records(None)
    status = reader.improvement_status(limit=1)
    closed = None if status.last_closed is None else status.last_closed.finished_at
    this, last = counts[-1], counts[-2]
    return LearningProgress(
        agents=sum(agent.experience_count > 0 for agent in reader.agents()),
        experiences=history.live + history.archived,
        works=_group(records, True),
        fails=_group(records, False),
        unclear=_group(records, None),
        standing_changes=tuple(reader.standing_changes(limit=MAX_LISTED)),
        trials=tuple(reader.trials(limit=MAX_LISTED)),
        cycles=status.cycle_count,
        last_cycle_at=None if closed is None else datetime.fromisoformat(closed),
        weeks=tuple(
            _week(since, until, count)
            for (since, until), count in zip(pairwise(bounds), counts, strict=True)
        )[-weeks:],
        success=compare_rates(_rate(this), _rate(last)),
        reward=compare_means(_sample(this), _sample(last)),
    )


def _group(records: Sequence[LearnedPattern], works: bool | None) -> StrategyGroup:
    found = [record for record in records if record.works is works]
    return StrategyGroup(len(found), tuple(found[:MAX_LISTED]))


def _week(since: datetime, until: datetime, count: OutcomeCount) -> WeekOfLearning:
    mean = _sample(count).mean
    return WeekOfLearning(since, until, count.experiences, count.successes, mean)


def _rate(count: OutcomeCount) -> tuple[int, int]:
    return count.successes, count.experiences


def _sample(count: OutcomeCount) -> Sample:
    return Sample(count.experiences, count.reward_sum, count.reward_squares)
