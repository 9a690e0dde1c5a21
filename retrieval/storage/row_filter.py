"""A filter as the rows apply it: all that meet it when they are few, else those of given ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw

from ...schema import PatternSearchCriteria
from .filters import Conditions, json_text, pattern_conditions

__all__ = ["RowFilter", "RowFilters"]

# A filter that no more rows meet than this is tight: all of them are looked at. To read and score
# so many costs about 5 ms; to fetch neighbours until enough of them meet the filter costs more.
TIGHT_ROWS: Final = 6_000


class RowFilter:
    """One filter inside one transaction; what it found is kept for the other leg."""

    def __init__(self, connection: apsw.Connection, conditions: Conditions) -> None:
        self._connection = connection
        self._conditions = conditions
        self._where = conditions.sql("where")
        self._few: list[int] | None = None

    def tight(self) -> list[int] | None:
        """Returns the row numbers that meet the filter, or None when they are many."""
        if self._few is None:
            self._few = self._matching(TIGHT_ROWS + 1)
        return self._few if len(self._few) <= TIGHT_ROWS else None

    def every(self) -> list[int]:
        """Returns all row numbers that meet the filter, however many."""
        return self._matching(-1)

    def passing(self, rowids: Sequence[int]) -> set[int]:
        """Returns those of the row numbers that meet the filter."""
        rows = self._connection.execute(
            # From the few to the many: a cross join keeps SQLite from turning it round.
            "select p.pattern_rowid from json_each(:rowids) j"
            f" cross join patterns p on p.pattern_rowid = j.value{self._where}",
            {**self._conditions.values, "rowids": json_text(list(rowids))},
        )
        return {row[0] for row in rows}

    def _matching(self, most: int) -> list[int]:
        rows = self._connection.execute(
            f"select p.pattern_rowid from patterns p{self._where} limit :most",
            {**self._conditions.values, "most": most},
        )
        return [row[0] for row in rows]


class RowFilters:
    """The filters of one transaction, shared by both legs."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._last: tuple[PatternSearchCriteria, RowFilter | None] | None = None

    def of(self, criteria: PatternSearchCriteria) -> RowFilter | None:
        """Returns the filter of these criteria; None when they demand nothing."""
        if self._last is None or self._last[0] != criteria:
            conditions = pattern_conditions(criteria)
            made = RowFilter(self._connection, conditions) if conditions.clauses else None
            self._last = (criteria, made)
        return self._last[1]
