"""A filter as the rows apply it: all that meet it when they are few, else those of given ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import apsw

from ...schema import PatternSearchCriteria
from .filters import distinct_tags, json_text, row_conditions

__all__ = ["RowFilter", "RowFilters"]

# A filter is tight when no more rows than this meet its facets, or carry one of its tags: all that
# meet it are looked at. To read and score so many costs about 5 ms; to fetch neighbours until
# enough of them meet the filter costs more.
TIGHT_ROWS: Final = 6_000


class RowFilter:
    """One filter inside one transaction; what it found is kept for the other leg.

    Args:
        criteria: Demand something.
    """

    def __init__(self, connection: apsw.Connection, criteria: PatternSearchCriteria) -> None:
        self._connection = connection
        self._conditions = row_conditions(criteria)
        parts = [*_tag_parts(criteria), *_facet_parts(criteria)]
        self._rows, self._driver = min(
            ((self._count(part), part) for part in parts), key=lambda pair: pair[0]
        )
        self._every: list[int] | None = None

    def tight(self) -> list[int] | None:
        """Returns the row numbers that meet the filter, or None when they may be many."""
        return self.every() if self._rows <= TIGHT_ROWS else None

    def every(self) -> list[int]:
        """Returns all row numbers that meet the filter, however many."""
        if self._every is None:
            rows = self._connection.execute(
                f"select p.pattern_rowid from ({self._driver.sql}) d cross join patterns p"
                f" on p.pattern_rowid = d.pattern_rowid{self._conditions.sql('where')}",
                {**self._conditions.values, **self._driver.values},
            )
            self._every = [row[0] for row in rows]
        return self._every

    def passing(self, rowids: Sequence[int]) -> set[int]:
        """Returns those of the row numbers that meet the filter."""
        rows = self._connection.execute(
            # From the few to the many: a cross join keeps SQLite from turning it round.
            "select p.pattern_rowid from json_each(:rowids) r"
            f" cross join patterns p on p.pattern_rowid = r.value{self._conditions.sql('where')}",
            {**self._conditions.values, "rowids": json_text(list(rowids))},
        )
        return {row[0] for row in rows}

    def _count(self, part: _Part) -> int:
        """Returns how many rows meet a part of the filter; counted until they are many."""
        count: int = self._connection.execute(
            f"select count(*) from (select 1 from ({part.sql}) limit :most)",
            {**part.values, "most": TIGHT_ROWS + 1},
        ).get
        return count


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a filter that one index answers, as a selection of row numbers."""

    sql: str
    values: Mapping[str, str | float | int]


def _tag_parts(criteria: PatternSearchCriteria) -> Iterator[_Part]:
    for tag in distinct_tags(criteria):
        yield _Part("select pattern_rowid from pattern_tags where tag = :driver", {"driver": tag})


def _facet_parts(criteria: PatternSearchCriteria) -> Iterator[_Part]:
    conditions = row_conditions(replace(criteria, tags=()))
    if conditions.clauses:
        where = conditions.sql("where")
        yield _Part(f"select p.pattern_rowid from patterns p{where}", conditions.values)


class RowFilters:
    """The filters of one transaction, shared by both legs."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._last: tuple[PatternSearchCriteria, RowFilter | None] | None = None

    def of(self, criteria: PatternSearchCriteria) -> RowFilter | None:
        """Returns the filter of these criteria; None when they demand nothing."""
        if self._last is None or self._last[0] != criteria:
            demands = bool(row_conditions(criteria).clauses)
            self._last = (criteria, RowFilter(self._connection, criteria) if demands else None)
        return self._last[1]
