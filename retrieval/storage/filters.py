"""Turns search criteria into SQL conditions: fixed texts, bound values, nothing formatted in."""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgspec

from ...schema import PatternSearchCriteria

__all__ = ["Conditions", "json_text", "pattern_conditions", "vector_conditions"]

Value = str | float | int


@dataclass(frozen=True, slots=True)
class Conditions:
    """SQL conditions to be joined by ``and``, and the values they name."""

    clauses: tuple[str, ...]
    values: dict[str, Value]

    def sql(self, prefix: str) -> str:
        """Returns ``prefix`` and the joined conditions, or nothing when there are none."""
        return f" {prefix} " + " and ".join(self.clauses) if self.clauses else ""


def pattern_conditions(criteria: PatternSearchCriteria) -> Conditions:
    """Returns the conditions on ``patterns p``."""
    return _conditions(criteria, column_prefix="p.", tags=_TAGS_OF_PATTERN)


def vector_conditions(criteria: PatternSearchCriteria) -> Conditions:
    """Returns the conditions that vec0 applies before it takes the nearest k.

    vec0 pushes down comparisons of metadata columns and ``rowid in (select …)``; anything else
    would silently be applied after the cut (RELIABILITY finding 6).
    """
    return _conditions(criteria, column_prefix="", tags=_TAGS_OF_VECTOR)


_TAGS = (
    "pattern_rowid in (select pattern_rowid from pattern_tags"
    " where tag in (select value from json_each(:tags))"
    " group by pattern_rowid having count(*) = :tag_count)"
)
_TAGS_OF_PATTERN = f"p.{_TAGS}"
_TAGS_OF_VECTOR = _TAGS


def _conditions(criteria: PatternSearchCriteria, *, column_prefix: str, tags: str) -> Conditions:
    clauses: list[str] = []
    values: dict[str, Value] = {}
    for column in ("framework", "language", "category"):
        wanted = getattr(criteria, column)
        if wanted is not None:
            clauses.append(f"{column_prefix}{column} = :{column}")
            values[column] = wanted
    for column, least in (
        ("confidence", criteria.min_confidence),
        ("quality", criteria.min_quality),
    ):
        if least > 0:
            clauses.append(f"{column_prefix}{column} >= :min_{column}")
            values[f"min_{column}"] = float(least)
    if criteria.tags:
        distinct = sorted({tag.casefold() for tag in criteria.tags})
        clauses.append(tags)
        values["tags"] = json_text(distinct)
        values["tag_count"] = len(distinct)
    return Conditions(tuple(clauses), values)


def json_text(value: object) -> str:
    """Returns the value as JSON text for ``json_each``."""
    try:
        return msgspec.json.encode(value).decode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate; escaped, it equals nothing that is stored
        return json.dumps(value)
