"""Reads and writes rows of ``patterns`` and the keys derived from them: tags and bands.

Every function works on the connection of an open transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import apsw
import msgspec

from ....schema import ContextPart, Placeholder, Provenance, TestPattern
from ....schema.records.validation import as_share
from ...text.minhash import MIN_SIMILARITY, bands, signature, similarity
from ...text.pattern_text import body_of
from ..readable_rows import FAULTS, damaged_bytes, readable
from ..storage_values import CandidateFacts, PatternContent, StoredPattern
from ..use_summary import UseSummary

__all__ = [
    "PATTERN_COLUMNS",
    "STORED_COLUMNS",
    "STORED_ID",
    "candidate_facts",
    "delete_row",
    "fields_of",
    "insert_row",
    "json_text",
    "pattern_of",
    "patterns_of",
    "readable_at",
    "rewrite_keys",
    "rowids_of",
    "set_summary",
    "stored_at",
    "stored_of",
    "stored_with_ids",
    "stored_without_counters",
    "unreadable_ids",
    "update_row",
]

# A new pattern is compared with at most this many; in a suite of copies, all share its bands.
MAX_COMPARED = 64

PATTERN_COLUMNS = (
    "p.id, p.name, p.description, p.category, p.framework, p.language, p.template, p.examples,"
    " p.tags, p.confidence, p.quality, p.success_rate, p.usage_count, p.version, p.source,"
    " p.created_at, p.updated_at, p.project, p.context, p.placeholders, p.gone_since, p.origin,"
    " p.agent_id, p.run_id, p.trust"
)
STORED_COLUMNS = (
    "p.pattern_rowid, p.content_hash, p.base_quality, p.success_count, p.evidence,"
    f" {PATTERN_COLUMNS}"
)
_TEXTS = msgspec.json.Decoder(list[str])
_CONTEXT = msgspec.json.Decoder(tuple[ContextPart, ...])
_PLACEHOLDERS = msgspec.json.Decoder(tuple[Placeholder, ...])
STORED_ID = 5  # where the id is among them


def stored_with_ids(connection: apsw.Connection, ids: Sequence[str]) -> list[StoredPattern]:
    """Returns the readable patterns that have these ids, in row order."""
    rows = connection.execute(
        f"select {STORED_COLUMNS} from patterns p"
        " where p.id in (select value from json_each(:ids)) order by p.pattern_rowid",
        {"ids": json_text(list(ids))},
    )
    return list(readable(rows, stored_of, id_at=STORED_ID))


def unreadable_ids(connection: apsw.Connection, ids: Sequence[str]) -> list[str]:
    """Returns those of these ids whose rows are stored and cannot be read."""
    rows = connection.execute(
        "select pattern_rowid, id from patterns where id in (select value from json_each(:ids))"
        " order by pattern_rowid",
        {"ids": json_text(list(ids))},
    )
    return [str(id) for rowid, id in rows.fetchall() if not _is_readable(connection, rowid)]


def _is_readable(connection: apsw.Connection, rowid: Any) -> bool:
    try:
        return bool(stored_at(connection, [rowid]))
    except FAULTS:
        return False


def stored_at(connection: apsw.Connection, rowids: Sequence[int]) -> list[StoredPattern]:
    """Returns the patterns in these rows, in row order.

    Raises:
        ValueError: A row holds what is no pattern; so do TypeError, OverflowError and
            ``msgspec.DecodeError``.
    """
    return [stored_of(row) for row in _select_at(connection, rowids)]


def stored_without_counters(connection: apsw.Connection, rowid: int) -> None:
    """Reads a pattern but for the columns that are counted from its uses.

    Raises:
        ValueError: It is no pattern; so do the other errors of ``stored_at``.
    """
    for row in _select_at(connection, [rowid]):
        fields = fields_of(row[STORED_ID:]) | {"quality": 0, "success_rate": 0, "usage_count": 0}
        TestPattern(**fields)
        _author_in(row[STORED_ID:])
        as_share("base_quality", row[2])


def readable_at(connection: apsw.Connection, rowids: Sequence[int]) -> list[StoredPattern]:
    """Returns the readable patterns in these rows, in row order."""
    return list(readable(_select_at(connection, rowids), stored_of, id_at=STORED_ID))


def patterns_of(connection: apsw.Connection, rowids: Sequence[int]) -> dict[int, TestPattern]:
    """Returns the readable patterns in these rows by row number; does not validate them again."""
    rows = connection.execute(
        f"select p.pattern_rowid, {PATTERN_COLUMNS} from patterns p"
        " where p.pattern_rowid in (select value from json_each(:rowids))",
        {"rowids": str(list(rowids))},
    )
    return dict(readable(rows, _numbered, id_at=1))


def _numbered(row: tuple[Any, ...]) -> tuple[int, TestPattern]:
    author = Provenance.of_stored(*row[22:26])
    return row[0], TestPattern.of_stored(**fields_of(row[1:]), provenance=author)


def candidate_facts(
    connection: apsw.Connection, rowids: Sequence[int]
) -> dict[int, CandidateFacts]:
    """Returns the facts that ranking needs of these rows, but of rows it cannot compare."""
    rows = connection.execute(
        "select pattern_rowid, id, name, category, framework, language, tags, quality,"
        " evidence, signature, trust, gone_since is not null from patterns"
        " where pattern_rowid in (select value from json_each(:rowids))"
        " and quality between 0 and 1 and evidence between 0 and 1 and length(signature) = 256",
        {"rowids": str(list(rowids))},
    )
    return {facts.key: facts for facts in readable(rows, CandidateFacts._make, id_at=1)}


def rowids_of(connection: apsw.Connection, ids: Sequence[str]) -> list[int]:
    """Returns the row numbers of the patterns that have these ids, which may be damaged ones."""
    rows = connection.execute(
        "select pattern_rowid from patterns where id in (select value from json_each(:ids))",
        {"ids": json_text(list(ids))},
    )
    found = [int(row[0]) for row in rows]
    query = "select pattern_rowid from patterns where cast(id as blob) = :id"
    for damaged in filter(None, map(damaged_bytes, ids)):
        found += [int(row[0]) for row in connection.execute(query, {"id": damaged})]
    return found


def insert_row(connection: apsw.Connection, content: PatternContent) -> tuple[int, str | None]:
    """Inserts a row with its tags; returns its row number and the id of a near-duplicate."""
    pattern = content.pattern
    own = signature(body_of(pattern))
    values = _values(content, own) | {
        "id": pattern.id,
        "version": pattern.version,
        "created_at": pattern.created_at.isoformat(),
        "updated_at": pattern.updated_at.isoformat(),
    }
    connection.execute(
        "insert into patterns (id, name, description, category, framework, language, template,"
        " examples, tags, confidence, quality, base_quality, success_count, usage_count,"
        " evidence, version, source, project, context, placeholders, gone_since, content_hash,"
        " signature, origin, agent_id, run_id, trust, created_at, updated_at)"
        " values (:id, :name, :description, :category, :framework, :language, :template,"
        " :examples, :tags, :confidence, :quality, :base_quality, :success_count,"
        " :usage_count, :evidence, :version, :source, :project, :context, :placeholders,"
        " :gone_since, :content_hash, :signature, :origin, :agent_id, :run_id, :trust,"
        " :created_at, :updated_at)",
        values,
    )
    rowid = connection.last_insert_rowid()
    own_bands = bands(own)
    duplicate = _near_duplicate(connection, own, own_bands)
    _write_keys(connection, rowid, pattern, own_bands)
    return rowid, duplicate


def update_row(
    connection: apsw.Connection,
    rowid: int,
    content: PatternContent,
    *,
    version: int,
    updated_at: datetime,
) -> None:
    """Replaces the content of a row; its id and creation time stay the same."""
    own = signature(body_of(content.pattern))
    values = _values(content, own) | {
        "version": version,
        "updated_at": updated_at.isoformat(),
        "rowid": rowid,
    }
    connection.execute(
        "update patterns set name = :name, description = :description, category = :category,"
        " framework = :framework, language = :language, template = :template,"
        " examples = :examples, tags = :tags, confidence = :confidence, quality = :quality,"
        " base_quality = :base_quality, success_count = :success_count,"
        " usage_count = :usage_count, evidence = :evidence, version = :version,"
        " source = :source, project = coalesce(nullif(:project, ''), project), context = :context,"
        " placeholders = :placeholders, gone_since = :gone_since,"
        " content_hash = :content_hash, signature = :signature,"
        " origin = :origin, agent_id = :agent_id, run_id = :run_id, trust = :trust,"
        " updated_at = :updated_at where pattern_rowid = :rowid",
        values,
    )
    _rewrite_keys(connection, rowid, content.pattern, own)


def rewrite_keys(connection: apsw.Connection, rowid: int, pattern: TestPattern) -> None:
    """Rewrites the keys derived from a pattern's content: signature, tags and bands."""
    own = signature(body_of(pattern))
    connection.execute(
        "update patterns set signature = :signature where pattern_rowid = :rowid",
        {"signature": own, "rowid": rowid},
    )
    _rewrite_keys(connection, rowid, pattern, own)


def set_summary(connection: apsw.Connection, rowid: int, summary: UseSummary) -> None:
    """Writes the counters, evidence, quality and trust of a pattern."""
    connection.execute(
        "update patterns set success_count = :success_count, usage_count = :usage_count,"
        " evidence = :evidence, quality = :quality, trust = :trust where pattern_rowid = :rowid",
        {
            "success_count": summary.success_count,
            "usage_count": summary.usage_count,
            "evidence": summary.evidence,
            "quality": summary.quality,
            "trust": summary.trust,
            "rowid": rowid,
        },
    )


def delete_row(connection: apsw.Connection, rowid: int) -> None:
    """Deletes a row; its tags, uses, versions and embeddings cascade."""
    connection.execute("delete from patterns where pattern_rowid = :rowid", {"rowid": rowid})


def _select_at(connection: apsw.Connection, rowids: Sequence[int]) -> apsw.Cursor:
    return connection.execute(
        f"select {STORED_COLUMNS} from patterns p"
        " where p.pattern_rowid in (select value from json_each(:rowids))"
        " order by p.pattern_rowid",
        {"rowids": str(list(rowids))},
    )


def _near_duplicate(
    connection: apsw.Connection, own: bytes, own_bands: Sequence[int]
) -> str | None:
    """Returns the id of the stored pattern most similar to a new one, if a near-duplicate."""
    found = connection.execute(
        "select id, signature from patterns where length(signature) = 256 and pattern_rowid in"
        " (select pattern_rowid from pattern_bands"
        "  where band in (select value from json_each(:bands)) limit :limit)",
        {"bands": str(own_bands), "limit": MAX_COMPARED},
    )
    rows: list[tuple[str, bytes]] = list(readable(found, lambda row: (row[0], row[1])))
    if not rows:
        return None
    similarities = similarity(own, [other for _, other in rows])
    best = int(similarities.argmax())
    return rows[best][0] if similarities[best] >= MIN_SIMILARITY else None


def _rewrite_keys(
    connection: apsw.Connection, rowid: int, pattern: TestPattern, own: bytes
) -> None:
    for table in ("pattern_tags", "pattern_bands"):
        connection.execute(f"delete from {table} where pattern_rowid = :rowid", {"rowid": rowid})
    _write_keys(connection, rowid, pattern, bands(own))


def _write_keys(
    connection: apsw.Connection, rowid: int, pattern: TestPattern, own_bands: Sequence[int]
) -> None:
    """Inserts the tags and bands of a pattern."""
    connection.executemany(
        "insert into pattern_tags (tag, pattern_rowid) values (:tag, :rowid)",
        [{"tag": tag, "rowid": rowid} for tag in sorted(set(map(str.casefold, pattern.tags)))],
    )
    connection.executemany(
        "insert into pattern_bands (band, pattern_rowid) values (:band, :rowid)",
        [{"band": band, "rowid": rowid} for band in own_bands],
    )


def _values(content: PatternContent, own: bytes) -> dict[str, Any]:
    pattern, summary, author = content.pattern, content.summary, content.provenance
    return {
        "name": pattern.name,
        "description": pattern.description,
        "category": pattern.category,
        "framework": pattern.framework,
        "language": pattern.language,
        "template": pattern.template,
        "examples": json_text(pattern.examples),
        "tags": json_text(pattern.tags),
        "confidence": pattern.confidence,
        "quality": summary.quality,
        "base_quality": content.base_quality,
        "success_count": summary.success_count,
        "usage_count": summary.usage_count,
        "evidence": summary.evidence,
        "source": pattern.source,
        "project": pattern.project,
        "context": json_text(pattern.context),
        "placeholders": json_text(pattern.placeholders),
        "gone_since": None if pattern.gone_since is None else pattern.gone_since.isoformat(),
        "content_hash": content.content_hash,
        "signature": own,
        "origin": author.origin,
        "agent_id": author.agent_id,
        "run_id": author.run_id,
        "trust": summary.trust,
    }


def stored_of(row: tuple[Any, ...]) -> StoredPattern:
    """Returns the pattern in a row of ``STORED_COLUMNS``, validated.

    Raises:
        ValueError: It is no pattern; so do TypeError, OverflowError and ``msgspec.DecodeError``.
    """
    author = _author_in(row[STORED_ID:])
    return StoredPattern(
        key=row[0],
        pattern=TestPattern(**fields_of(row[STORED_ID:]), provenance=author),
        content_hash=row[1],
        base_quality=as_share("base_quality", row[2]),
        success_count=row[3],
        evidence=row[4],
        provenance=author,
    )


def pattern_of(row: tuple[Any, ...]) -> TestPattern:
    """Returns the pattern in a row of ``PATTERN_COLUMNS``, validated."""
    return TestPattern(**fields_of(row), provenance=_author_in(row))


def _author_in(row: tuple[Any, ...]) -> Provenance:
    return Provenance(origin=row[21], agent_id=row[22], run_id=row[23], trust=row[24])


def fields_of(row: tuple[Any, ...]) -> dict[str, Any]:
    """Returns the fields of the pattern in a row of ``PATTERN_COLUMNS``."""
    return {
        "id": row[0],
        "name": row[1],
        "description": row[2],
        "category": row[3],
        "framework": row[4],
        "language": row[5],
        "template": row[6],
        "examples": tuple(_TEXTS.decode(row[7])),
        "tags": tuple(_TEXTS.decode(row[8])),
        "confidence": row[9],
        "quality": row[10],
        "success_rate": row[11] if row[12] else None,
        "usage_count": row[12],
        "version": row[13],
        "source": row[14],
        "created_at": datetime.fromisoformat(row[15]),
        "updated_at": datetime.fromisoformat(row[16]),
        "project": row[17],
        "context": _CONTEXT.decode(row[18]),
        "placeholders": _PLACEHOLDERS.decode(row[19]),
        "gone_since": None if row[20] is None else datetime.fromisoformat(row[20]),
    }


def json_text(value: object) -> str:
    """Returns the value as JSON text for ``json_each``."""
    try:
        return msgspec.json.encode(value).decode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate; escaped, it matches nothing that is stored
        return json.dumps(value)
