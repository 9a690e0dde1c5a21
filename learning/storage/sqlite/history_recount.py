"""Rows that a check compares with each other: the whole history, and what was counted of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw

from .experience_table import Transition

__all__ = ["ConsistencyRows"]


class ConsistencyRows:
    """The history with its archive, and the sums over it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def transitions(self, agent_id: str, *, until: int) -> Iterator[Transition]:
        """Yields every experience up to a number, archived ones too, in order."""
        rows = self._connection.execute(
            "select experience_rowid, state, action, reward, next_state, terminal, settings_rowid"
            " from learning_experiences where agent_id = :agent_id and experience_rowid <= :until"
            " order by experience_rowid",
            {"agent_id": agent_id, "until": until},
        )
        return map(Transition._make, rows)

    def history(self, agent_id: str) -> tuple[int, int]:
        """Returns how many experiences there are, and the number of the last."""
        row: Any = self._connection.execute(
            "select count(*), coalesce(max(experience_rowid), 0) from learning_experiences"
            " where agent_id = :agent_id",
            {"agent_id": agent_id},
        ).fetchone()
        return row[0], row[1]

    def counted(self, agent_id: str) -> dict[tuple[str, str], tuple[int, int]]:
        """Returns uses and successes by task type and strategy, counted from the history."""
        return self._pairs(
            "select task_type, strategy, count(*), sum(success) from learning_experiences"
            " where agent_id = :agent_id group by task_type, strategy",
            agent_id,
        )

    def stored(self, agent_id: str) -> dict[tuple[str, str], tuple[int, int]]:
        """Returns the same as ``learned_patterns`` has it."""
        return self._pairs(
            "select task_type, strategy, usage_count, success_count from learned_patterns"
            " where agent_id = :agent_id",
            agent_id,
        )

    def set_counters(self, agent_id: str, *, count: int, last: int) -> None:
        """Writes how many experiences a learner has, and the number of the last."""
        self._connection.execute(
            "update learning_agents set experience_count = :count, last_experience = :last,"
            " snapshot_count = min(snapshot_count, :count) where agent_id = :agent_id",
            {"agent_id": agent_id, "count": count, "last": last},
        )

    def forget_values(self, agent_id: str) -> None:
        """Deletes a learner's stored Q-values, which the history can give again."""
        self._connection.execute(
            "delete from q_values where agent_id = :agent_id", {"agent_id": agent_id}
        )

    def _pairs(self, query: str, agent_id: str) -> dict[tuple[str, str], tuple[int, int]]:
        rows: Any = self._connection.execute(query, {"agent_id": agent_id})
        return {(row[0], row[1]): (row[2], row[3]) for row in rows}
