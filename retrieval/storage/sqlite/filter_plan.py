"""Applies filters: reads all rows that pass when they are few, otherwise checks given rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import apsw

from ....schema import PatternSearchCriteria
from .filter_sql import distinct_tags, row_conditions
from .pattern_table import json_text
from .storage_tuning import StorageTuning

__all__ = ["FilterPlan", "filter_plan"]


def filter_plan(
    connection: apsw.Connection, criteria: PatternSearchCriteria, tuning: StorageTuning
) -> FilterPlan | None:
    """Returns how to apply the criteria in this transaction; None if they filter nothing."""
    demands = row_conditions(criteria).clauses
    return FilterPlan(connection, criteria, tuning) if demands else None


class FilterPlan:
    """A filter inside one transaction; both legs share its results.

    Args:
        criteria: At least one field must filter.
    """

    def __init__(
        self, connection: apsw.Connection, criteria: PatternSearchCriteria, tuning: StorageTuning
    ) -> None:
        self._connection = connection
        self._tuning = tuning
        self._conditions = row_conditions(criteria)
        parts = [*_tag_parts(criteria), *_facet_parts(criteria)]
        self._rows, self._driver = min(
            ((self._count(part), part) for part in parts), key=lambda pair: pair[0]
        )
        self._is_tight = self._rows <= self._max_tight()
        self._is_whole = len(parts) == 1  # then the driver alone selects the rows that pass
        self._every: list[int] | None = None

    def tight(self) -> list[int] | None:
        """Returns all rows that pass, or None if there may be many."""
        return self.every() if self._is_tight else None

    def every(self) -> list[int]:
        """Returns all rows that pass, however many."""
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
        """Returns the given rows that pass."""
        rows = self._connection.execute(
            # A cross join keeps SQLite from swapping the tables: the few rows given drive the join.
            "select p.pattern_rowid from json_each(:rowids) r"
            f" cross join patterns p on p.pattern_rowid = r.value{self._conditions.sql('where')}",
            {**self._conditions.values, "rowids": json_text(list(rowids))},
        )
        return {row[0] for row in rows}

    def first_passing(self, rowids: Sequence[int], k: int) -> list[int]:
        """Returns the first k of the given rows that pass, in the order given."""
        first: list[int] = []
        for start in range(0, len(rowids), 2 * k):
            chunk = rowids[start : start + 2 * k]
            passing = self.passing(chunk)
            first += [rowid for rowid in chunk if rowid in passing]
            if len(first) >= k:
                break
        return first[:k]

    def _count(self, part: _Part) -> int:
        """Returns how many rows pass a part of the filter; stops just above ``tight_rows``."""
        count: int = self._connection.execute(
            f"select count(*) from (select 1 from ({part.sql}) limit :max_count)",
            {**part.values, "max_count": self._tuning.tight_rows + 1},
        ).get
        return count

    def _max_tight(self) -> int:
        tuning = self._tuning
        size = self._connection.execute("select max(pattern_rowid) from patterns").get
        share = int(tuning.tight_share * int(size or 0))
        return min(tuning.tight_rows, max(tuning.always_tight_rows, share))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a filter that one index can answer: a query for row numbers."""

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
