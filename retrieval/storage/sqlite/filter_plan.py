"""A filter as the rows apply it: all that meet it when they are few, else those of given ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import apsw

from ....schema import PatternSearchCriteria
from .filter_sql import distinct_tags, json_text, row_conditions

__all__ = ["RowFilter", "RowFilters"]

# A filter is tight when few rows meet its facets, or carry one of its tags: all that meet it are
# looked at. To read and score so many costs about 5 ms.
TIGHT_ROWS: Final = 6_000
# Where a larger share of the bank meets it, enough of the best do: they are fetched and asked.
TIGHT_SHARE: Final = 1 / 6
# So few are looked at whatever their share.
ALWAYS_TIGHT_ROWS: Final = 1_000


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
        self._is_tight = self._rows <= _most_tight(connection)
        self._is_whole = len(parts) == 1  # then nothing else is asked of what the driver selects
        self._every: list[int] | None = None

    def tight(self) -> list[int] | None:
        """Returns the row numbers that meet the filter, or None when they may be many."""
        return self.every() if self._is_tight else None

    def every(self) -> list[int]:
        """Returns all row numbers that meet the filter, however many."""
        if self._every is None:
            driver = self._driver
            if self._is_whole:
                rows = self._connection.execute(driver.sql, driver.values)
            else:
                rows = self._connection.execute(
                    f"select p.pattern_rowid from ({driver.sql}) d cross join patterns p"
                    f" on p.pattern_rowid = d.pattern_rowid{self._conditions.sql('where')}",
                    {**driver.values, **self._conditions.values},
                )
            self._every = [rowid for (rowid,) in rows]
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

    def first_passing(self, rowids: Sequence[int], k: int) -> list[int]:
        """Returns the first k of the row numbers that meet the filter, in their order."""
        met: list[int] = []
        for start in range(0, len(rowids), 2 * k):
            some = rowids[start : start + 2 * k]
            passing = self.passing(some)
            met += [rowid for rowid in some if rowid in passing]
            if len(met) >= k:
                break
        return met[:k]

    def _count(self, part: _Part) -> int:
        """Returns how many rows meet a part of the filter; counted until they are many."""
        count: int = self._connection.execute(
            f"select count(*) from (select 1 from ({part.sql}) limit :most)",
            {**part.values, "most": TIGHT_ROWS + 1},
        ).get
        return count


def _most_tight(connection: apsw.Connection) -> int:
    size = int(connection.execute("select max(pattern_rowid) from patterns").get or 0)
    return min(TIGHT_ROWS, max(ALWAYS_TIGHT_ROWS, int(TIGHT_SHARE * size)))


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
