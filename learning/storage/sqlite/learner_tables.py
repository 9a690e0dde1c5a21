"""Rows about learners: their counters, switches and settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import apsw
import msgspec

from ...config import QLearningConfig

__all__ = ["AgentRow", "AgentRows"]


@dataclass(frozen=True, slots=True)
class AgentRow:
    """Where a learner stands in the database.

    ``snapshot_experience`` is the last experience that the stored Q-values contain, the
    ``snapshot_count``-th of this learner.
    """

    agent_id: str
    enabled: bool
    generation: int
    experience_count: int
    last_experience: int
    snapshot_count: int
    snapshot_experience: int
    snapshot_epsilon: float | None


class AgentRows:
    """``learning_agents``, ``learning_switches`` and ``learning_settings``."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def get(self, agent_id: str) -> AgentRow | None:
        """Returns the row of a learner; None when it never wrote anything."""
        row = self._connection.execute(_ONE, {"agent_id": agent_id}).fetchone()
        return None if row is None else _agent(row)

    def all(self) -> list[AgentRow]:
        """Returns all learners, by name."""
        return [_agent(row) for row in self._connection.execute(_ALL)]

    def add(self, agent_id: str, *, at: str) -> AgentRow:
        """Returns the row of a learner, made now if it has none."""
        self._connection.execute(
            "insert into learning_agents (agent_id, created_at, updated_at)"
            " values (:agent_id, :at, :at) on conflict (agent_id) do nothing",
            {"agent_id": agent_id, "at": at},
        )
        row = self.get(agent_id)
        if row is None:  # the insert above has just succeeded in this transaction
            raise LookupError(f"no row for agent {agent_id!r} after its insert")
        return row

    def count_experience(self, agent_id: str, experience: int, *, at: str) -> None:
        """Moves the learner on by one experience."""
        self._connection.execute(
            "update learning_agents set experience_count = experience_count + 1,"
            " last_experience = :experience, updated_at = :at where agent_id = :agent_id",
            {"agent_id": agent_id, "experience": experience, "at": at},
        )

    def mark_snapshot(
        self, agent_id: str, *, count: int, experience: int, epsilon: float | None
    ) -> None:
        """Says which prefix of the history the stored Q-values contain."""
        self._connection.execute(
            "update learning_agents set snapshot_count = :count,"
            " snapshot_experience = :experience, snapshot_epsilon = :epsilon"
            " where agent_id = :agent_id",
            {"agent_id": agent_id, "count": count, "experience": experience, "epsilon": epsilon},
        )

    def reset(self, agent_id: str, *, at: str) -> None:
        """Forgets everything of a learner but its name and its switch."""
        names = {"agent_id": agent_id}
        for statement in (
            "delete from learning_history where agent_id = :agent_id",
            "delete from learning_history_archive where agent_id = :agent_id",
            "delete from learning_daily where agent_id = :agent_id",
            "delete from q_values where agent_id = :agent_id",
            "delete from learned_patterns where agent_id = :agent_id",
            "delete from failure_patterns where agent_id = :agent_id",
            "delete from strategy_trials where agent_id = :agent_id",
        ):
            self._connection.execute(statement, names)
        self._connection.execute(
            "update learning_agents set generation = generation + 1, snapshot_count = 0,"
            " experience_count = 0, last_experience = 0, snapshot_experience = 0,"
            " snapshot_epsilon = null, updated_at = :at where agent_id = :agent_id",
            {"agent_id": agent_id, "at": at},
        )

    def set_enabled(self, agent_id: str | None, enabled: bool) -> None:
        """Switches one learner, or with None all of them together, on or off."""
        if agent_id is None:
            self._connection.execute(
                "insert into learning_switches (name, value) values ('enabled', :value)"
                " on conflict (name) do update set value = excluded.value",
                {"value": int(enabled)},
            )
        else:
            self._connection.execute(
                "update learning_agents set enabled = :value where agent_id = :agent_id",
                {"agent_id": agent_id, "value": int(enabled)},
            )

    def all_enabled(self) -> bool:
        """Returns whether the switch for all learners together is on; it is unless switched off."""
        row = self._connection.execute(
            "select value from learning_switches where name = 'enabled'"
        ).fetchone()
        return row is None or bool(row[0])

    def settings_rowid(self, config: QLearningConfig) -> int:
        """Returns the number that experiences learned with these settings refer to."""
        text = msgspec.json.encode(asdict(config)).decode()
        self._connection.execute(
            "insert into learning_settings (settings) values (:settings)"
            " on conflict (settings) do nothing",
            {"settings": text},
        )
        number = self._connection.execute(
            "select settings_rowid from learning_settings where settings = :settings",
            {"settings": text},
        ).get
        return int(number)

    def settings(self, settings_rowid: int) -> QLearningConfig:
        """Returns the settings of that number."""
        text = self._connection.execute(
            "select settings from learning_settings where settings_rowid = :settings_rowid",
            {"settings_rowid": settings_rowid},
        ).get
        return QLearningConfig(**msgspec.json.decode(text))


_COLUMNS = (
    "agent_id, enabled, generation, experience_count, last_experience, snapshot_count,"
    " snapshot_experience, snapshot_epsilon"
)
_ONE = f"select {_COLUMNS} from learning_agents where agent_id = :agent_id"
_ALL = f"select {_COLUMNS} from learning_agents order by agent_id"


def _agent(row: Any) -> AgentRow:
    return AgentRow(row[0], bool(row[1]), *row[2:])
