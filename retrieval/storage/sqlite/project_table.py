"""Reads and writes which project a pattern belongs to, where its test is, and whether it is gone.

A session of a bank includes these methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import apsw

from ....schema.records.pattern_parts import ContextPart
from ....schema.records.validation import MAX_COUNT
from ...text.pattern_text import content_hash
from ..readable_rows import readable
from ..storage_values import PatternPlace, StoredPattern
from .pattern_table import json_text

__all__ = ["SQLiteProjectSession"]


class SQLiteProjectSession:
    """The project tables inside one transaction; see ``ProjectWriter``."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection

    def projects(self) -> dict[str, str]:
        """Returns the names of the projects by key."""
        rows = self.connection.execute("select key, name from projects order by name")
        return dict(readable(rows, lambda row: (str(row[0]), str(row[1]))))

    def put_project(self, key: str, name: str) -> None:
        """Records a project, or another key of a known name."""
        self.connection.execute(
            "insert into projects (key, name) values (:key, :name)"
            " on conflict (name) do update set key = excluded.key",
            {"key": key, "name": name},
        )

    def places(self, project: str) -> list[PatternPlace]:
        """Returns where the extracted patterns of a project are from, by age."""
        rows = self.connection.execute(
            "select id, source, framework, gone_since is not null, created_at from patterns"
            " where project = :project and origin = 'extracted' and source is not null"
            " order by pattern_rowid",
            {"project": project},
        )
        return list(readable(rows, _place, id_at=0))

    def settled_at(self, project: str) -> datetime | None:
        """Returns when a project was last settled; None if it never was."""
        settled = self.connection.execute(
            "select settled_at from projects where name = :name", {"name": project}
        ).get
        return None if settled is None else datetime.fromisoformat(settled)

    def set_settled(self, projects: Sequence[str], at: datetime) -> None:
        """Records that projects are settled."""
        self.connection.execute(
            "update projects set settled_at = :at"
            " where name in (select value from json_each(:names))",
            {"at": at.isoformat(), "names": json_text(list(projects))},
        )

    def set_place(
        self,
        rowid: int,
        *,
        source: str,
        project: str,
        context: Sequence[ContextPart] | None = None,
    ) -> None:
        """Records where a test was found: it is not gone. Its content and version stay the same."""
        self.connection.execute(
            "update patterns set source = :source, project = :project, gone_since = null,"
            " context = coalesce(:context, context) where pattern_rowid = :rowid",
            {
                "source": source,
                "project": project,
                "rowid": rowid,
                "context": None if context is None else json_text(context),
            },
        )

    def set_gone(self, ids: Sequence[str], since: datetime) -> int:
        """Records since when tests are gone; returns how many were not known to be gone."""
        self.connection.execute(
            "update patterns set gone_since = :since where gone_since is null"
            " and id in (select value from json_each(:ids))",
            {"since": since.isoformat(), "ids": json_text(list(ids))},
        )
        return self.connection.changes()

    def rename(self, stored: StoredPattern, id: str) -> StoredPattern:
        """Gives a pattern another id, under which its history continues; returns it."""
        renamed = replace(stored.pattern, id=id)
        after = replace(stored, pattern=renamed, content_hash=content_hash(renamed))
        values = {"old": stored.pattern.id, "new": id, "hash": after.content_hash}
        self.connection.pragma("defer_foreign_keys", True)
        self.connection.execute(
            "update patterns set id = :new, content_hash = :hash where id = :old", values
        )
        for table in ("pattern_usage", "pattern_versions"):
            self.connection.execute(
                f"update {table} set pattern_id = :new where pattern_id = :old", values
            )
        self.carry_uses(after, stored.content_hash)
        return after

    def carry_uses(self, stored: StoredPattern, content_hash: str) -> None:
        """Counts the uses of an earlier content as uses of the present one."""
        _move_uses(self.connection, stored, stored.pattern.id, stored.key, content_hash)

    def take_over(self, heir: StoredPattern, stored: StoredPattern) -> None:
        """Moves uses and versions of a pattern to its successor; uses of its content prove that."""
        _move_uses(self.connection, heir, stored.pattern.id, stored.key, stored.content_hash)
        values = {"old": stored.pattern.id, "new": heir.pattern.id, "rowid": heir.key}
        self.connection.execute(
            "update pattern_versions set pattern_id = :new where pattern_id = :old", values
        )
        self.connection.execute(
            "update patterns set version = :version, created_at = :created_at"
            " where pattern_rowid = :rowid",
            {
                "version": stored.pattern.version + 1,
                "created_at": stored.pattern.created_at.isoformat(),
                "rowid": heir.key,
            },
        )


def _place(row: tuple[Any, ...]) -> PatternPlace:
    id, source, framework, gone, created_at = row
    return PatternPlace(id, source, framework, bool(gone), datetime.fromisoformat(created_at))


def _move_uses(
    connection: apsw.Connection, heir: StoredPattern, id: str, rowid: int, content_hash: str
) -> None:
    """Gives a pattern the uses of another row; those of one content become those of its own."""
    values = {
        "old_id": id,
        "new_id": heir.pattern.id,
        "old_rowid": rowid,
        "new_rowid": heir.key,
        "old": content_hash,
        "new": heir.content_hash,
        "most": MAX_COUNT,
    }
    connection.execute(
        "update pattern_usage set pattern_id = :new_id,"
        " content_hash = iif(content_hash = :old, :new, content_hash) where pattern_id = :old_id",
        values,
    )
    counts = connection.execute(
        "select iif(content_hash = :old, :new, content_hash), agent_id, success_count, usage_count"
        " from pattern_agent_counts where pattern_rowid = :old_rowid"
        " and (:old_rowid != :new_rowid or content_hash = :old)",
        values,
    ).fetchall()
    connection.execute(
        "delete from pattern_agent_counts where pattern_rowid = :old_rowid"
        " and (:old_rowid != :new_rowid or content_hash = :old)",
        values,
    )
    connection.executemany(
        "insert into pattern_agent_counts"
        " (content_hash, agent_id, success_count, usage_count, pattern_rowid)"
        " values (:hash, :agent, :successes, :uses, :rowid)"
        " on conflict (pattern_rowid, content_hash, agent_id) do update set"
        " success_count = min(:most, success_count + excluded.success_count),"
        " usage_count = min(:most, usage_count + excluded.usage_count)",
        [
            {
                "hash": hash,
                "agent": agent,
                "successes": successes,
                "uses": uses,
                "rowid": heir.key,
                "most": MAX_COUNT,
            }
            for hash, agent, successes, uses in counts
        ],
    )
