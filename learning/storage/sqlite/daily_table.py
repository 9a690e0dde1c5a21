"""Sums over experiences, by day: what analytics is made of."""

from __future__ import annotations

from typing import Any, NamedTuple

import apsw

from ....schema import Experience
from ...outcome.reward import REWARD_HIGH, REWARD_LOW

__all__ = ["BUCKETS", "BUCKET_WIDTH", "AnalyticsRows", "Sums"]

BUCKETS = 8
BUCKET_WIDTH = (REWARD_HIGH - REWARD_LOW) / BUCKETS


class Sums(NamedTuple):
    """Sums over the experiences that share a name: a day, a task type or a strategy."""

    name: str
    experiences: int
    successes: int
    reward_sum: float


class AnalyticsRows:
    """``learning_daily``; days are UTC, ``since`` and ``until`` are inclusive days or None."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def count(self, experience: Experience) -> None:
        """Adds one experience to the sums of its day."""
        explored = experience.explored
        values: dict[str, Any] = {
            "agent_id": experience.agent_id,
            "day": experience.timestamp.date().isoformat(),
            "task_type": experience.task_type,
            "strategy": experience.strategy,
            "success": int(experience.success),
            "reward": experience.reward,
            "explored": int(bool(explored)),
            "known": int(explored is not None),
            "reuse": int(experience.patterns_used > 0),
        }
        bucket = bucket_of(experience.reward)
        values |= {f"b{index}": int(index == bucket) for index in range(BUCKETS)}
        self._connection.execute(_COUNT, values)

    def totals(self, agent_id: str | None, since: str | None, until: str | None) -> tuple[Any, ...]:
        """Returns (experiences, successes, reward sum, explored, explored known, with patterns,
        and the count of each reward bucket); the sums are None where there is nothing."""
        return self._connection.execute(
            "select coalesce(sum(experiences), 0), sum(successes), sum(reward_sum), sum(explored),"
            " sum(explored_known), sum(with_patterns), sum(reward_0), sum(reward_1),"
            " sum(reward_2), sum(reward_3), sum(reward_4), sum(reward_5), sum(reward_6),"
            " sum(reward_7) from learning_daily" + _where(agent_id),
            _range(agent_id, since, until),
        ).fetchall()[0]

    def last_day(self, agent_id: str) -> str | None:
        """Returns the last day on which the learner had an experience."""
        day: str | None = self._connection.execute(
            "select max(day) from learning_daily where agent_id = :agent_id",
            {"agent_id": agent_id},
        ).get
        return day

    def by_day(self, agent_id: str | None, since: str | None, until: str | None) -> list[Sums]:
        """Returns the sums of each day that has any, oldest first."""
        return self._grouped(
            "select day, sum(experiences), sum(successes), sum(reward_sum) from learning_daily"
            + _where(agent_id)
            + " group by day order by day",
            agent_id,
            since,
            until,
        )

    def by_task_type(
        self, agent_id: str | None, since: str | None, until: str | None
    ) -> list[Sums]:
        """Returns the sums of each task type, most frequent first."""
        return self._grouped(
            "select task_type, sum(experiences), sum(successes), sum(reward_sum)"
            " from learning_daily" + _where(agent_id) + " group by task_type order by 2 desc, 1",
            agent_id,
            since,
            until,
        )

    def by_strategy(self, agent_id: str | None, since: str | None, until: str | None) -> list[Sums]:
        """Returns the sums of each strategy, most frequent first."""
        return self._grouped(
            "select strategy, sum(experiences), sum(successes), sum(reward_sum)"
            " from learning_daily" + _where(agent_id) + " group by strategy order by 2 desc, 1",
            agent_id,
            since,
            until,
        )

    def _grouped(
        self, query: str, agent_id: str | None, since: str | None, until: str | None
    ) -> list[Sums]:
        rows = self._connection.execute(query, _range(agent_id, since, until))
        return [Sums._make(row) for row in rows]


def bucket_of(reward: float) -> int:
    """Returns the number of the bucket that a reward falls into."""
    return min(BUCKETS - 1, max(0, int((reward - REWARD_LOW) // BUCKET_WIDTH)))


# Two texts, since SQLite cannot use the index for "agent_id is :agent_id or not asked for".
_OF_AGENT = " where agent_id = :agent_id and day between :since and :until"
_OF_ALL = " where day between :since and :until"

_COUNT = (
    "insert into learning_daily (agent_id, day, task_type, strategy, experiences, successes,"
    " reward_sum, explored, explored_known, with_patterns, reward_0, reward_1, reward_2, reward_3,"
    " reward_4, reward_5, reward_6, reward_7) values (:agent_id, :day, :task_type, :strategy, 1,"
    " :success, :reward, :explored, :known, :reuse, :b0, :b1, :b2, :b3, :b4, :b5, :b6, :b7)"
    " on conflict (agent_id, day, task_type, strategy) do update set"
    " experiences = experiences + 1, successes = successes + excluded.successes,"
    " reward_sum = reward_sum + excluded.reward_sum, explored = explored + excluded.explored,"
    " explored_known = explored_known + excluded.explored_known,"
    " with_patterns = with_patterns + excluded.with_patterns,"
    " reward_0 = reward_0 + excluded.reward_0, reward_1 = reward_1 + excluded.reward_1,"
    " reward_2 = reward_2 + excluded.reward_2, reward_3 = reward_3 + excluded.reward_3,"
    " reward_4 = reward_4 + excluded.reward_4, reward_5 = reward_5 + excluded.reward_5,"
    " reward_6 = reward_6 + excluded.reward_6, reward_7 = reward_7 + excluded.reward_7"
)


def _where(agent_id: str | None) -> str:
    return _OF_ALL if agent_id is None else _OF_AGENT


def _range(agent_id: str | None, since: str | None, until: str | None) -> dict[str, str | None]:
    return {"agent_id": agent_id, "since": since or "", "until": until or "9999-12-31"}
