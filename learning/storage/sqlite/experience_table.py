"""Reads the history: every experience, in the order in which it was committed.

Tables ``learning_history`` and ``learning_history_archive``. Each query goes over both by their
indexes, merged in order; through the view over both, the wide rows would be sorted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import apsw
import msgspec

from ....schema import Experience
from ..learning_rows import ExperienceCounts, OutcomeCount, StrategyCounts, Transition

__all__ = ["ExperienceTable"]

_STEP = "experience_rowid, state, action, reward, next_state, terminal, settings_rowid"
_IN_RANGE = (
    " where agent_id = :agent_id and experience_rowid > :after and experience_rowid <= :until"
)
_TRANSITIONS = (
    f"select {_STEP} from learning_history{_IN_RANGE}"
    f" union all select {_STEP} from learning_history_archive{_IN_RANGE}"
    " order by experience_rowid"
)
_NEWEST = _TRANSITIONS + " desc limit :limit"
_MAX_NUMBER = (1 << 63) - 1

_COLUMNS = (
    "experience_rowid, experience_id, agent_id, task_id, task_type, state, action, strategy,"
    " reward, next_state, terminal, truncated, success, explored, failure_kind,"
    " execution_time_ms, quality, coverage, patterns_used, context, timestamp"
)
_NAMES = _COLUMNS.replace(" ", "").split(",")
# Two texts, since SQLite cannot use the index for "agent_id is :agent_id or not asked for".
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
_ARCHIVED = " where agent_id = :agent_id and experience_rowid <= :last"


class ExperienceTable:
    """See ``LearningReader`` and ``LearningWriter``."""

    _connection: apsw.Connection

    def newest(self, agent_id: str, *, until: int, limit: int) -> list[Transition]:
        """See ``LearningReader``."""
        rows = self._connection.execute(
            _NEWEST, {"agent_id": agent_id, "after": 0, "until": until, "limit": limit}
        ).fetchall()
        return [Transition._make(row) for row in reversed(rows)]

    def transitions(
        self, agent_id: str, *, after: int = 0, until: int | None = None
    ) -> Iterator[Transition]:
        """See ``LearningReader``."""
        bounds = {"after": after, "until": _MAX_NUMBER if until is None else until}
        rows = self._connection.execute(_TRANSITIONS, {"agent_id": agent_id, **bounds})
        return map(Transition._make, rows)

    def experiences(
        self, agent_id: str | None, *, since: datetime | None = None, limit: int | None = None
    ) -> Iterator[Experience]:
        """See ``LearningReader``."""
        bindings = {
            "agent_id": agent_id,
            "since": since.isoformat() if since else "",
            "limit": -1 if limit is None else limit,
        }
        query = _LIST_ALL if agent_id is None else _LIST_AGENT
        return map(_experience, self._connection.execute(query, bindings))

    def experience_counts(self, agent_id: str | None) -> ExperienceCounts:
        """See ``LearningReader``."""
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
        return ExperienceCounts(int(live), int(archived))

    def successes_in_state(self, agent_id: str, state: str) -> list[StrategyCounts]:
        """See ``LearningReader``."""
        rows = self._connection.execute(
            "select strategy, sum(success), count(*) from learning_history"
            " where agent_id = :agent_id and state = :state group by strategy"
            " having sum(success) > 0 order by 1.0 * sum(success) / count(*) desc, 2 desc, 1",
            {"agent_id": agent_id, "state": state},
        )
        return [StrategyCounts._make(row) for row in rows]

    def rewards(self, agent_id: str, task_type: str, strategy: str) -> list[float]:
        """See ``LearningReader``."""
        rows = self._connection.execute(
            "select reward from learning_experiences where agent_id = :agent_id"
            " and task_type = :task_type and strategy = :strategy",
            {"agent_id": agent_id, "task_type": task_type, "strategy": strategy},
        )
        return [reward for (reward,) in rows]

    def outcome_counts(self, bounds: Sequence[datetime]) -> list[OutcomeCount]:
        """See ``LearningReader``."""
        times = [bound.isoformat() for bound in bounds]
        rows: Any = self._connection.execute(
            "select timestamp, success, reward from learning_experiences"
            " where timestamp > :since and timestamp <= :until",
            {"since": times[0], "until": times[-1]},
        )
        counts = [OutcomeCount(0, 0, 0.0, 0.0)] * len(times)
        for timestamp, success, reward in rows:  # in SQL, a row is compared with every bound
            number = bisect_left(times, timestamp) - 1
            experiences, successes, total, squares = counts[number]
            counts[number] = OutcomeCount(
                experiences + 1, successes + success, total + reward, squares + reward * reward
            )
        return counts[:-1]

    def archive(self, agent_id: str, *, keep: int, until: int) -> int:
        """See ``LearningWriter``."""
        last = self._connection.execute(
            "select experience_rowid from learning_history where agent_id = :agent_id"
            " order by experience_rowid desc limit 1 offset :keep",
            {"agent_id": agent_id, "keep": keep},
        ).get
        if last is None:
            return 0
        bounds = {"agent_id": agent_id, "last": min(int(last), until)}
        self._connection.execute(
            "insert into learning_history_archive select * from learning_history" + _ARCHIVED,
            bounds,
        )
        self._connection.execute("delete from learning_history" + _ARCHIVED, bounds)
        return self._connection.changes()


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
