"""Rows of the improvement loop: what each cycle did, and which loop is running."""

from __future__ import annotations

from typing import NamedTuple

import apsw

__all__ = ["CycleRow", "ImprovementRows", "LoopRow", "StageRow"]


class StageRow(NamedTuple):
    """What one stage of a cycle did and why; ``error`` is None when it ended well."""

    stage: str
    duration_ms: float
    changed: int
    summary: str
    error: str | None


class CycleRow(NamedTuple):
    """One cycle; ``finished_at`` is None while it runs, and for ever when it was killed."""

    cycle: int
    started_at: str
    finished_at: str | None
    status: str


class LoopRow(NamedTuple):
    """The last loop that was started on this database."""

    process_id: int
    host: str
    interval_s: float
    started_at: str
    heartbeat_at: str
    stop_requested_at: str | None
    ended_at: str | None


class ImprovementRows:
    """``improvement_cycles``, ``improvement_stages`` and ``improvement_loop``."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def begin_cycle(self, *, at: str) -> int:
        """Writes a cycle that has just begun; returns its number."""
        self._connection.execute(
            "insert into improvement_cycles (started_at, status) values (:at, 'running')",
            {"at": at},
        )
        return self._connection.last_insert_rowid()

    def put_stage(self, cycle: int, stage: StageRow) -> None:
        """Writes what a stage of the cycle did."""
        self._connection.execute(
            "insert into improvement_stages (cycle_rowid, stage, duration_ms, changed, summary,"
            " error) values (:cycle, :stage, :duration_ms, :changed, :summary, :error)",
            {"cycle": cycle, **stage._asdict()},
        )

    def end_cycle(self, cycle: int, *, status: str, at: str) -> None:
        """Closes a cycle as ``done`` or ``failed``."""
        self._connection.execute(
            "update improvement_cycles set finished_at = :at, status = :status"
            " where cycle_rowid = :cycle",
            {"cycle": cycle, "status": status, "at": at},
        )

    def cycles(self, *, limit: int) -> list[CycleRow]:
        """Returns the last cycles, newest first."""
        rows = self._connection.execute(
            "select cycle_rowid, started_at, finished_at, status from improvement_cycles"
            " order by cycle_rowid desc limit :limit",
            {"limit": limit},
        )
        return [CycleRow._make(row) for row in rows]

    def cycle_count(self) -> int:
        """Returns how many cycles were begun."""
        count = self._connection.execute("select count(*) from improvement_cycles").get
        return int(count)

    def last_closed(self) -> CycleRow | None:
        """Returns the last cycle that ended well."""
        row = self._connection.execute(
            "select cycle_rowid, started_at, finished_at, status from improvement_cycles"
            " where status = 'done' order by cycle_rowid desc limit 1"
        ).fetchone()
        return None if row is None else CycleRow._make(row)

    def stages(self, cycle: int) -> list[StageRow]:
        """Returns what the stages of a cycle did."""
        rows = self._connection.execute(
            "select stage, duration_ms, changed, summary, error from improvement_stages"
            " where cycle_rowid = :cycle order by stage_rowid",
            {"cycle": cycle},
        )
        return [StageRow._make(row) for row in rows]

    def last_error(self) -> tuple[int, str, str] | None:
        """Returns (cycle, stage, error) of the last stage that failed."""
        return self._connection.execute(
            "select cycle_rowid, stage, error from improvement_stages where error is not null"
            " order by stage_rowid desc limit 1"
        ).fetchone()

    def loop(self) -> LoopRow | None:
        """Returns the last loop that was started here."""
        row = self._connection.execute(
            "select process_id, host, interval_s, started_at, heartbeat_at, stop_requested_at,"
            " ended_at from improvement_loop"
        ).fetchone()
        return None if row is None else LoopRow._make(row)

    def begin_loop(self, process_id: int, host: str, interval_s: float, *, at: str) -> None:
        """Registers a loop in the place of the one before it."""
        self._connection.execute("delete from improvement_loop")
        self._connection.execute(
            "insert into improvement_loop (loop_rowid, process_id, host, interval_s, started_at,"
            " heartbeat_at) values (1, :process_id, :host, :interval_s, :at, :at)",
            {"process_id": process_id, "host": host, "interval_s": interval_s, "at": at},
        )

    def beat(self, process_id: int, *, at: str) -> None:
        """Says that the loop of this process is alive."""
        self._connection.execute(
            "update improvement_loop set heartbeat_at = :at where process_id = :process_id",
            {"process_id": process_id, "at": at},
        )

    def request_stop(self, *, at: str) -> None:
        """Asks the running loop to stop."""
        self._connection.execute("update improvement_loop set stop_requested_at = :at", {"at": at})

    def end_loop(self, process_id: int, *, at: str) -> None:
        """Says that the loop of this process has ended."""
        self._connection.execute(
            "update improvement_loop set ended_at = :at where process_id = :process_id",
            {"process_id": process_id, "at": at},
        )
