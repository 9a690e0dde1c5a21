"""Keeps what each improvement cycle did, and which loop is running.

Tables ``improvement_cycles``, ``improvement_stages`` and ``improvement_loop``.
"""

from __future__ import annotations

import apsw

from ..learning_rows import CycleRow, ImprovementStatus, LoopRow, StageError, StageRow

__all__ = ["CycleTables"]

_CYCLES = "select cycle_rowid, started_at, finished_at, status from improvement_cycles"
_LAST = " order by cycle_rowid desc limit :limit"


class CycleTables:
    """See ``LearningReader`` and ``LearningWriter``."""

    _connection: apsw.Connection

    def loop(self) -> LoopRow | None:
        """See ``LearningReader``."""
        row = self._connection.execute(
            "select process_id, host, interval_s, started_at, heartbeat_at, stop_requested_at,"
            " ended_at from improvement_loop"
        ).fetchone()
        return None if row is None else LoopRow._make(row)

    def improvement_status(self, *, limit: int) -> ImprovementStatus:
        """See ``LearningReader``."""
        count = self._connection.execute("select count(*) from improvement_cycles").get
        cycles = self._cycles(_CYCLES + _LAST, limit)
        closed = self._cycles(_CYCLES + " where status = 'done'" + _LAST, 1)
        error = self._connection.execute(
            "select cycle_rowid, stage, error from improvement_stages where error is not null"
            " order by stage_rowid desc limit 1"
        ).fetchone()
        standings = self._connection.execute(
            "select standing, count(*) from learned_patterns group by standing"
        )
        return ImprovementStatus(
            loop=self.loop(),
            cycle_count=int(count),
            cycles=cycles,
            stages=self._stages(cycles[0].cycle) if cycles else (),
            last_closed=closed[0] if closed else None,
            last_error=None if error is None else StageError._make(error),
            standings=dict(standings),
        )

    def begin_cycle(self, *, at: str) -> int:
        """See ``LearningWriter``."""
        self._connection.execute(
            "insert into improvement_cycles (started_at, status) values (:at, 'running')",
            {"at": at},
        )
        return self._connection.last_insert_rowid()

    def put_stage(self, cycle: int, stage: StageRow) -> None:
        """See ``LearningWriter``."""
        self._connection.execute(
            "insert into improvement_stages (cycle_rowid, stage, duration_ms, changed, summary,"
            " error) values (:cycle, :stage, :duration_ms, :changed, :summary, :error)",
            {"cycle": cycle, **stage._asdict()},
        )

    def end_cycle(self, cycle: CycleRow) -> None:
        """See ``LearningWriter``."""
        self._connection.execute(
            "update improvement_cycles set finished_at = :finished_at, status = :status"
            " where cycle_rowid = :cycle",
            cycle._asdict(),
        )

    def put_loop(self, loop: LoopRow) -> None:
        """See ``LearningWriter``."""
        self._connection.execute("delete from improvement_loop")
        self._connection.execute(
            "insert into improvement_loop (loop_rowid, process_id, host, interval_s, started_at,"
            " heartbeat_at, stop_requested_at, ended_at) values (1, :process_id, :host,"
            " :interval_s, :started_at, :heartbeat_at, :stop_requested_at, :ended_at)",
            loop._asdict(),
        )

    def _cycles(self, query: str, limit: int) -> tuple[CycleRow, ...]:
        rows = self._connection.execute(query, {"limit": limit})
        return tuple(CycleRow._make(row) for row in rows)

    def _stages(self, cycle: int) -> tuple[StageRow, ...]:
        rows = self._connection.execute(
            "select stage, duration_ms, changed, summary, error from improvement_stages"
            " where cycle_rowid = :cycle order by stage_rowid",
            {"cycle": cycle},
        )
        return tuple(StageRow._make(row) for row in rows)
