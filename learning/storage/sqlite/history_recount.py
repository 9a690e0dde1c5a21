"""Counts the history again, to check and to repair the counters of experiences.

The counts are taken in one place, so that a check and a repair cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....schema.wilson import wilson_interval
from ..learning_rows import Cell, HistoryCounts, SnapshotMark, StrategyCounts
from .learner_tables import LearnerTables

__all__ = ["HistoryRecount"]

_COUNTED_STRATEGIES = (
    "select task_type, strategy, count(*), sum(success), sum(reward)"
    " from learning_experiences where agent_id = :agent_id group by task_type, strategy"
)
_COUNTED_FAILURES = (
    "select task_type, failure_kind, count(*), (select coalesce(sum(usage_count), 0)"
    "  from learned_patterns as l where l.agent_id = e.agent_id and l.task_type = e.task_type)"
    " from learning_experiences as e where agent_id = :agent_id and failure_kind is not null"
    " group by task_type, failure_kind"
)
# Sums of floats depend on their order; a difference below 1e-6 is no correction.
_CORRECT_STRATEGY = (
    "update learned_patterns set usage_count = :uses, success_count = :successes,"
    " reward_sum = :rewards, confidence = :confidence where agent_id = :agent_id"
    " and task_type = :task_type and strategy = :strategy"
    " and (usage_count <> :uses or success_count <> :successes"
    " or abs(reward_sum - :rewards) > 1e-6)"
)
_CORRECT_FREQUENCY = (
    "update failure_patterns set frequency = :frequency where agent_id = :agent_id"
    " and task_type = :task_type and failure_kind = :failure_kind and frequency <> :frequency"
)
# Successes since the last failure have lowered it; that is no correction.
_REFRESH_CONFIDENCE = (
    "update failure_patterns set confidence = :confidence where agent_id = :agent_id"
    " and task_type = :task_type and failure_kind = :failure_kind"
)


class HistoryRecount(LearnerTables):
    """See ``LearningReader`` and ``LearningWriter``; a repair also writes the agent's own rows."""

    def history_counts(self, agent_id: str) -> HistoryCounts:
        """See ``LearningReader``."""
        count, last = self._extent(agent_id)
        records = {
            (task_type, strategy): StrategyCounts(strategy, successes, uses)
            for task_type, strategy, uses, successes, _ in self._counted(agent_id)
        }
        return HistoryCounts(count, last, records)

    def recount(self, agent_id: str) -> int:
        """See ``LearningWriter``."""
        corrected = 0
        for task_type, strategy, uses, successes, rewards in self._counted(agent_id):
            self._connection.execute(
                _CORRECT_STRATEGY,
                {
                    "agent_id": agent_id,
                    "task_type": task_type,
                    "strategy": strategy,
                    "uses": uses,
                    "successes": successes,
                    "rewards": rewards,
                    "confidence": wilson_interval(successes, uses)[0],
                },
            )
            corrected += self._connection.changes()
        return corrected + self._recount_failures(agent_id)

    def repair_agent(
        self, agent_id: str, cells: Iterable[Cell], *, epsilon: float | None, at: str
    ) -> None:
        """See ``LearningWriter``."""
        count, last = self._extent(agent_id)
        self._connection.execute(
            "update learning_agents set experience_count = :count, last_experience = :last,"
            " snapshot_count = min(snapshot_count, :count) where agent_id = :agent_id",
            {"agent_id": agent_id, "count": count, "last": last},
        )
        self._connection.execute(
            "delete from q_values where agent_id = :agent_id", {"agent_id": agent_id}
        )
        self.store_q_values(agent_id, cells, SnapshotMark(count, last, epsilon), at=at)
        self.recount(agent_id)

    def _recount_failures(self, agent_id: str) -> int:
        corrected = 0
        counted: list[Any] = self._connection.execute(
            _COUNTED_FAILURES, {"agent_id": agent_id}
        ).fetchall()
        for task_type, kind, frequency, tasks in counted:
            key = {"agent_id": agent_id, "task_type": task_type, "failure_kind": kind}
            self._connection.execute(_CORRECT_FREQUENCY, {**key, "frequency": frequency})
            corrected += self._connection.changes()
            confidence = wilson_interval(frequency, max(tasks, frequency))[0]
            self._connection.execute(_REFRESH_CONFIDENCE, {**key, "confidence": confidence})
        return corrected

    def _extent(self, agent_id: str) -> tuple[int, int]:
        """Returns how many experiences there are, and the number of the last."""
        row: Any = self._connection.execute(
            "select count(*), coalesce(max(experience_rowid), 0) from learning_experiences"
            " where agent_id = :agent_id",
            {"agent_id": agent_id},
        ).fetchone()
        return row[0], row[1]

    def _counted(self, agent_id: str) -> list[Any]:
        """Returns (task type, strategy, uses, successes, sum of rewards), by the history."""
        return self._connection.execute(_COUNTED_STRATEGIES, {"agent_id": agent_id}).fetchall()
