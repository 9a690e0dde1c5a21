"""Reads the sums over experiences by day, which analytics is computed from.

Table ``learning_daily``; ``experience_append.py`` writes it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import apsw

from ..learning_rows import DailyGroup, OutcomeSums

__all__ = ["DailyTable"]

_SUMS = (
    ", sum(experiences), sum(successes), sum(reward_sum), sum(explored), sum(explored_known),"
    " sum(with_patterns), sum(reward_0), sum(reward_1), sum(reward_2), sum(reward_3),"
    " sum(reward_4), sum(reward_5), sum(reward_6), sum(reward_7) from learning_daily"
)
# Two texts, since SQLite cannot use the index for "agent_id is :agent_id or not asked for".
_OF_AGENT = " where agent_id = :agent_id and day >= :since"
_OF_ALL = " where day >= :since"
_GROUPS: dict[DailyGroup, tuple[str, str]] = {
    "day": ("select day", " group by day order by day"),
    "task type": ("select task_type", " group by task_type order by 2 desc, 1"),
    "strategy": ("select strategy", " group by strategy order by 2 desc, 1"),
}


class DailyTable:
    """See ``LearningReader``."""

    _connection: apsw.Connection

    def daily_sums(
        self, agent_id: str | None, group: DailyGroup, *, since: date | None = None
    ) -> list[OutcomeSums]:
        """See ``LearningReader``."""
        name, grouped = _GROUPS[group]
        rows = self._connection.execute(
            name + _SUMS + (_OF_ALL if agent_id is None else _OF_AGENT) + grouped,
            {"agent_id": agent_id, "since": "" if since is None else since.isoformat()},
        )
        return [_sums(row) for row in rows]


def _sums(row: tuple[Any, ...]) -> OutcomeSums:
    return OutcomeSums._make((*row[:7], row[7:]))
