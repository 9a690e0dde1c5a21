"""Summarises the experiences within a time range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import fsum

from ..schema import ActionStatistics, DailyTrend, LearningAnalytics, RewardBucket
from .decision.remedies import with_suggestions
from .outcome.reward import BUCKET_WIDTH, REWARD_BUCKETS, REWARD_LOW
from .storage.backend import LearningReader
from .storage.learning_rows import OutcomeSums

__all__ = ["analyse", "first_day"]

MAX_PATTERNS = 10
_RANGE = re.compile(r"([1-9]\d{0,4})([dw])")


def analyse(
    reader: LearningReader, *, agent_id: str | None, time_range: str, now: datetime
) -> LearningAnalytics:
    """Returns the analytics of one agent, or of all of them together with ``agent_id`` None.

    Args:
        reader: A reading transaction.
        agent_id: An agent, or None.
        time_range: ``7d`` is today and the six UTC days before it, ``2w`` is ``14d``, ``all``
            everything. Strategy and failure records are those last seen within it.
        now: The current time, with its time zone.

    Raises:
        ValueError: ``time_range`` has another form.
    """
    first = first_day(time_range, now.astimezone(UTC).date())
    start = None if first is None else datetime.combine(first, time(), UTC)
    days = reader.daily_sums(agent_id, "day", since=first)
    totals = _totals(days)
    top = [
        record
        for record in reader.strategy_records(agent_id)
        if start is None or record.last_used_at >= start
    ]
    failing = [
        record
        for record in reader.failure_records(agent_id)
        if start is None or record.last_occurred_at >= start
    ]
    return LearningAnalytics(
        agent_id=agent_id,
        time_range=time_range,
        since=start,
        until=now,
        total_experiences=totals.experiences,
        average_reward=_ratio(totals.reward_sum, totals.experiences),
        success_rate=_ratio(totals.successes, totals.experiences),
        exploration_rate=_ratio(totals.explored, totals.explored_known),
        pattern_reuse_rate=_ratio(totals.with_patterns, totals.experiences),
        daily=tuple(_trend(day) for day in days),
        rewards=_distribution(totals),
        by_task_type=_statistics(reader.daily_sums(agent_id, "task type", since=first)),
        by_strategy=_statistics(reader.daily_sums(agent_id, "strategy", since=first)),
        top_patterns=tuple(top[:MAX_PATTERNS]),
        failure_patterns=tuple(with_suggestions(reader, failing[:MAX_PATTERNS])),
    )


def first_day(time_range: str, today: date) -> date | None:
    """Returns the first day of a time range that ends today; None for ``all``.

    Raises:
        ValueError: It is neither ``all`` nor a number of days or weeks.
    """
    if time_range == "all":
        return None
    match = _RANGE.fullmatch(time_range)
    if match is None:
        raise ValueError(f"time range must be like 7d, 4w or all, got {time_range!r}")
    days = int(match[1]) * (7 if match[2] == "w" else 1)
    return today - timedelta(days=min(days - 1, (today - date.min).days))


def _totals(days: Sequence[OutcomeSums]) -> OutcomeSums:
    """Returns the sums over all days."""
    return OutcomeSums(
        name="",
        experiences=sum(day.experiences for day in days),
        successes=sum(day.successes for day in days),
        reward_sum=fsum(day.reward_sum for day in days),
        explored=sum(day.explored for day in days),
        explored_known=sum(day.explored_known for day in days),
        with_patterns=sum(day.with_patterns for day in days),
        rewards=tuple(sum(day.rewards[step] for day in days) for step in range(REWARD_BUCKETS)),
    )


def _distribution(totals: OutcomeSums) -> tuple[RewardBucket, ...]:
    return tuple(
        RewardBucket(
            low=REWARD_LOW + step * BUCKET_WIDTH,
            high=REWARD_LOW + (step + 1) * BUCKET_WIDTH,
            experiences=count,
        )
        for step, count in enumerate(totals.rewards)
    )


def _trend(day: OutcomeSums) -> DailyTrend:
    return DailyTrend(
        day=date.fromisoformat(day.name),
        experiences=day.experiences,
        successes=day.successes,
        average_reward=day.reward_sum / day.experiences,
    )


def _statistics(groups: Sequence[OutcomeSums]) -> tuple[ActionStatistics, ...]:
    return tuple(
        ActionStatistics(
            name=group.name,
            experiences=group.experiences,
            successes=group.successes,
            average_reward=group.reward_sum / group.experiences,
        )
        for group in groups
    )


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None
