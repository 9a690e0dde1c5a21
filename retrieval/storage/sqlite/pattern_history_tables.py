"""What happened to a pattern: each use of it, and its content before each change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import apsw
import msgspec

from ....schema import PatternUsageContext, PatternVersion, TestPattern, utc_now

__all__ = ["PatternUses", "PatternVersions"]


class PatternUses:
    """Rows of ``pattern_usage`` on the connection of an open transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def add(self, rowid: int, pattern_id: str, use: PatternUsageContext) -> None:
        """Writes one use and counts it for its agent."""
        self.count(rowid, use.agent_id, int(use.success), 1)
        self._connection.execute(
            "insert into pattern_usage (pattern_id, agent_id, task_id, project_id, context,"
            " success, execution_time_ms, coverage_achieved, error_message, used_at)"
            " values (:pattern_id, :agent_id, :task_id, :project_id, :context, :success,"
            " :execution_time_ms, :coverage_achieved, :error_message, :used_at)",
            {
                "pattern_id": pattern_id,
                "agent_id": use.agent_id,
                "task_id": use.task_id,
                "project_id": use.project_id,
                "context": use.context,
                "success": int(use.success),
                "execution_time_ms": use.execution_time_ms,
                "coverage_achieved": use.coverage_achieved,
                "error_message": use.error_message,
                "used_at": use.used_at.isoformat(),
            },
        )

    def count(self, rowid: int, agent_id: str, success_count: int, usage_count: int) -> None:
        """Adds uses to those of an agent."""
        self._connection.execute(
            "insert into pattern_agent_counts (pattern_rowid, agent_id, success_count, usage_count)"
            " values (:rowid, :agent_id, :successes, :uses)"
            " on conflict (pattern_rowid, agent_id) do update set"
            " success_count = success_count + excluded.success_count,"
            " usage_count = usage_count + excluded.usage_count",
            {
                "rowid": rowid,
                "agent_id": agent_id,
                "successes": success_count,
                "uses": usage_count,
            },
        )

    def counts(self, rowid: int) -> list[tuple[int, int]]:
        """Returns the successes and uses of each agent that used the pattern."""
        rows = self._connection.execute(
            "select success_count, usage_count from pattern_agent_counts"
            " where pattern_rowid = :rowid",
            {"rowid": rowid},
        )
        return [(row[0], row[1]) for row in rows]

    def latest(self, pattern_id: str, limit: int) -> list[PatternUsageContext]:
        """Returns the latest uses, newest first."""
        rows = self._connection.execute(
            "select agent_id, task_id, project_id, context, success, execution_time_ms,"
            " coverage_achieved, error_message, used_at from pattern_usage"
            " where pattern_id = :id order by used_at desc, usage_rowid desc limit :limit",
            {"id": pattern_id, "limit": limit},
        )
        return [
            PatternUsageContext(
                agent_id=row[0],
                task_id=row[1],
                project_id=row[2],
                context=row[3],
                success=bool(row[4]),
                execution_time_ms=row[5],
                coverage_achieved=row[6],
                error_message=row[7],
                used_at=datetime.fromisoformat(row[8]),
            )
            for row in rows
        ]


class PatternVersions:
    """Rows of ``pattern_versions`` on the connection of an open transaction.

    Args:
        restored: Makes a pattern of a snapshot; checks what it reads.
    """

    def __init__(
        self, connection: apsw.Connection, restored: Callable[[dict[str, Any]], TestPattern]
    ) -> None:
        self._connection = connection
        self._restored = restored

    def add(self, before: TestPattern, *, change_description: str, created_by: str) -> None:
        """Keeps the full content of a pattern as it was before a change."""
        self._connection.execute(
            "insert into pattern_versions (pattern_id, version_number, snapshot,"
            " change_description, created_by, created_at)"
            " values (:id, :version, :snapshot, :change, :by, :now)",
            {
                "id": before.id,
                "version": before.version,
                "snapshot": msgspec.json.encode(before).decode("utf-8"),
                "change": change_description,
                "by": created_by,
                "now": utc_now().isoformat(),
            },
        )

    def all(self, pattern_id: str) -> list[PatternVersion]:
        """Returns the kept versions, newest first."""
        rows = self._connection.execute(
            "select snapshot, version_number, change_description, created_by, created_at"
            " from pattern_versions where pattern_id = :id order by version_number desc",
            {"id": pattern_id},
        )
        return [
            PatternVersion(
                pattern=self._restored(msgspec.json.decode(row[0])),
                version_number=row[1],
                change_description=row[2],
                created_by=row[3],
                created_at=datetime.fromisoformat(row[4]),
            )
            for row in rows
        ]
