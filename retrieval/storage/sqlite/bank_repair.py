"""Sets damaged rows aside and rebuilds a bank's derived data from the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apsw

from ....schema import Problem, TestPattern, utc_now
from ....schema.records.validation import MAX_COUNT
from ..use_summary import use_summary
from . import pattern_selection, pattern_table
from .bank_check import embedding_fault
from .embedding_table import EmbeddingTable
from .pattern_session import encoder_in_use, record_tokenizer_version
from .pattern_table import json_text
from .text_index import create_text_index, put_text
from .use_tables import agent_counts, recount_agents, unreadable_history
from .vector_table import create_vector_table

__all__ = ["quarantine_pattern", "quarantine_patterns", "repair_bank", "repair_patterns"]

_BELONGING = {
    "patterns": "select * from patterns where pattern_rowid = :rowid",
    "pattern_usage": "select * from pattern_usage where pattern_id = :id",
    "pattern_versions": "select * from pattern_versions where pattern_id = :id",
    "pattern_agent_counts": "select * from pattern_agent_counts where pattern_rowid = :rowid",
}

_HISTORY_KEYS = {"pattern_usage": "usage_rowid", "pattern_versions": "version_rowid"}
# Tables whose rows cannot be derived and may belong to a pattern that is gone.
_ORPHANS = {
    "pattern_usage": "select * from pattern_usage"
    " where pattern_id not in (select id from patterns)",
    "pattern_versions": "select * from pattern_versions"
    " where pattern_id not in (select id from patterns)",
}


def repair_bank(
    connection: apsw.Connection, problems: Iterable[Problem], *, has_vectors: bool
) -> tuple[str, ...]:
    """Sets damaged patterns aside, then rebuilds everything derived; returns their ids."""
    quarantined = quarantine_patterns(connection, problems)
    repair_patterns(connection, has_vectors=has_vectors)
    return quarantined


def quarantine_patterns(
    connection: apsw.Connection, problems: Iterable[Problem]
) -> tuple[str, ...]:
    """Sets the damaged patterns among the problems aside; returns the ids of those that existed."""
    reasons = {
        problem.subject: problem.message for problem in problems if problem.repair == "quarantine"
    }
    return tuple(id for id, reason in reasons.items() if quarantine_pattern(connection, id, reason))


def quarantine_pattern(connection: apsw.Connection, pattern_id: str, reason: str) -> bool:
    """Sets a damaged pattern aside with all its rows; returns whether it existed.

    Nothing is lost: the rows are kept in ``repair_quarantine`` as JSON.
    """
    rowid = connection.execute(
        "select pattern_rowid from patterns where id = :id", {"id": pattern_id}
    ).get
    if rowid is None:
        return False
    key = {"id": pattern_id, "rowid": rowid}
    content = {table: _rows(connection, query, key) for table, query in _BELONGING.items()}
    _set_aside(connection, pattern_id, reason, content)
    connection.execute("delete from patterns where pattern_rowid = :rowid", key)
    return True


def repair_patterns(connection: apsw.Connection, *, has_vectors: bool) -> int:
    """Rebuilds all derived data: keys, counters, text index, vector table.

    Embeddings of another text, and those that are not normalised, are removed.

    Returns:
        Number of patterns to re-embed.
    """
    _remove_orphans(connection)
    _reset_counters(connection)
    create_text_index(connection)
    patterns = dict(pattern_selection.iterate_patterns(connection))
    for rowid, pattern in patterns.items():
        pattern_table.rewrite_keys(connection, rowid, pattern)
        put_text(connection, rowid, pattern)
        _set_history_aside(connection, pattern.id)
        _repair_summary(connection, rowid, pattern.id)
    record_tokenizer_version(connection)
    return _repair_vectors(connection, patterns, has_vectors=has_vectors)


def _set_aside(
    connection: apsw.Connection, pattern_id: str, reason: str, content: dict[str, Any]
) -> None:
    connection.execute(
        "insert into repair_quarantine (pattern_id, reason, content, quarantined_at)"
        " values (:id, :reason, :content, :now)",
        {
            "id": pattern_id,
            "reason": reason,
            "content": json_text(content),
            "now": utc_now().isoformat(),
        },
    )


def _remove_orphans(connection: apsw.Connection) -> None:
    for table in ("pattern_tags", "pattern_bands", "pattern_agent_counts", "pattern_embeddings"):
        connection.execute(
            f"delete from {table} where pattern_rowid not in (select pattern_rowid from patterns)"
        )
    # An embedding of an unknown encoder is useless, and a later encoder could get the same row
    # number.
    connection.execute(
        "delete from pattern_embeddings"
        " where encoder_rowid not in (select encoder_rowid from encoders)"
    )
    for table, query in _ORPHANS.items():
        for row in _rows(connection, query, {}):
            _set_aside(connection, row["pattern_id"], "its pattern is gone", {table: [row]})
        connection.execute(f"delete from {table} where pattern_id not in (select id from patterns)")


def _reset_counters(connection: apsw.Connection) -> None:
    """Makes rows readable whose only fault is a counter; all of them are counted again after."""
    connection.execute(
        "update patterns set success_count = 0, usage_count = 0, evidence = 0,"
        " quality = base_quality where base_quality between 0 and 1 and not"
        " (quality between 0 and 1 and evidence between 0 and 1"
        " and usage_count between 0 and :most and success_count between 0 and usage_count)",
        {"most": MAX_COUNT},
    )


def _set_history_aside(connection: apsw.Connection, pattern_id: str) -> None:
    """Moves the uses and versions of a pattern that cannot be read to ``repair_quarantine``."""
    for table, key, fault in list(unreadable_history(connection, pattern_id)):
        column = _HISTORY_KEYS[table]
        rows = _rows(connection, f"select * from {table} where {column} = :key", {"key": key})
        _set_aside(connection, pattern_id, fault, {table: rows})
        connection.execute(f"delete from {table} where {column} = :key", {"key": key})


def _repair_summary(connection: apsw.Connection, rowid: int, pattern_id: str) -> None:
    """Recomputes a row's counters from its recorded uses."""
    recount_agents(connection, rowid, pattern_id)
    (stored,) = pattern_table.stored_at(connection, [rowid])
    counts = agent_counts(connection, rowid)
    summary = use_summary(counts, base_quality=stored.base_quality, trust=stored.trust)
    pattern_table.set_summary(connection, rowid, summary)


def _repair_vectors(
    connection: apsw.Connection, patterns: dict[int, TestPattern], *, has_vectors: bool
) -> int:
    used = encoder_in_use(connection)
    if used is None:
        return 0
    dimension = used.identity.dimension
    found: list[Any] = connection.execute(
        "select pattern_rowid, embedding, text_hash from pattern_embeddings"
        " where encoder_rowid = :encoder",
        {"encoder": used.rowid},
    ).fetchall()
    unsound = [
        rowid
        for rowid, blob, hash in found
        if rowid not in patterns or embedding_fault(blob, hash, patterns[rowid], dimension)
    ]
    connection.execute(
        "delete from pattern_embeddings where encoder_rowid = :encoder"
        " and pattern_rowid in (select value from json_each(:rowids))",
        {"encoder": used.rowid, "rowids": json_text(unsound)},
    )
    if has_vectors:
        create_vector_table(connection, dimension)
        table = EmbeddingTable(connection, used, indexed=True)
        table.rebuild(pattern_selection.iterate_patterns(connection))
        connection.execute("delete from bank_facts where key = 'vectors_pending'")
    return len(patterns) - (len(found) - len(unsound))


def _rows(
    connection: apsw.Connection, query: str, key: dict[str, str | int]
) -> list[dict[str, Any]]:
    cursor = connection.execute(query, key)
    rows = []
    for row in cursor:
        names = [column[0] for column in cursor.get_description()]
        rows.append(
            {
                name: value.hex() if isinstance(value, bytes) else value
                for name, value in zip(names, row, strict=True)
            }
        )
    return rows
