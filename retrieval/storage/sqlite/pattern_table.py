"""The rows of ``patterns``: reading, writing, listing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import apsw
import msgspec

from ....schema import PatternSearchCriteria, TestPattern
from ...text.minhash import MIN_SIMILARITY, bands, signature, similarity
from ...text.pattern_text import body_of
from .filter_sql import json_text, pattern_conditions

__all__ = ["SORT_KEYS", "CandidateRow", "PatternRows", "SortKey", "StoredPattern", "content_hash"]

SortKey = Literal["evidence", "quality", "usage", "created"]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)

# Patterns that one new pattern is compared with; a suite of copies could share its bands.
MAX_COMPARED = 64

_COLUMNS = (
    "p.id, p.name, p.description, p.category, p.framework, p.language, p.template, p.examples,"
    " p.tags, p.confidence, p.quality, p.success_rate, p.usage_count, p.version, p.source,"
    " p.created_at, p.updated_at"
)
_STORED_COLUMNS = (
    f"p.pattern_rowid, p.content_hash, p.base_quality, p.success_count, p.evidence, {_COLUMNS}"
)
_ORDER: dict[SortKey, str] = {
    "evidence": "p.evidence desc, p.quality desc, p.id",
    "quality": "p.quality desc, p.id",
    "usage": "p.usage_count desc, p.id",
    "created": "p.created_at desc, p.id",
}


@dataclass(frozen=True, slots=True)
class StoredPattern:
    """A pattern with what the bank keeps beside it."""

    pattern_rowid: int
    pattern: TestPattern
    content_hash: str
    base_quality: float
    success_count: int
    evidence: float


class CandidateRow(NamedTuple):
    """What the rules need to know of a candidate, without its code.

    A named tuple, since each search makes about a hundred: five times as fast as a dataclass.
    """

    pattern_rowid: int
    id: str
    name: str
    category: str
    framework: str
    language: str
    tags: str  # the JSON text: its words are looked at, not its structure
    quality: float
    evidence: float
    signature: bytes
    trust: str


def content_hash(pattern: TestPattern) -> str:
    """Returns the SHA-256 of what makes a version: everything but counters, times and place."""
    content = (
        pattern.id,
        pattern.name,
        pattern.description,
        pattern.category,
        pattern.framework,
        pattern.language,
        pattern.template,
        list(pattern.examples),
        sorted(pattern.tags),
        pattern.confidence,
    )
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


class PatternRows:
    """Reads and writes rows of ``patterns`` on the connection of an open transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def get(self, id: str) -> StoredPattern | None:
        """Returns the pattern with this id, or None."""
        return next(self.get_many([id]), None)

    def get_many(self, ids: Iterable[str]) -> Iterator[StoredPattern]:
        """Yields the patterns that have these ids, in the order of the bank."""
        return self._stored(
            "p.id in (select value from json_each(:keys))", {"keys": json_text(list(ids))}
        )

    def get_stored(self, rowid: int) -> StoredPattern | None:
        """Returns the pattern with this row number and what is kept beside it, or None."""
        return next(self._stored("p.pattern_rowid = :rowid", {"rowid": rowid}), None)

    def get_by_rowid(self, rowids: Sequence[int]) -> dict[int, TestPattern]:
        """Returns the patterns with these row numbers, as they were checked when stored."""
        rows = self._connection.execute(
            f"select p.pattern_rowid, {_COLUMNS} from patterns p"
            " where p.pattern_rowid in (select value from json_each(:keys))",
            {"keys": json_text(list(rowids))},
        )
        return {row[0]: TestPattern.of_stored(**_fields(row[1:])) for row in rows}

    def ids_starting_with(self, prefix: str, limit: int) -> list[str]:
        """Returns up to ``limit`` ids that begin with ``prefix``, in order."""
        # Ids are ASCII (a check of the record), so DEL follows every legal character.
        rows = self._connection.execute(
            "select id from patterns where id >= :low and id < :high order by id limit :limit",
            {"low": prefix, "high": prefix + "\x7f", "limit": limit},
        )
        return [row[0] for row in rows]

    def others(self, ids: Iterable[str]) -> list[int]:
        """Returns the row numbers of all patterns but those with these ids."""
        rows = self._connection.execute(
            "select pattern_rowid from patterns"
            " where id not in (select value from json_each(:ids))",
            {"ids": json_text(list(ids))},
        )
        return [row[0] for row in rows]

    def candidates(self, rowids: Sequence[int]) -> dict[int, CandidateRow]:
        """Returns what the rules need of these rows."""
        rows = self._connection.execute(
            "select pattern_rowid, id, name, category, framework, language, tags, quality,"
            " evidence, signature, trust from patterns"
            " where pattern_rowid in (select value from json_each(:keys))",
            {"keys": json_text(list(rowids))},
        )
        return {row[0]: CandidateRow._make(row) for row in rows}

    def select(
        self, criteria: PatternSearchCriteria, *, order: SortKey, limit: int
    ) -> list[StoredPattern]:
        """Returns the patterns that meet all criteria (their query aside), best first."""
        conditions = pattern_conditions(criteria)
        rows = self._connection.execute(
            f"select {_STORED_COLUMNS} from patterns p{conditions.sql('where')}"
            f" order by {_ORDER[order]} limit :limit",
            {**conditions.values, "limit": limit},
        )
        return [_stored_pattern(row) for row in rows]

    def each(
        self, criteria: PatternSearchCriteria | None = None
    ) -> Iterator[tuple[int, TestPattern]]:
        """Yields every pattern that meets the criteria with its row number, in row order."""
        conditions = pattern_conditions(criteria or PatternSearchCriteria())
        rows = self._connection.execute(
            f"select p.pattern_rowid, {_COLUMNS} from patterns p{conditions.sql('where')}"
            " order by p.pattern_rowid",
            conditions.values,
        )
        for row in rows:
            yield row[0], _pattern(row[1:])

    def near_duplicate(self, rowid: int) -> str | None:
        """Returns the id of the other pattern most like that of this row, if one says the same."""
        own = self._connection.execute(
            "select signature from patterns where pattern_rowid = :rowid", {"rowid": rowid}
        ).get
        rows: list[tuple[str, bytes]] = self._connection.execute(
            "select id, signature from patterns where pattern_rowid != :rowid and pattern_rowid in"
            " (select pattern_rowid from pattern_bands"
            "  where band in (select value from json_each(:bands)) limit :limit)",
            {"rowid": rowid, "bands": json_text(bands(own)), "limit": MAX_COMPARED},
        ).fetchall()  # type: ignore[assignment]
        if not rows:
            return None
        similarities = similarity(own, [other for _, other in rows])
        best = int(similarities.argmax())
        return rows[best][0] if similarities[best] >= MIN_SIMILARITY else None

    def with_any_tag(self, tags: Sequence[str], limit: int) -> list[TestPattern]:
        """Returns patterns that carry at least one of the tags, those with more of them first."""
        rows = self._connection.execute(
            f"select {_COLUMNS} from patterns p join"
            " (select pattern_rowid, count(*) as hits from pattern_tags"
            "  where tag in (select value from json_each(:tags)) group by pattern_rowid) t"
            " on t.pattern_rowid = p.pattern_rowid"
            " order by t.hits desc, p.evidence desc, p.quality desc, p.id limit :limit",
            {"tags": json_text(sorted({tag.casefold() for tag in tags})), "limit": limit},
        )
        return [_pattern(row) for row in rows]

    def insert(self, pattern: TestPattern, *, base_quality: float, evidence: float) -> int:
        """Writes a new row with its tags; returns its row number."""
        values = _values(pattern) | {
            "base_quality": base_quality,
            "evidence": evidence,
            "success_count": round(pattern.success_rate * pattern.usage_count),
            "usage_count": pattern.usage_count,
            "created_at": pattern.created_at.isoformat(),
        }
        self._connection.execute(
            "insert into patterns (id, name, description, category, framework, language, template,"
            " examples, tags, confidence, quality, base_quality, success_count, usage_count,"
            " evidence, version, source, content_hash, signature, created_at, updated_at)"
            " values (:id, :name, :description, :category, :framework, :language, :template,"
            " :examples, :tags, :confidence, :quality, :base_quality, :success_count,"
            " :usage_count, :evidence, :version, :source, :content_hash, :signature,"
            " :created_at, :updated_at)",
            values,
        )
        rowid = self._connection.last_insert_rowid()
        self._write_keys(rowid, pattern, values["signature"])
        return rowid

    def update_content(self, rowid: int, pattern: TestPattern, *, base_quality: float) -> None:
        """Replaces the content of a row; its counters and time of creation stay."""
        values = _values(pattern) | {"base_quality": base_quality, "rowid": rowid}
        self._connection.execute(
            "update patterns set name = :name, description = :description, category = :category,"
            " framework = :framework, language = :language, template = :template,"
            " examples = :examples, tags = :tags, confidence = :confidence, quality = :quality,"
            " base_quality = :base_quality, version = :version, source = :source,"
            " content_hash = :content_hash, signature = :signature, updated_at = :updated_at"
            " where pattern_rowid = :rowid",
            values,
        )
        self._replace_keys(rowid, pattern, values["signature"])

    def write_keys_anew(self, rowid: int, pattern: TestPattern) -> None:
        """Writes again what is derived from a pattern's content: signature, tags and bands."""
        own = signature(body_of(pattern))
        self._connection.execute(
            "update patterns set signature = :signature where pattern_rowid = :rowid",
            {"signature": own, "rowid": rowid},
        )
        self._replace_keys(rowid, pattern, own)

    def update_source(self, rowid: int, source: str | None) -> None:
        """Notes where the pattern stands now; not a change of content."""
        self._connection.execute(
            "update patterns set source = :source where pattern_rowid = :rowid",
            {"source": source, "rowid": rowid},
        )

    def update_counters(
        self,
        rowid: int,
        *,
        success_count: int,
        usage_count: int,
        evidence: float,
        quality: float,
    ) -> None:
        """Writes the counters of use and what follows from them."""
        self._connection.execute(
            "update patterns set success_count = :success_count, usage_count = :usage_count,"
            " evidence = :evidence, quality = :quality where pattern_rowid = :rowid",
            {
                "success_count": success_count,
                "usage_count": usage_count,
                "evidence": evidence,
                "quality": quality,
                "rowid": rowid,
            },
        )

    def delete(self, rowid: int) -> None:
        """Deletes a row; its tags, use, versions and embeddings go with it."""
        self._connection.execute(
            "delete from patterns where pattern_rowid = :rowid", {"rowid": rowid}
        )

    def _replace_keys(self, rowid: int, pattern: TestPattern, minhash: bytes) -> None:
        self._connection.execute(
            "delete from pattern_tags where pattern_rowid = :rowid", {"rowid": rowid}
        )
        self._connection.execute(
            "delete from pattern_bands where pattern_rowid = :rowid", {"rowid": rowid}
        )
        self._write_keys(rowid, pattern, minhash)

    def _write_keys(self, rowid: int, pattern: TestPattern, minhash: bytes) -> None:
        """Writes the rows by which a pattern is found: its tags and its bands."""
        self._connection.executemany(
            "insert into pattern_tags (tag, pattern_rowid) values (:tag, :rowid)",
            [
                {"tag": tag, "rowid": rowid}
                for tag in sorted({tag.casefold() for tag in pattern.tags})
            ],
        )
        self._connection.executemany(
            "insert into pattern_bands (band, pattern_rowid) values (:band, :rowid)",
            [{"band": band, "rowid": rowid} for band in bands(minhash)],
        )

    def _stored(self, condition: str, values: dict[str, str | int]) -> Iterator[StoredPattern]:
        rows = self._connection.execute(
            f"select {_STORED_COLUMNS} from patterns p where {condition} order by p.pattern_rowid",
            values,
        )
        yield from map(_stored_pattern, rows)


def _values(pattern: TestPattern) -> dict[str, Any]:
    return {
        "id": pattern.id,
        "name": pattern.name,
        "description": pattern.description,
        "category": pattern.category,
        "framework": pattern.framework,
        "language": pattern.language,
        "template": pattern.template,
        "examples": json_text(list(pattern.examples)),
        "tags": json_text(list(pattern.tags)),
        "confidence": pattern.confidence,
        "quality": pattern.quality,
        "version": pattern.version,
        "source": pattern.source,
        "content_hash": content_hash(pattern),
        "signature": signature(body_of(pattern)),
        "updated_at": pattern.updated_at.isoformat(),
    }


def _stored_pattern(row: tuple[Any, ...]) -> StoredPattern:
    return StoredPattern(row[0], _pattern(row[5:]), row[1], row[2], row[3], row[4])


def _pattern(row: tuple[Any, ...]) -> TestPattern:
    return TestPattern(**_fields(row))


def _fields(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "id": row[0],
        "name": row[1],
        "description": row[2],
        "category": row[3],
        "framework": row[4],
        "language": row[5],
        "template": row[6],
        "examples": tuple(msgspec.json.decode(row[7])),
        "tags": tuple(msgspec.json.decode(row[8])),
        "confidence": row[9],
        "quality": row[10],
        "success_rate": row[11],
        "usage_count": row[12],
        "version": row[13],
        "source": row[14],
        "created_at": datetime.fromisoformat(row[15]),
        "updated_at": datetime.fromisoformat(row[16]),
    }
