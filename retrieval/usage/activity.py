"""Counts what is in a bank, what of it is used, and by whom, from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from ...schema import utc_now
from ...schema.comparison import WEEK, Comparison, compare_rates, week_bounds
from ...schema.records.validation import as_utc
from ..storage.activity_values import AgentUses, PatternUses, ProjectFacts, UseTotals
from ..storage.backend import PatternReader
from ..storage.storage_values import BankStatistics

__all__ = ["IDLE_AFTER", "BankActivity", "WeekOfUse", "bank_activity", "require_weeks"]

IDLE_AFTER = 8 * WEEK
MAX_WEEKS = 520
MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class WeekOfUse:
    """The uses of seven days: after ``since`` and up to ``until``."""

    since: datetime
    until: datetime
    uses: int
    successes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BankActivity:
    """What is in a bank, or in one project of it, and how it is used.

    Attributes:
        statistics: Totals of the patterns.
        projects: What there is of each project, largest first.
        quality: Number of patterns by quality, in five steps from 0 to 1.
        totals: All recorded uses; a pattern is idle if its last use is over eight weeks ago.
        weeks: The uses of each week, oldest first; a week is seven days, the last ends now.
        most_used: The ten patterns with the most uses in these weeks.
        idle: The ten that were unused for the longest time, of those that are idle.
        agents: Who used patterns in these weeks, most uses first.
        success: The success rate of uses, this week against last.
    """

    statistics: BankStatistics
    projects: tuple[ProjectFacts, ...]
    quality: tuple[int, ...]
    totals: UseTotals
    weeks: tuple[WeekOfUse, ...]
    most_used: tuple[PatternUses, ...]
    idle: tuple[PatternUses, ...]
    agents: tuple[AgentUses, ...]
    success: Comparison


def bank_activity(
    session: PatternReader, *, project: str = "", weeks: int = 8, now: datetime | None = None
) -> BankActivity:
    """Returns what is in a bank and how it was used in the last weeks, counted from its rows.

    Args:
        session: A reading session.
        project: Only the patterns of this project; empty for all.
        weeks: 1 to 520.
        now: The end of the last week; None for the present time.

    Raises:
        ValueError: ``weeks`` is out of range.
        TypeError: ``weeks`` is no whole number, or ``now`` is no datetime.
    """
    require_weeks(weeks)
    now = utc_now() if now is None else as_utc("now", now)
    bounds = week_bounds(now, max(weeks, 2))
    counts = session.use_counts(bounds, project)
    this, last = counts[-1], counts[-2]
    since, idle_since = bounds[-weeks - 1], now - IDLE_AFTER
    return BankActivity(
        statistics=session.statistics(project),
        projects=tuple(session.project_facts(project)),
        quality=tuple(session.quality_counts(project)),
        totals=session.use_totals(idle_since, project),
        weeks=tuple(
            WeekOfUse(since, until, count.uses, count.successes)
            for (since, until), count in zip(pairwise(bounds), counts, strict=True)
        )[-weeks:],
        most_used=tuple(session.most_used(since, now, limit=MAX_LISTED, project=project)),
        idle=tuple(session.idle_patterns(idle_since, limit=MAX_LISTED, project=project)),
        agents=tuple(session.agent_uses(since, now, project)),
        success=compare_rates((this.successes, this.uses), (last.successes, last.uses)),
    )


def require_weeks(weeks: int) -> None:
    """Requires a number of weeks that can be counted.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is out of range.
    """
    if not isinstance(weeks, int) or isinstance(weeks, bool):
        raise TypeError(f"weeks must be a whole number, got {type(weeks).__name__}")
    if not 1 <= weeks <= MAX_WEEKS:
        raise ValueError(f"weeks must be from 1 to {MAX_WEEKS}, got {weeks}")
