"""Reads and writes which project a pattern belongs to, where its test is, and whether it is gone.

Every function works on the connection of an open transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import apsw

from ....schema.records.validation import MAX_COUNT
from ...text.pattern_text import content_hash
from ..readable_rows import readable
from ..storage_values import PatternPlace, StoredPattern
from .pattern_table import json_text

__all__ = [
    "carry_uses",
    "known_projects",
    "places_of",
    "put_project",
    "rename_pattern",
    "set_gone",
    "set_place",
]


def known_projects(connection: apsw.Connection) -> dict[str, str]:
    """Returns the names of the projects by key."""
    rows = connection.execute("select key, name from projects order by name")
    return dict(readable(rows, lambda row: (str(row[0]), str(row[1]))))


def put_project(connection: apsw.Connection, key: str, name: str) -> None:
    """Records a project, or another key of a known name."""
    connection.execute("delete from projects where name = :name", {"name": name})
    connection.execute(
        "insert into projects (key, name) values (:key, :name)"
        " on conflict (key) do update set name = excluded.name",
        {"key": key, "name": name},
    )


def places_of(connection: apsw.Connection, project: str) -> list[PatternPlace]:
    """Returns where the extracted patterns of a project are from, by age."""
    rows = connection.execute(
        "select id, source, framework, gone_since is not null from patterns"
        " where project = :project and origin = 'extracted' and source is not null"
        " order by pattern_rowid",
        {"project": project},
    )
    return list(readable(rows, _place, id_at=0))


def _place(row: tuple[Any, ...]) -> PatternPlace:
    id, source, framework, gone = row
    return PatternPlace(id, source, framework, gone=bool(gone))


def set_place(connection: apsw.Connection, rowid: int, *, source: str, project: str) -> None:
    """Records where a test was found: it is not gone. Its content and version stay the same."""
    connection.execute(
        "update patterns set source = :source, project = :project, gone_since = null"
        " where pattern_rowid = :rowid",
        {"source": source, "project": project, "rowid": rowid},
    )


def set_gone(connection: apsw.Connection, ids: Sequence[str], since: datetime) -> int:
    """Records since when tests are gone; returns how many were not known to be gone."""
    connection.execute(
        "update patterns set gone_since = :since where gone_since is null"
        " and id in (select value from json_each(:ids))",
        {"since": since.isoformat(), "ids": json_text(list(ids))},
    )
    return connection.changes()


def rename_pattern(connection: apsw.Connection, stored: StoredPattern, id: str) -> StoredPattern:
    """Gives a pattern another id, under which its history goes on; returns it."""
    renamed = replace(stored.pattern, id=id)
    after = replace(stored, pattern=renamed, content_hash=content_hash(renamed))
    values = {"old": stored.pattern.id, "new": id, "hash": after.content_hash}
    connection.pragma("defer_foreign_keys", True)
    connection.execute(
        "update patterns set id = :new, content_hash = :hash where id = :old", values
    )
    for table in ("pattern_usage", "pattern_versions"):
        connection.execute(f"update {table} set pattern_id = :new where pattern_id = :old", values)
    carry_uses(connection, after, stored.content_hash)
    return after


def carry_uses(connection: apsw.Connection, stored: StoredPattern, content_hash: str) -> None:
    """Counts the uses of an earlier content as uses of the present one, which is the same test."""
    values = {
        "rowid": stored.key,
        "id": stored.pattern.id,
        "old": content_hash,
        "new": stored.content_hash,
        "most": MAX_COUNT,
    }
    connection.execute(
        "update pattern_usage set content_hash = :new"
        " where pattern_id = :id and content_hash = :old",
        values,
    )
    connection.execute(
        "insert into pattern_agent_counts"
        " (pattern_rowid, content_hash, agent_id, success_count, usage_count)"
        " select pattern_rowid, :new, agent_id, success_count, usage_count"
        " from pattern_agent_counts where pattern_rowid = :rowid and content_hash = :old"
        " on conflict (pattern_rowid, content_hash, agent_id) do update set"
        " success_count = min(:most, success_count + excluded.success_count),"
        " usage_count = min(:most, usage_count + excluded.usage_count)",
        values,
    )
    connection.execute(
        "delete from pattern_agent_counts where pattern_rowid = :rowid and content_hash = :old",
        values,
    )
