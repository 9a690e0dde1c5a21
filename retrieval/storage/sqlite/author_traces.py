"""Finds and deletes what a source, an agent or a run has left in a bank.

An agent is compared by its ``agent_key``, so its names are compared here and not in SQL. Every
function works on the connection of an open transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from ....schema import agent_key
from ...text.pattern_text import is_from
from ..readable_rows import readable, text_of
from ..storage_values import Forgotten
from .pattern_table import json_text

__all__ = ["count_traces", "count_unproven", "forget_traces", "ids_written_by"]

_VERSIONS = (
    "from pattern_versions where (agent_id in (select value from json_each(:names))"
    " or (:run_id != '' and run_id = :run_id))"
)
_USES = "from pattern_usage where agent_id in (select value from json_each(:names))"
_OF_OTHERS = " and pattern_id not in (select value from json_each(:ids))"


class _Author(NamedTuple):
    """The columns by which a pattern is found."""

    id: str
    source: str
    project: str
    agent_id: str
    run_id: str


class _Wanted(NamedTuple):
    """The authors to find; an agent is given by its key, and an empty text is nobody's."""

    source: str
    project: str
    agent: str
    run_id: str

    def includes(self, author: _Author) -> bool:
        by_agent = self.agent != "" and agent_key(author.agent_id) == self.agent
        by_run = self.run_id != "" and author.run_id == self.run_id
        return by_agent or by_run or self._includes_place(author)

    def _includes_place(self, author: _Author) -> bool:
        if self.project not in ("", author.project):
            return False
        return is_from(author.source, self.source) if self.source else self.project != ""


def count_unproven(connection: apsw.Connection, agent_id: str) -> int:
    """Returns how many patterns of an agent are unproven."""
    rows: Any = connection.execute(
        "select agent_id, count(*) from patterns where trust = 'unproven' group by agent_id"
    )
    agent = agent_key(agent_id)
    return sum(count for name, count in rows if agent_key(name) == agent)


def ids_written_by(
    connection: apsw.Connection, *, source: str, project: str, agent_id: str, run_id: str
) -> list[str]:
    """Returns the ids of the patterns from a source, by an agent, or from a run, by age."""
    if not (source or project or agent_id or run_id):
        return []
    rows = connection.execute(
        "select cast(id as blob), cast(source as blob), cast(project as blob),"
        " cast(agent_id as blob), cast(run_id as blob) from patterns order by pattern_rowid"
    )
    wanted = _Wanted(source, project, agent_key(agent_id), run_id)
    authors = (_Author(*map(text_of, row)) for row in rows)
    return [author.id for author in authors if wanted.includes(author)]


def count_traces(
    connection: apsw.Connection, *, ids: Sequence[str], agent_id: str, run_id: str
) -> Forgotten:
    """Returns how many versions and uses of other patterns ``forget_traces`` would delete."""
    values = _values(connection, ids, agent_id, run_id)
    versions = connection.execute(f"select count(*) {_VERSIONS}{_OF_OTHERS}", values).get
    uses = connection.execute(f"select count(*) {_USES}{_OF_OTHERS}", values).get
    return Forgotten(int(versions), int(uses))


def forget_traces(
    connection: apsw.Connection,
    *,
    ids: Sequence[str],
    source: str,
    project: str,
    agent_id: str,
    run_id: str,
) -> Forgotten:
    """Deletes versions by an agent or run, the agent's uses, and rows set aside by a repair."""
    _forget_quarantined(connection, ids, _Wanted(source, project, agent_key(agent_id), run_id))
    values = _values(connection, ids, agent_id, run_id)
    connection.execute(f"delete {_VERSIONS}", values)
    versions = connection.changes()
    connection.execute(f"delete {_USES}", values)
    uses = connection.changes()
    connection.execute(
        "delete from pattern_agent_counts where agent_id = :agent and :agent != ''",
        {"agent": agent_key(agent_id)},
    )
    return Forgotten(versions, uses)


def _values(
    connection: apsw.Connection, ids: Sequence[str], agent_id: str, run_id: str
) -> dict[str, str]:
    names = json_text(list(_names_of(connection, agent_id)))
    return {"names": names, "run_id": run_id, "ids": json_text(list(ids))}


def _names_of(connection: apsw.Connection, agent_id: str) -> Iterator[str]:
    """Yields the names under which an agent has left versions and uses."""
    agent = agent_key(agent_id)
    rows = connection.execute(
        "select distinct agent_id from pattern_versions"
        " union select distinct agent_id from pattern_usage"
    )
    for name in readable(rows, lambda row: str(row[0])):
        if agent and agent_key(name) == agent:
            yield name


def _forget_quarantined(connection: apsw.Connection, ids: Sequence[str], wanted: _Wanted) -> None:
    """Deletes what a repair has set aside of these patterns and of the authors."""
    rows: Any = connection.execute(
        "select quarantine_rowid, pattern_id, content from repair_quarantine"
    ).fetchall()
    deleted = set(ids)
    for rowid, id, content in rows:
        kept = {} if id in deleted else _without(content, wanted)
        if not kept:
            query = "delete from repair_quarantine where quarantine_rowid = :rowid"
            connection.execute(query, {"rowid": rowid})
        elif (text := json_text(kept)) != content:
            query = "update repair_quarantine set content = :text where quarantine_rowid = :rowid"
            connection.execute(query, {"rowid": rowid, "text": text})


def _without(content: str, wanted: _Wanted) -> dict[str, Any]:
    """Returns the rows set aside, by table, without the wanted ones; empty if none is left.

    If the pattern itself is wanted, nothing of it is left.
    """
    tables: dict[str, list[dict[str, Any]]] = msgspec.json.decode(content)
    kept = {
        table: [row for row in rows if not wanted.includes(_author_of(row))]
        for table, rows in tables.items()
    }
    if len(kept.get("patterns", ())) < len(tables.get("patterns", ())):
        return {}
    return {table: rows for table, rows in kept.items() if rows or not tables[table]}


def _author_of(row: dict[str, Any]) -> _Author:
    """Returns the author in a row that was set aside, which may lack any column."""
    return _Author("", *(str(row.get(name) or "") for name in _Author._fields[1:]))
