"""Selects and counts rows of ``patterns`` by criteria.

Every function works on the connection of an open transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import apsw

from ....schema import PatternSearchCriteria, TestPattern
from ..readable_rows import readable, text_of
from ..storage_values import BankStatistics, SortKey, StoredPattern
from .filter_sql import pattern_conditions
from .pattern_table import (
    PATTERN_COLUMNS,
    STORED_COLUMNS,
    STORED_ID,
    json_text,
    pattern_of,
    stored_of,
)

__all__ = [
    "count_demoted",
    "count_statistics",
    "ids_with_prefix",
    "iterate_patterns",
    "select_stored",
]

_ORDER: dict[SortKey, str] = {
    "evidence": "p.tier, p.evidence desc, p.quality desc, p.id",
    "quality": "p.quality desc, p.id",
    "usage": "p.usage_count desc, p.id",
    "created": "p.created_at desc, p.id",
}
_OF_PROJECT = " where project = :project"
_OF_PATTERNS = " where pattern_id in (select id from patterns where project = :project)"
_WITH_ANY_TAG = (
    " join (select pattern_rowid, count(*) as hits from pattern_tags"
    " where tag in (select value from json_each(:any_tag)) group by pattern_rowid) t"
    " on t.pattern_rowid = p.pattern_rowid"
)


def select_stored(
    connection: apsw.Connection,
    criteria: PatternSearchCriteria,
    *,
    order: SortKey,
    limit: int | None,
    any_tag: Sequence[str] | None = None,
) -> list[StoredPattern]:
    """Returns the patterns that meet all criteria (their query aside), best first."""
    conditions = pattern_conditions(criteria)
    values: dict[str, str | float | int] = {
        **conditions.values,
        "limit": -1 if limit is None else limit,
    }
    tagged = ""
    by_hits = ""
    if any_tag is not None:
        tagged = _WITH_ANY_TAG
        by_hits = "p.tier, t.hits desc, "
        values["any_tag"] = json_text(sorted({tag.casefold() for tag in any_tag}))
    rows = connection.execute(
        f"select {STORED_COLUMNS} from patterns p{tagged}{conditions.sql('where')}"
        f" order by {by_hits}{_ORDER[order]} limit :limit",
        values,
    )
    return list(readable(rows, stored_of, id_at=STORED_ID))


def iterate_patterns(
    connection: apsw.Connection, criteria: PatternSearchCriteria | None = None
) -> Iterator[tuple[int, TestPattern]]:
    """Yields every readable pattern that meets the criteria with its row number, in row order."""
    conditions = pattern_conditions(criteria or PatternSearchCriteria())
    rows = connection.execute(
        f"select p.pattern_rowid, {PATTERN_COLUMNS} from patterns p{conditions.sql('where')}"
        " order by p.pattern_rowid",
        conditions.values,
    )
    yield from readable(rows, lambda row: (row[0], pattern_of(row[1:])), id_at=1)


def ids_with_prefix(connection: apsw.Connection, prefix: str, limit: int | None) -> list[str]:
    """Returns ids that start with an ASCII prefix, in order; all of them for an empty one."""
    # Ids are ASCII, which the record checks, so DEL sorts after every legal character.
    within = "where id >= :low and id < :high" if prefix else ""
    rows = connection.execute(
        f"select cast(id as blob) from patterns {within} order by id limit :limit",
        {"low": prefix, "high": prefix + "\x7f", "limit": -1 if limit is None else limit},
    )
    return [text_of(row[0]) for row in rows]


def count_demoted(connection: apsw.Connection) -> int:
    """Returns how many patterns rank behind the trusted ones: unproven ones, and gone ones."""
    unproven = "select count(*) from patterns where trust = 'unproven'"
    gone = "select count(*) from patterns where gone_since is not null"
    return int(connection.execute(f"select ({unproven}) + ({gone})").get)


def count_statistics(connection: apsw.Connection, project: str) -> BankStatistics:
    """Returns the statistics of a project; of the bank if it is empty."""
    only = _OF_PROJECT if project else ""  # without it, groups are counted from their indexes
    values = {"project": project} if project else {}
    # total() is a float: a sum of damaged counters must not overflow.
    patterns, quality, confidence, uses, successes, never_used, unproven, gone = connection.execute(
        "select count(*), avg(quality), avg(confidence), total(usage_count),"
        " total(success_count), total(usage_count = 0), total(trust = 'unproven'),"
        f" total(gone_since is not null) from patterns{only}",
        values,
    ).get
    versions = connection.execute(
        f"select count(*) from pattern_versions{_OF_PATTERNS if project else ''}", values
    ).get
    groups = _count_groups(connection, only, values)
    return BankStatistics(
        patterns=patterns,
        uses=int(uses),
        versions=versions,
        average_quality=quality,
        average_confidence=confidence,
        average_success_rate=successes / uses if uses else None,
        never_used_share=never_used / patterns if patterns else None,
        by_category=groups["category"],
        by_framework=groups["framework"],
        by_language=groups["language"],
        by_project=groups["project"],
        unproven=int(unproven),
        gone=int(gone),
    )


def _count_groups(
    connection: apsw.Connection, only: str, values: dict[str, str]
) -> dict[str, dict[str, int]]:
    groups = {}
    for column in ("category", "framework", "language", "project"):
        rows = connection.execute(
            f"select {column}, count(*) from patterns{only} group by {column}"
            f" order by count(*) desc, {column}",
            values,
        )
        groups[column] = dict(readable(rows, lambda row: (str(row[0]), int(row[1]))))
    return groups
