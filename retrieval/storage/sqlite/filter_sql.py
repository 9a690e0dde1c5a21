"""Turns search criteria into SQL conditions with bound values."""

from __future__ import annotations

from dataclasses import dataclass

from ....schema import PatternSearchCriteria
from .pattern_table import json_text

__all__ = [
    "Conditions",
    "distinct_tags",
    "pattern_conditions",
    "row_conditions",
]

Value = str | float | int


@dataclass(frozen=True, slots=True)
class Conditions:
    """SQL conditions to be joined by ``and``, and their named values."""

    clauses: tuple[str, ...]
    values: dict[str, Value]

    def sql(self, prefix: str) -> str:
        """Returns ``prefix`` and the joined conditions; empty without conditions."""
        return f" {prefix} " + " and ".join(self.clauses) if self.clauses else ""


def pattern_conditions(criteria: PatternSearchCriteria) -> Conditions:
    """Returns the conditions on ``patterns p`` for selecting all rows that meet them."""
    return _conditions(criteria, tags=_TAGS_OF_PATTERN)


def row_conditions(criteria: PatternSearchCriteria) -> Conditions:
    """Returns the conditions on ``patterns p`` for checking rows that are already selected.

    They look up the tags of each row; ``pattern_conditions`` first collects every row that has the
    tags, which takes 26 ms for a tag of 70,000 patterns.
    """
    return _conditions(criteria, tags=_TAGS_OF_ROW)


def distinct_tags(criteria: PatternSearchCriteria) -> list[str]:
    """Returns the tags of the criteria as they are stored, in order."""
    return sorted({tag.casefold() for tag in criteria.tags})


_TAGS_OF_PATTERN = (
    "p.pattern_rowid in (select pattern_rowid from pattern_tags"
    " where tag in (select value from json_each(:tags))"
    " group by pattern_rowid having count(*) = :tag_count)"
)
_TAGS_OF_ROW = (
    ":tag_count = (select count(*) from json_each(:tags) j cross join pattern_tags t"
    " on t.tag = j.value and t.pattern_rowid = p.pattern_rowid)"
)


def _conditions(criteria: PatternSearchCriteria, *, tags: str) -> Conditions:
    clauses: list[str] = []
    values: dict[str, Value] = {}
    for column in ("framework", "language", "category"):
        wanted = getattr(criteria, column)
        if wanted is not None:
            clauses.append(f"p.{column} = :{column}")
            values[column] = wanted
    if criteria.project:
        clauses.append("p.project = :project")
        values["project"] = criteria.project
    for column, minimum in (
        ("confidence", criteria.min_confidence),
        ("quality", criteria.min_quality),
    ):
        if minimum > 0:
            clauses.append(f"p.{column} >= :min_{column}")
            values[f"min_{column}"] = float(minimum)
    if criteria.tags:
        distinct = distinct_tags(criteria)
        clauses.append(tags)
        values["tags"] = json_text(distinct)
        values["tag_count"] = len(distinct)
    return Conditions(tuple(clauses), values)
