"""Who wrote each pattern, and whether it is proven, on the connection of an open transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from ....schema import Provenance
from .filter_sql import json_text

__all__ = ["PatternTrust"]


class PatternTrust:
    """The columns ``origin``, ``agent_id``, ``run_id`` and ``trust`` of ``patterns``."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def get(self, rowid: int) -> tuple[Provenance, str]:
        """Returns who wrote a pattern, and its trust: trusted or unproven."""
        row: Any = self._connection.execute(
            "select origin, agent_id, run_id, trust from patterns where pattern_rowid = :rowid",
            {"rowid": rowid},
        ).fetchone()
        return Provenance(origin=row[0], agent_id=row[1], run_id=row[2]), row[3]

    def set(self, rowid: int, provenance: Provenance, trust: str) -> None:
        """Writes who wrote a pattern, and its trust."""
        self._connection.execute(
            "update patterns set origin = :origin, agent_id = :agent_id, run_id = :run_id,"
            " trust = :trust where pattern_rowid = :rowid",
            {
                "origin": provenance.origin,
                "agent_id": provenance.agent_id,
                "run_id": provenance.run_id,
                "trust": trust,
                "rowid": rowid,
            },
        )

    def sign_version(self, pattern_id: str, version: int, author: Provenance) -> None:
        """Writes who wrote an earlier content of a pattern."""
        self._connection.execute(
            "update pattern_versions set agent_id = :agent_id, run_id = :run_id"
            " where pattern_id = :id and version_number = :version",
            {
                "agent_id": author.agent_id,
                "run_id": author.run_id,
                "id": pattern_id,
                "version": version,
            },
        )

    def unproven(self) -> int:
        """Returns how many patterns are unproven."""
        count = self._connection.execute(
            "select count(*) from patterns where trust = 'unproven'"
        ).get
        return int(count)

    def unproven_of(self, agent_id: str) -> int:
        """Returns how many unproven patterns an agent has."""
        count = self._connection.execute(
            "select count(*) from patterns where trust = 'unproven' and agent_id = :agent_id",
            {"agent_id": agent_id},
        ).get
        return int(count)

    def independent_successes(self, rowid: int, author: str) -> int:
        """Returns how many agents but the author, known by name, succeeded with a pattern."""
        count = self._connection.execute(
            "select count(*) from pattern_agent_counts where pattern_rowid = :rowid"
            " and success_count > 0 and agent_id not in (:author, '', '(imported)')",
            {"rowid": rowid, "author": author},
        ).get
        return int(count)

    def sources(self) -> list[tuple[int, str, str]]:
        """Returns row number, id and source of every pattern that has a source."""
        rows: Any = self._connection.execute(
            "select pattern_rowid, id, source from patterns where source is not null"
        )
        return list(rows)

    def written_by(self, *, agent_id: str = "", run_id: str = "") -> list[tuple[int, str]]:
        """Returns row number and id of the patterns that an agent, or a run, wrote."""
        rows: Any = self._connection.execute(
            "select pattern_rowid, id from patterns"
            " where (:agent_id != '' and agent_id = :agent_id)"
            " or (:run_id != '' and run_id = :run_id)",
            {"agent_id": agent_id, "run_id": run_id},
        )
        return list(rows)

    def forget_versions(self, *, agent_id: str = "", run_id: str = "") -> int:
        """Deletes the earlier contents that an agent, or a run, wrote; returns how many."""
        self._connection.execute(
            "delete from pattern_versions where (:agent_id != '' and agent_id = :agent_id)"
            " or (:run_id != '' and run_id = :run_id)",
            {"agent_id": agent_id, "run_id": run_id},
        )
        return self._connection.changes()

    def used_by(self, agent_id: str) -> list[int]:
        """Returns the row numbers of the patterns that an agent used."""
        rows = self._connection.execute(
            "select pattern_rowid from pattern_agent_counts where agent_id = :agent_id",
            {"agent_id": agent_id},
        )
        return [int(row[0]) for row in rows]

    def forget_uses(self, agent_id: str) -> int:
        """Deletes an agent's uses of all patterns; returns how many."""
        names = {"agent_id": agent_id}
        self._connection.execute("delete from pattern_usage where agent_id = :agent_id", names)
        count = self._connection.changes()
        self._connection.execute(
            "delete from pattern_agent_counts where agent_id = :agent_id", names
        )
        return count

    def forget_quarantined(self, pattern_ids: Sequence[str]) -> None:
        """Deletes what a repair had set aside of these patterns."""
        self._connection.execute(
            "delete from repair_quarantine where pattern_id in (select value from json_each(:ids))",
            {"ids": json_text(list(pattern_ids))},
        )

    def purge_words(self) -> None:
        """Makes the word index drop the words of what was deleted, which it keeps for a while."""
        self._connection.execute("insert into patterns_fts (patterns_fts) values ('optimize')")
