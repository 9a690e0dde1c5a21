"""Making a bank's derived data anew from its rows, and setting damaged rows aside."""

from __future__ import annotations

from typing import Any

import apsw

from ....schema import create_vector_index, create_word_index, encoder_in_use, utc_now
from ...quality.success_bound import evidence_of_agents, quality_with_use
from ...text.tokens import WORDS_VERSION
from .check import embedding_fault
from .filter_sql import json_text
from .pattern_history_tables import PatternUses
from .pattern_table import PatternRows
from .text_index import TextLeg
from .vector_index import VectorLeg

__all__ = ["quarantine_pattern", "repair_patterns"]

_BELONGING = {
    "patterns": "select * from patterns where pattern_rowid = :rowid",
    "pattern_usage": "select * from pattern_usage where pattern_id = :id",
    "pattern_versions": "select * from pattern_versions where pattern_id = :id",
    "pattern_agent_counts": "select * from pattern_agent_counts where pattern_rowid = :rowid",
}

# What cannot be derived again, of patterns that are not there.
_ORPHANS = {
    "pattern_usage": "select * from pattern_usage"
    " where pattern_id not in (select id from patterns)",
    "pattern_versions": "select * from pattern_versions"
    " where pattern_id not in (select id from patterns)",
}


def quarantine_pattern(connection: apsw.Connection, pattern_id: str, reason: str) -> bool:
    """Sets a damaged pattern aside with all that belongs to it; returns whether it was there.

    Nothing of it is lost: all its rows stand in ``repair_quarantine`` as JSON.
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
    """Makes all that is derived anew: keys, counters, words, the vector index.

    Embeddings that are not of their pattern's text, or no unit vectors, are removed.

    Returns:
        How many patterns the encoder has to embed again.
    """
    _remove_orphans(connection)
    create_word_index(connection)
    rows, words, uses = PatternRows(connection), TextLeg(connection), PatternUses(connection)
    for rowid, pattern in list(rows.each()):
        rows.write_keys_anew(rowid, pattern)
        words.put(rowid, pattern)
        _repair_counters(connection, rows, uses, rowid)
    connection.execute(
        "insert into bank_facts (key, value) values ('words_version', :version)"
        " on conflict (key) do update set value = excluded.value",
        {"version": WORDS_VERSION},
    )
    return _repair_vectors(connection, rows, has_vectors=has_vectors)


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
    # Whose encoder is unknown is of no use, and must not be taken for that of the next one.
    connection.execute(
        "delete from pattern_embeddings"
        " where encoder_rowid not in (select encoder_rowid from encoders)"
    )
    for table, query in _ORPHANS.items():
        for row in _rows(connection, query, {}):
            _set_aside(connection, row["pattern_id"], "its pattern is gone", {table: [row]})
        connection.execute(f"delete from {table} where pattern_id not in (select id from patterns)")


def _repair_counters(
    connection: apsw.Connection, rows: PatternRows, uses: PatternUses, rowid: int
) -> None:
    """Makes a row's counters the sums of those of its agents."""
    counts = uses.counts(rowid)
    successes, total = sum(one for one, _ in counts), sum(every for _, every in counts)
    query = "select base_quality, trust from patterns where pattern_rowid = :rowid"
    kept: list[Any] = connection.execute(query, {"rowid": rowid}).fetchall()
    base, trust = kept[0]
    rows.update_counters(
        rowid,
        success_count=successes,
        usage_count=total,
        evidence=evidence_of_agents(counts) if trust == "trusted" else 0.0,
        quality=quality_with_use(base, successes, total),
    )


def _repair_vectors(connection: apsw.Connection, rows: PatternRows, *, has_vectors: bool) -> int:
    used = encoder_in_use(connection)
    if used is None:
        return 0
    encoder, identity = used
    patterns = dict(rows.each())
    found: list[Any] = connection.execute(
        "select pattern_rowid, embedding, text_hash from pattern_embeddings"
        " where encoder_rowid = :encoder",
        {"encoder": encoder},
    ).fetchall()
    doomed = [
        rowid
        for rowid, blob, hash in found
        if embedding_fault(blob, hash, patterns[rowid], identity.dimension)
    ]
    connection.execute(
        "delete from pattern_embeddings where encoder_rowid = :encoder"
        " and pattern_rowid in (select value from json_each(:rowids))",
        {"encoder": encoder, "rowids": json_text(doomed)},
    )
    if has_vectors:
        create_vector_index(connection, identity.dimension)
        leg = VectorLeg(connection, encoder, identity.dimension, has_index=True)
        leg.rebuild(iter(patterns.items()))
        connection.execute("delete from bank_facts where key = 'vectors_pending'")
    return len(patterns) - (len(found) - len(doomed))


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
