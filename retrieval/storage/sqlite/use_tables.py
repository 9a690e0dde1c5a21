"""Reads and writes the history of patterns: uses, counts by agent, versions, authors.

Every function works on the connection of an open transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import apsw
import msgspec

from ....schema import PatternUsageContext, PatternVersion, utc_now
from ...exchange.formats import pattern_from_builtins
from ...text.pattern_text import is_from
from ..storage_values import Change, Forgotten, StoredPattern
from ..use_summary import AgentCount
from .pattern_table import json_text

__all__ = [
    "add_use",
    "add_version",
    "agent_counts",
    "count_agent",
    "forget_traces",
    "ids_written_by",
    "latest_uses",
    "rows_used_by",
    "versions_of",
]


def add_use(connection: apsw.Connection, stored: StoredPattern, use: PatternUsageContext) -> None:
    """Writes one use and counts it for its agent."""
    count_agent(connection, stored.key, AgentCount(use.agent_id, int(use.success), 1))
    connection.execute(
        "insert into pattern_usage (pattern_id, agent_id, task_id, project_id, context,"
        " success, execution_time_ms, coverage_achieved, error_message, used_at)"
        " values (:pattern_id, :agent_id, :task_id, :project_id, :context, :success,"
        " :execution_time_ms, :coverage_achieved, :error_message, :used_at)",
        {
            "pattern_id": stored.pattern.id,
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


def count_agent(connection: apsw.Connection, rowid: int, added: AgentCount) -> None:
    """Adds uses to those of an agent."""
    connection.execute(
        "insert into pattern_agent_counts (pattern_rowid, agent_id, success_count, usage_count)"
        " values (:rowid, :agent_id, :successes, :uses)"
        " on conflict (pattern_rowid, agent_id) do update set"
        " success_count = success_count + excluded.success_count,"
        " usage_count = usage_count + excluded.usage_count",
        {
            "rowid": rowid,
            "agent_id": added.agent_id,
            "successes": added.success_count,
            "uses": added.usage_count,
        },
    )


def agent_counts(connection: apsw.Connection, rowid: int) -> list[AgentCount]:
    """Returns the uses of a pattern by agent, in order of the agents' ids."""
    rows = connection.execute(
        "select agent_id, success_count, usage_count from pattern_agent_counts"
        " where pattern_rowid = :rowid order by agent_id",
        {"rowid": rowid},
    )
    return [AgentCount._make(row) for row in rows]


def latest_uses(
    connection: apsw.Connection, pattern_id: str, limit: int
) -> list[PatternUsageContext]:
    """Returns the latest uses, newest first."""
    rows = connection.execute(
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


def add_version(connection: apsw.Connection, before: StoredPattern, change: Change) -> None:
    """Stores the content and author of a pattern before a change as a version.

    The content was redacted when it was stored, though not by the rules of today.
    """
    from ...text.pattern_redaction import redacted_pattern  # no search needs it

    connection.execute(
        "insert into pattern_versions (pattern_id, version_number, snapshot,"
        " change_description, created_by, created_at, agent_id, run_id)"
        " values (:id, :version, :snapshot, :change, :by, :now, :agent_id, :run_id)",
        {
            "id": before.pattern.id,
            "version": before.pattern.version,
            "snapshot": msgspec.json.encode(redacted_pattern(before.pattern)).decode("utf-8"),
            "change": change.description,
            "by": change.created_by,
            "now": utc_now().isoformat(),
            "agent_id": before.provenance.agent_id,
            "run_id": before.provenance.run_id,
        },
    )


def versions_of(connection: apsw.Connection, pattern_id: str) -> list[PatternVersion]:
    """Returns the earlier versions of a pattern, newest first."""
    rows = connection.execute(
        "select snapshot, version_number, change_description, created_by, created_at"
        " from pattern_versions where pattern_id = :id order by version_number desc",
        {"id": pattern_id},
    )
    return [
        PatternVersion(
            pattern=pattern_from_builtins(msgspec.json.decode(row[0])),
            version_number=row[1],
            change_description=row[2],
            created_by=row[3],
            created_at=datetime.fromisoformat(row[4]),
        )
        for row in rows
    ]


def ids_written_by(
    connection: apsw.Connection, *, source: str, agent_id: str, run_id: str
) -> list[str]:
    """Returns the ids of the patterns from a source, by an agent, or from a run, by age."""
    rows: Any = connection.execute(
        "select id, source, (:agent_id != '' and agent_id = :agent_id)"
        " or (:run_id != '' and run_id = :run_id) as is_author from patterns"
        " where is_author or (:source != '' and source is not null) order by pattern_rowid",
        {"agent_id": agent_id, "run_id": run_id, "source": source},
    )
    return [id for id, place, is_author in rows if is_author or is_from(place, source)]


def rows_used_by(connection: apsw.Connection, agent_id: str) -> list[int]:
    """Returns the row numbers of the patterns that an agent used."""
    rows = connection.execute(
        "select pattern_rowid from pattern_agent_counts where agent_id = :agent_id",
        {"agent_id": agent_id},
    )
    return [int(row[0]) for row in rows]


def forget_traces(
    connection: apsw.Connection, *, ids: Sequence[str], agent_id: str, run_id: str
) -> Forgotten:
    """Deletes versions by an agent or run, the agent's uses, and rows set aside by a repair."""
    connection.execute(
        "delete from repair_quarantine where pattern_id in (select value from json_each(:ids))",
        {"ids": json_text(list(ids))},
    )
    names = {"agent_id": agent_id, "run_id": run_id}
    connection.execute(
        "delete from pattern_versions where (:agent_id != '' and agent_id = :agent_id)"
        " or (:run_id != '' and run_id = :run_id)",
        names,
    )
    versions = connection.changes()
    if not agent_id:
        return Forgotten(versions, 0)
    agent = {"agent_id": agent_id}
    connection.execute("delete from pattern_usage where agent_id = :agent_id", agent)
    uses = connection.changes()
    connection.execute("delete from pattern_agent_counts where agent_id = :agent_id", agent)
    return Forgotten(versions, uses)
