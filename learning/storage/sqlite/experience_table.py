"""Rows of the history: every experience, in the order in which it was committed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import apsw
import msgspec

from ....schema import Experience

__all__ = ["HistoryRows", "Transition"]


class Transition(NamedTuple):
    """What the fold over the history needs of one experience."""

    experience: int
    state: str
    action: str
    reward: float
    next_state: str | None
    terminated: bool
    settings_rowid: int


class HistoryRows:
    """``learning_history``, its archive, and the view over both."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def has(self, experience_id: str) -> bool:
        """Returns whether this experience was recorded before."""
        return (
            self._connection.execute(
                "select 1 from learning_experiences where experience_id = :experience_id",
                {"experience_id": experience_id},
            ).fetchone()
            is not None
        )

    def append(self, experience: Experience, *, settings_rowid: int) -> int:
        """Writes one experience; returns its number, higher than all before it."""
        self._connection.execute(_INSERT, _bindings(experience, settings_rowid))
        return self._connection.last_insert_rowid()

    def after(self, agent_id: str, experience: int) -> Iterator[Transition]:
        """Yields the learner's experiences with a higher number, in order."""
        rows = self._connection.execute(
            "select experience_rowid, state, action, reward, next_state, terminal, settings_rowid"
            " from learning_history where agent_id = :agent_id and experience_rowid > :experience"
            " order by experience_rowid",
            {"agent_id": agent_id, "experience": experience},
        )
        return map(Transition._make, rows)

    def newest(self, agent_id: str, *, until: int, limit: int) -> list[Transition]:
        """Returns the last experiences up to and including number ``until``, oldest first."""
        rows = self._connection.execute(
            "select experience_rowid, state, action, reward, next_state, terminal, settings_rowid"
            " from learning_history where agent_id = :agent_id and experience_rowid <= :until"
            " order by experience_rowid desc limit :limit",
            {"agent_id": agent_id, "until": until, "limit": limit},
        ).fetchall()
        return [Transition._make(row) for row in reversed(rows)]

    def listing(
        self,
        agent_id: str | None,
        *,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Experience]:
        """Yields experiences, archived ones too, newest first."""
        bindings = {
            "agent_id": agent_id,
            "since": since.isoformat() if since else "",
            "limit": -1 if limit is None else limit,
        }
        query = _LIST_ALL if agent_id is None else _LIST_AGENT
        return map(_experience, self._connection.execute(query, bindings))

    def succeeded_in(self, agent_id: str, state: str) -> list[tuple[str, int, int]]:
        """Returns (strategy, successes, uses) of what did succeed in a state, best first."""
        rows: Any = self._connection.execute(
            "select strategy, sum(success), count(*) from learning_history"
            " where agent_id = :agent_id and state = :state group by strategy"
            " having sum(success) > 0 order by 1.0 * sum(success) / count(*) desc, 2 desc, 1",
            {"agent_id": agent_id, "state": state},
        )
        return list(rows)

    def rewards(self, agent_id: str, task_type: str, strategy: str) -> list[float]:
        """Returns the rewards of a strategy on a type of task, archived ones too."""
        rows = self._connection.execute(
            "select reward from learning_experiences where agent_id = :agent_id"
            " and task_type = :task_type and strategy = :strategy",
            {"agent_id": agent_id, "task_type": task_type, "strategy": strategy},
        )
        return [reward for (reward,) in rows]

    def archive(self, agent_id: str, *, keep: int, contained: int) -> int:
        """Moves all but the newest ``keep`` experiences into the archive; returns how many.

        Args:
            contained: Experiences above this number are not in the stored Q-values yet and stay.
        """
        row = self._connection.execute(
            "select experience_rowid from learning_history where agent_id = :agent_id"
            " order by experience_rowid desc limit 1 offset :keep",
            {"agent_id": agent_id, "keep": keep},
        ).fetchone()
        if row is None:
            return 0
        bounds = {"agent_id": agent_id, "last": min(row[0], contained)}
        self._connection.execute(
            "insert into learning_history_archive select * from learning_history"
            " where agent_id = :agent_id and experience_rowid <= :last",
            bounds,
        )
        self._connection.execute(
            "delete from learning_history where agent_id = :agent_id and experience_rowid <= :last",
            bounds,
        )
        return self._connection.changes()

    def counts(self, agent_id: str | None) -> tuple[int, int]:
        """Returns how many experiences are in the history and in its archive."""
        bindings = {"agent_id": agent_id}
        live = self._connection.execute(
            "select count(*) from learning_history where :agent_id is null or agent_id = :agent_id",
            bindings,
        ).get
        archived = self._connection.execute(
            "select count(*) from learning_history_archive"
            " where :agent_id is null or agent_id = :agent_id",
            bindings,
        ).get
        return live, archived


# Both tables by their indexes, merged in order: through the view, the wide rows would be sorted.
_COLUMNS = (
    "experience_rowid, experience_id, agent_id, task_id, task_type, state, action, strategy,"
    " reward, next_state, terminal, truncated, success, explored, failure_kind,"
    " execution_time_ms, quality, coverage, patterns_used, context, timestamp"
)
_NAMES = _COLUMNS.replace(" ", "").split(",")
_LIST_AGENT = (
    f"select {_COLUMNS} from learning_history"
    " where agent_id = :agent_id and timestamp >= :since"
    f" union all select {_COLUMNS} from learning_history_archive"
    " where agent_id = :agent_id and timestamp >= :since"
    " order by experience_rowid desc limit :limit"
)
_LIST_ALL = (
    f"select {_COLUMNS} from learning_history where timestamp >= :since"
    f" union all select {_COLUMNS} from learning_history_archive where timestamp >= :since"
    " order by experience_rowid desc limit :limit"
)


_INSERT = (
    "insert into learning_history (experience_id, agent_id, task_id, task_type, state, action,"
    " strategy, reward, next_state, terminal, truncated, success, explored, failure_kind,"
    " execution_time_ms, quality, coverage, patterns_used, context, settings_rowid, timestamp)"
    " values (:experience_id, :agent_id, :task_id, :task_type, :state, :action, :strategy,"
    " :reward, :next_state, :terminal, :truncated, :success, :explored, :failure_kind,"
    " :execution_time_ms, :quality, :coverage, :patterns_used, :context, :settings_rowid,"
    " :timestamp)"
)


def _bindings(experience: Experience, settings_rowid: int) -> dict[str, Any]:
    explored = experience.explored
    return {
        "experience_id": experience.experience_id,
        "agent_id": experience.agent_id,
        "task_id": experience.task_id,
        "task_type": experience.task_type,
        "state": experience.state,
        "action": experience.action,
        "strategy": experience.strategy,
        "reward": experience.reward,
        "next_state": experience.next_state,
        "terminal": int(experience.terminated),
        "truncated": int(experience.truncated),
        "success": int(experience.success),
        "explored": None if explored is None else int(explored),
        "failure_kind": experience.failure_kind,
        "execution_time_ms": experience.execution_time_ms,
        "quality": experience.quality,
        "coverage": experience.coverage,
        "patterns_used": experience.patterns_used,
        "context": msgspec.json.encode(experience.context).decode(),
        "settings_rowid": settings_rowid,
        "timestamp": experience.timestamp.isoformat(),
    }


def _experience(row: tuple[Any, ...]) -> Experience:
    values = dict(zip(_NAMES, row, strict=True))
    del values["experience_rowid"]
    for name in ("terminal", "truncated", "success"):
        values[name] = bool(values[name])
    if values["explored"] is not None:
        values["explored"] = bool(values["explored"])
    values["terminated"] = values.pop("terminal")
    values["context"] = msgspec.json.decode(values["context"])
    values["timestamp"] = datetime.fromisoformat(values["timestamp"])
    return Experience(**values)
