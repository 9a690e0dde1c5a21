"""Selects and counts rows of ``patterns`` by criteria.

Every function works on the connection of an open transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import apsw

from ....schema import PatternSearchCriteria, TestPattern
from ..storage_values import BankStatistics, SortKey, StoredPattern
from .filter_sql import pattern_conditions
from .pattern_table import PATTERN_COLUMNS, STORED_COLUMNS, fields_of, json_text, stored_of

__all__ = ["count_statistics", "ids_with_prefix", "iterate_patterns", "select_stored"]

_ORDER: dict[SortKey, str] = {
    "evidence": "p.evidence desc, p.quality desc, p.id",
    "quality": "p.quality desc, p.id",
    "usage": "p.usage_count desc, p.id",
    "created": "p.created_at desc, p.id",
}
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
        by_hits = "t.hits desc, "
        values["any_tag"] = json_text(sorted({tag.casefold() for tag in any_tag}))
    rows = connection.execute(
        f"select {STORED_COLUMNS} from patterns p{tagged}{conditions.sql('where')}"
        f" order by {by_hits}{_ORDER[order]} limit :limit",
        values,
    )
    return [stored_of(row) for row in rows]


def iterate_patterns(
    connection: apsw.Connection, criteria: PatternSearchCriteria | None = None
) -> Iterator[tuple[int, TestPattern]]:
    """Yields every pattern that meets the criteria with its row number, in row order."""
    conditions = pattern_conditions(criteria or PatternSearchCriteria())
    rows = connection.execute(
        f"select p.pattern_rowid, {PATTERN_COLUMNS} from patterns p{conditions.sql('where')}"
        " order by p.pattern_rowid",
        conditions.values,
    )
    for row in rows:
        yield row[0], TestPattern(**fields_of(row[1:]))


def ids_with_prefix(connection: apsw.Connection, prefix: str, limit: int | None) -> list[str]:
    """Returns ids that start with an ASCII prefix, in order."""
    # Ids are ASCII, which the record checks, so DEL sorts after every legal character.
    rows = connection.execute(
        "select id from patterns where id >= :low and id < :high order by id limit :limit",
        {"low": prefix, "high": prefix + "\x7f", "limit": -1 if limit is None else limit},
    )
    return [row[0] for row in rows]


def count_statistics(connection: apsw.Connection) -> BankStatistics:
    """Returns the statistics of the bank."""
    patterns, quality, confidence, uses, successes, never_used = connection.execute(
        "select count(*), avg(quality), avg(confidence), coalesce(sum(usage_count), 0),"
        " coalesce(sum(success_count), 0), coalesce(sum(usage_count = 0), 0) from patterns"
    ).get
    versions = connection.execute("select count(*) from pattern_versions").get
    groups = {
        column: dict(
            connection.execute(
                f"select {column}, count(*) from patterns group by {column}"
                f" order by count(*) desc, {column}"
            )
        )
        for column in ("category", "framework", "language")
    }
    return BankStatistics(
        patterns=patterns,
        uses=uses,
        versions=versions,
        average_quality=quality,
        average_confidence=confidence,
        average_success_rate=successes / uses if uses else None,
        never_used_share=never_used / patterns if patterns else None,
        by_category=groups["category"],
        by_framework=groups["framework"],
        by_language=groups["language"],
    )
