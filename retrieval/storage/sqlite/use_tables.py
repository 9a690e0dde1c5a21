"""Reads and writes the history of patterns: uses, counts by agent, versions.

A use proves one content of a pattern, so uses and counts name its ``content_hash``; agents are
counted by their ``agent_key``. Every function works on the connection of an open transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import apsw
import msgspec

from ....schema import PatternUsageContext, PatternVersion, Provenance, agent_key, utc_now
from ....schema.records.validation import MAX_COUNT
from ...exchange.formats import pattern_from_builtins
from ..readable_rows import FAULTS, one_line, readable
from ..storage_values import Change, StoredPattern
from ..use_summary import AgentCount

__all__ = [
    "add_use",
    "add_version",
    "agent_counts",
    "agent_sums",
    "latest_uses",
    "recount_agents",
    "rows_used_by",
    "unreadable_history",
    "uses_by_agent",
    "versions_of",
]

USE_COLUMNS = (
    "agent_id, task_id, project_id, context, success, execution_time_ms, coverage_achieved,"
    " error_message, used_at, content_hash"
)
VERSION_COLUMNS = (
    "snapshot, version_number, change_description, created_by, created_at, origin, agent_id,"
    " run_id, trust"
)


def add_use(connection: apsw.Connection, stored: StoredPattern, use: PatternUsageContext) -> None:
    """Writes one use of the present content and counts it for its agent."""
    _count_use(connection, stored, use)
    connection.execute(
        "insert into pattern_usage (pattern_id, agent_id, task_id, project_id, context,"
        " success, execution_time_ms, coverage_achieved, error_message, used_at, content_hash)"
        " values (:pattern_id, :agent_id, :task_id, :project_id, :context, :success,"
        " :execution_time_ms, :coverage_achieved, :error_message, :used_at, :content_hash)",
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
            "content_hash": stored.content_hash,
        },
    )


def agent_counts(
    connection: apsw.Connection, rowid: int, content_hash: str | None = None
) -> list[AgentCount]:
    """Returns the uses of a pattern's content by agent, in order of the agents' keys.

    A damaged count is bounded, so that it can be summed.

    Args:
        content_hash: The content; None for the present one.
    """
    rows = connection.execute(
        "select agent_id, max(0, min(success_count, usage_count, :most)),"
        " max(1, min(usage_count, :most)) from pattern_agent_counts"
        " where pattern_rowid = :rowid and content_hash = coalesce(:hash,"
        " (select content_hash from patterns where pattern_rowid = :rowid)) order by agent_id",
        {"rowid": rowid, "hash": content_hash, "most": MAX_COUNT},
    )
    return list(readable(rows, AgentCount._make))


def uses_by_agent(
    connection: apsw.Connection, pattern_id: str
) -> dict[tuple[str, str], tuple[int, int]]:
    """Returns successes and uses by (content hash, agent key), summed over the recorded uses."""
    successes: Counter[tuple[str, str]] = Counter()
    uses: Counter[tuple[str, str]] = Counter()
    rows: Any = connection.execute(
        "select content_hash, agent_id, sum(success), count(*) from pattern_usage"
        " where pattern_id = :id group by content_hash, agent_id",
        {"id": pattern_id},
    )
    for content_hash, agent_id, succeeded, used in rows:
        counted = (content_hash, agent_key(agent_id))
        successes[counted] += succeeded
        uses[counted] += used
    return {counted: (successes[counted], used) for counted, used in uses.items()}


def recount_agents(connection: apsw.Connection, rowid: int, pattern_id: str) -> None:
    """Counts the uses of a pattern by agent again, from its recorded uses."""
    connection.execute(
        "delete from pattern_agent_counts where pattern_rowid = :rowid", {"rowid": rowid}
    )
    connection.executemany(
        "insert into pattern_agent_counts"
        " (pattern_rowid, content_hash, agent_id, success_count, usage_count)"
        " values (:rowid, :hash, :agent, :successes, :uses)",
        [
            {
                "rowid": rowid,
                "hash": content_hash,
                "agent": agent,
                "successes": successes,
                "uses": uses,
            }
            for (content_hash, agent), (successes, uses) in uses_by_agent(
                connection, pattern_id
            ).items()
        ],
    )


def agent_sums(connection: apsw.Connection, rowid: int) -> dict[tuple[str, str], tuple[int, int]]:
    """Returns successes and uses by (content hash, agent key), as they are counted."""
    rows = connection.execute(
        "select content_hash, agent_id, success_count, usage_count from pattern_agent_counts"
        " where pattern_rowid = :rowid",
        {"rowid": rowid},
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def unreadable_history(
    connection: apsw.Connection, pattern_id: str
) -> Iterator[tuple[str, int, str]]:
    """Yields table, row number and fault of each use and version that cannot be read."""
    id = {"id": pattern_id}
    uses = connection.execute(
        f"select {USE_COLUMNS}, usage_rowid from pattern_usage where pattern_id = :id", id
    )
    yield from (("pattern_usage", *fault) for fault in _faults(uses, _use_of))
    versions = connection.execute(
        f"select {VERSION_COLUMNS}, version_rowid from pattern_versions where pattern_id = :id", id
    )
    yield from (("pattern_versions", *fault) for fault in _faults(versions, _version_of))


def _faults(
    rows: apsw.Cursor, read: Callable[[tuple[Any, ...]], object]
) -> Iterator[tuple[int, str]]:
    """Yields row number, which is the last column, and fault of each row that cannot be read."""
    for row in rows:
        try:
            read(row[:-1])
        except FAULTS as error:
            yield int(row[-1]), one_line(error)


def latest_uses(
    connection: apsw.Connection, pattern_id: str, limit: int
) -> list[PatternUsageContext]:
    """Returns the latest uses, newest first, those of earlier contents among them."""
    rows = connection.execute(
        f"select {USE_COLUMNS} from pattern_usage"
        " where pattern_id = :id order by used_at desc, usage_rowid desc limit :limit",
        {"id": pattern_id, "limit": limit},
    )
    return list(readable(rows, _use_of))


def _use_of(row: tuple[Any, ...]) -> PatternUsageContext:
    """Returns the use in a row of ``USE_COLUMNS``, validated."""
    return PatternUsageContext(
        agent_id=row[0],
        task_id=row[1],
        project_id=row[2],
        context=row[3],
        success=bool(row[4]),
        execution_time_ms=row[5],
        coverage_achieved=row[6],
        error_message=row[7],
        used_at=datetime.fromisoformat(row[8]),
        content_hash=row[9],
    )


def add_version(connection: apsw.Connection, before: StoredPattern, change: Change) -> None:
    """Stores the content, author and trust of a pattern before a change as a version."""
    author = before.provenance
    connection.execute(
        "insert into pattern_versions (pattern_id, version_number, snapshot, change_description,"
        " created_by, created_at, origin, agent_id, run_id, trust)"
        " values (:id, :version, :snapshot, :change, :by, :now, :origin, :agent_id, :run_id,"
        " :trust)",
        {
            "id": before.pattern.id,
            "version": before.pattern.version,
            "snapshot": msgspec.json.encode(replace(before.pattern, provenance=None)).decode(),
            "change": change.description,
            "by": change.created_by,
            "now": utc_now().isoformat(),
            "origin": author.origin,
            "agent_id": author.agent_id,
            "run_id": author.run_id,
            "trust": author.trust,
        },
    )


def versions_of(connection: apsw.Connection, pattern_id: str) -> list[PatternVersion]:
    """Returns the earlier versions of a pattern, newest first."""
    rows = connection.execute(
        f"select {VERSION_COLUMNS} from pattern_versions where pattern_id = :id"
        " order by version_number desc",
        {"id": pattern_id},
    )
    return list(readable(rows, _version_of))


def _version_of(row: tuple[Any, ...]) -> PatternVersion:
    """Returns the version in a row of ``VERSION_COLUMNS``, validated."""
    author = Provenance(origin=row[5], agent_id=row[6], run_id=row[7], trust=row[8])
    return PatternVersion(
        pattern=replace(pattern_from_builtins(msgspec.json.decode(row[0])), provenance=author),
        version_number=row[1],
        change_description=row[2],
        created_by=row[3],
        created_at=datetime.fromisoformat(row[4]),
    )


def rows_used_by(connection: apsw.Connection, agent_id: str) -> list[int]:
    """Returns the row numbers of the patterns that an agent used, in whatever content."""
    rows = connection.execute(
        "select distinct pattern_rowid from pattern_agent_counts where agent_id = :agent",
        {"agent": agent_key(agent_id)},
    )
    return [int(row[0]) for row in rows]


def _count_use(
    connection: apsw.Connection, stored: StoredPattern, use: PatternUsageContext
) -> None:
    connection.execute(
        "insert into pattern_agent_counts"
        " (pattern_rowid, content_hash, agent_id, success_count, usage_count)"
        " values (:rowid, :hash, :agent, :success, 1)"
        " on conflict (pattern_rowid, content_hash, agent_id) do update set"
        " success_count = min(max(success_count, 0), max(usage_count, 0), :most)"
        " + excluded.success_count, usage_count = min(max(usage_count, 0), :most) + 1",
        {
            "most": MAX_COUNT,  # a damaged counter must not overflow
            "rowid": stored.key,
            "hash": stored.content_hash,
            "agent": agent_key(use.agent_id),
            "success": int(use.success),
        },
    )
