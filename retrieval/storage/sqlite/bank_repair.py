"""Sets damaged rows aside and rebuilds a bank's derived data from the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import apsw
import msgspec

from ....schema import InterchangeError, Problem, TestPattern, utc_now
from ....schema.records.validation import MAX_COUNT
from ...exchange.formats import pattern_from_builtins
from ...text.pattern_text import content_hash
from ..use_summary import use_summary
from . import pattern_selection, pattern_table
from .bank_check import embedding_fault
from .embedding_table import encoder_in_use
from .pattern_session import record_tokenizer_version
from .pattern_table import json_text
from .text_index import create_text_index, optimize_text_index, put_text
from .use_tables import agent_counts, recount_agents, unreadable_history

__all__ = [
    "quarantine_pattern",
    "quarantine_patterns",
    "redact_bank",
    "repair_bank",
    "repair_patterns",
]

_BELONGING = {
    "patterns": "select * from patterns where pattern_rowid = :rowid",
    "pattern_usage": "select * from pattern_usage where pattern_id = :id",
    "pattern_versions": "select * from pattern_versions where pattern_id = :id",
    "pattern_agent_counts": "select * from pattern_agent_counts where pattern_rowid = :rowid",
}

_HISTORY_KEYS = {"pattern_usage": "usage_rowid", "pattern_versions": "version_rowid"}

# The texts of users beside those of patterns themselves: statement and query.
_REDACTED = (
    (
        "update patterns set agent_id = :agent_id, run_id = :run_id"
        " where pattern_rowid = :pattern_rowid",
        "select pattern_rowid, agent_id, run_id from patterns",
    ),
    (
        "update pattern_usage set agent_id = :agent_id, task_id = :task_id,"
        " project_id = :project_id, context = :context, error_message = :error_message"
        " where usage_rowid = :usage_rowid",
        "select usage_rowid, agent_id, task_id, project_id, context, error_message"
        " from pattern_usage",
    ),
    (
        "update pattern_versions set snapshot = :snapshot, change_description ="
        " :change_description, created_by = :created_by, agent_id = :agent_id, run_id = :run_id"
        " where version_rowid = :version_rowid",
        "select version_rowid, snapshot, change_description, created_by, agent_id, run_id"
        " from pattern_versions",
    ),
    (
        "update projects set name = :name where key = :key",
        "select key, name from projects",
    ),
    (
        "update repair_quarantine set pattern_id = :pattern_id, reason = :reason,"
        " content = :content where quarantine_rowid = :quarantine_rowid",
        "select quarantine_rowid, pattern_id, reason, content from repair_quarantine",
    ),
)

# Tables whose rows cannot be derived and may belong to a pattern that is gone.
_ORPHANS = {
    "pattern_usage": "select * from pattern_usage"
    " where pattern_id not in (select id from patterns)",
    "pattern_versions": "select * from pattern_versions"
    " where pattern_id not in (select id from patterns)",
}


def repair_bank(connection: apsw.Connection, problems: Iterable[Problem]) -> tuple[str, ...]:
    """Sets damaged patterns aside, then rebuilds everything derived; returns their ids."""
    quarantined = quarantine_patterns(connection, problems)
    repair_patterns(connection)
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


def repair_patterns(connection: apsw.Connection) -> int:
    """Rebuilds all derived data: keys, counters, text index.

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
    return _remove_unsound_embeddings(connection, patterns)


def redact_bank(connection: apsw.Connection) -> None:
    """Redacts every table of the bank, inside an open writing transaction.

    Hashes and keys follow the new texts. Embeddings of changed texts are removed, so that
    re-embedding makes them again; no word of the old texts stays in the full-text index.
    """
    connection.pragma("defer_foreign_keys", True)
    for rowid, pattern in list(pattern_selection.iterate_patterns(connection)):
        _redact_pattern(connection, rowid, pattern)
    for statement, query in _REDACTED:
        for row in _rows(connection, query, {}):
            clean = {name: _redacted_value(connection, name, value) for name, value in row.items()}
            if clean != row:
                connection.execute(statement, clean)
    repair_patterns(connection)
    optimize_text_index(connection)


def _redact_pattern(connection: apsw.Connection, rowid: int, pattern: TestPattern) -> None:
    """Redacts the texts of a pattern; one that becomes too large is set aside, redacted."""
    from ...text.pattern_redaction import redacted_pattern

    try:
        clean = redacted_pattern(pattern)
    except ValueError as error:
        quarantine_pattern(connection, pattern.id, str(error))
        return
    if clean is pattern:
        return
    if clean.id != pattern.id and pattern_table.rowids_of(connection, [clean.id]):
        quarantine_pattern(connection, pattern.id, "its id was a secret that another one had")
        return
    connection.execute(
        "update patterns set id = :id, name = :name, description = :description,"
        " template = :template, examples = :examples, tags = :tags, source = :source,"
        " project = :project, context = :context, placeholders = :placeholders,"
        " content_hash = :content_hash where pattern_rowid = :rowid",
        {
            "id": clean.id,
            "name": clean.name,
            "description": clean.description,
            "template": clean.template,
            "examples": json_text(clean.examples),
            "tags": json_text(clean.tags),
            "source": clean.source,
            "project": clean.project,
            "context": json_text(clean.context),
            "placeholders": json_text(clean.placeholders),
            "content_hash": content_hash(clean),
            "rowid": rowid,
        },
    )
    _keep_proof(connection, pattern, clean)
    for table in ("pattern_usage", "pattern_versions"):
        connection.execute(
            f"update {table} set pattern_id = :new where pattern_id = :old",
            {"new": clean.id, "old": pattern.id},
        )


def _keep_proof(connection: apsw.Connection, before: TestPattern, clean: TestPattern) -> None:
    """Lets the uses of a content count for the same content without its secrets."""
    connection.execute(
        "update pattern_usage set content_hash = :new where content_hash = :old",
        {"new": content_hash(clean), "old": content_hash(before)},
    )


def _redacted_value(connection: apsw.Connection, column: str, value: Any) -> Any:
    """Returns a column of a row without secrets; ids and JSON keep their form."""
    from ....schema.redaction.stored_text import redacted_json, redacted_text
    from ...text.pattern_redaction import redacted_id

    if not isinstance(value, str):
        return value
    if column == "pattern_id":
        return redacted_id(value)
    if column == "snapshot":
        return _redacted_snapshot(connection, value)
    if column == "content":
        return json_text(redacted_json(msgspec.json.decode(value)))
    return redacted_text(value)


def _redacted_snapshot(connection: apsw.Connection, snapshot: str) -> str:
    """Returns an earlier version, redacted as its pattern was."""
    from ....schema.redaction.stored_text import redacted_json
    from ...text.pattern_redaction import redacted_pattern

    value = msgspec.json.decode(snapshot)
    try:
        pattern = pattern_from_builtins(value)
        clean = redacted_pattern(pattern)
    except (InterchangeError, ValueError):  # damaged, or too large now: redacted as plain JSON
        return json_text(redacted_json(value))
    if clean is pattern:
        return snapshot
    _keep_proof(connection, pattern, clean)
    return msgspec.json.encode(replace(clean, provenance=None)).decode()


def _set_aside(
    connection: apsw.Connection, pattern_id: str, reason: str, content: dict[str, Any]
) -> None:
    from ....schema.redaction.stored_text import redacted_json, redacted_text  # no search needs it

    connection.execute(
        "insert into repair_quarantine (pattern_id, reason, content, quarantined_at)"
        " values (:id, :reason, :content, :now)",
        {
            "id": pattern_id,
            "reason": redacted_text(reason),
            "content": json_text(redacted_json(content)),
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


def _remove_unsound_embeddings(
    connection: apsw.Connection, patterns: dict[int, TestPattern]
) -> int:
    """Removes embeddings that cannot be used; returns how many patterns have none then."""
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
