"""What was learned within a time range, from rows alone."""

from __future__ import annotations

import re
from datetime import UTC as utc
from datetime import date, datetime, time, timedelta

from ..schema import ActionStatistics, DailyTrend, LearningAnalytics, RewardBucket
from .decision.remedies import with_suggestions
from .outcome.reward import REWARD_LOW
from .storage.sqlite.daily_table import BUCKET_WIDTH, BUCKETS, Sums
from .storage.sqlite.store import LearningRows

__all__ = ["analyse", "first_day"]

MAX_PATTERNS = 10
_RANGE = re.compile(r"([1-9]\d{0,4})([dw])")


def analyse(
    rows: LearningRows, *, agent_id: str | None, time_range: str, now: datetime
) -> LearningAnalytics:
    """Returns the analytics of one agent, or of all of them together with ``agent_id`` None.

    Args:
        time_range: ``7d`` is today and the six UTC days before it, ``2w`` is ``14d``, ``all``
            everything. Patterns that work and that fail are those last seen within it.

    Raises:
        ValueError: ``time_range`` is none of these.
    """
    first = first_day(time_range, now.astimezone(utc).date())
    since = None if first is None else first.isoformat()
    totals = rows.analytics.totals(agent_id, since, None)
    experiences, successes, reward_sum, explored, explored_known, with_patterns = totals[:6]
    start = None if first is None else datetime.combine(first, time(), utc)
    top = [p for p in rows.patterns.learned(agent_id) if start is None or p.last_used_at >= start]
    failing = [
        p for p in rows.patterns.failures(agent_id) if start is None or p.last_occurred_at >= start
    ]
    return LearningAnalytics(
        agent_id=agent_id,
        time_range=time_range,
        since=start,
        until=now,
        total_experiences=experiences,
        average_reward=_ratio(reward_sum, experiences),
        success_rate=_ratio(successes, experiences),
        exploration_rate=_ratio(explored, explored_known),
        pattern_reuse_rate=_ratio(with_patterns, experiences),
        daily=tuple(
            DailyTrend(
                day=date.fromisoformat(sums.name),
                experiences=sums.experiences,
                successes=sums.successes,
                average_reward=sums.reward_sum / sums.experiences,
            )
            for sums in rows.analytics.by_day(agent_id, since, None)
        ),
        rewards=tuple(
            RewardBucket(
                low=REWARD_LOW + index * BUCKET_WIDTH,
                high=REWARD_LOW + (index + 1) * BUCKET_WIDTH,
                experiences=totals[6 + index] or 0,
            )
            for index in range(BUCKETS)
        ),
        by_task_type=_statistics(rows.analytics.by_task_type(agent_id, since, None)),
        by_strategy=_statistics(rows.analytics.by_strategy(agent_id, since, None)),
        top_patterns=tuple(top[:MAX_PATTERNS]),
        failure_patterns=tuple(with_suggestions(rows, failing[:MAX_PATTERNS])),
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


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if not whole or part is None else part / whole


def _statistics(sums: list[Sums]) -> tuple[ActionStatistics, ...]:
    return tuple(
        ActionStatistics(
            name=entry.name,
            experiences=entry.experiences,
            successes=entry.successes,
            average_reward=entry.reward_sum / entry.experiences,
        )
        for entry in sums
    )
