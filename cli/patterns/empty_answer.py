"""Explains an empty answer: which filter to drop, and what the bank holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...retrieval import QEReasoningBank
from ...schema import PatternSearchCriteria
from ..output import counted

__all__ = ["empty_answer"]

MAX_NAMES = 5
# Field of the criteria -> option, and the value that filters nothing.
_FILTERS: Mapping[str, tuple[str, Any]] = {
    "framework": ("--framework", None),
    "category": ("--category", None),
    "language": ("--language", None),
    "project": ("--project", ""),
    "tags": ("--tag", ()),
    "min_quality": ("--min-quality", 0.0),
}


def empty_answer(
    bank: QEReasoningBank, criteria: PatternSearchCriteria, *, source: str = ""
) -> str:
    """Returns why nothing was found and what to do.

    Args:
        source: The value of ``--source``, which filters too.
    """
    statistics = bank.get_statistics()
    if not statistics.patterns:
        return "the bank is empty; fill it with: aqe extract PATH"
    if criteria.project and criteria.project not in statistics.by_project:
        known = ", ".join(filter(None, statistics.by_project)) or "none"
        return f"the bank has no project {criteria.project!r}; it has: {known}"
    held = counted(statistics.patterns, "pattern")
    groups = [_largest("framework", statistics.by_framework)]
    if named := {name: count for name, count in statistics.by_project.items() if name}:
        groups.append(_largest("project", named))
    return f"{_reason(bank, criteria, source)}; the bank holds {held}: {'; '.join(groups)}"


def _reason(bank: QEReasoningBank, criteria: PatternSearchCriteria, source: str) -> str:
    given = [
        (option, replace(criteria, **{name: nothing}), getattr(criteria, name))
        for name, (option, nothing) in _FILTERS.items()
        if getattr(criteria, name) != nothing
    ]
    if source and bank.list_patterns(criteria, limit=1):
        return f"no pattern is from --source {source}; drop it to get some"
    if not given or bank.list_patterns(criteria, limit=1):
        return "no pattern has a word of the query; try other words"
    every = " ".join(f"{option} {_text(value)}" for option, _, value in given)
    helpful = [option for option, wider, _ in given if bank.list_patterns(wider, limit=1)]
    advice = f"drop {' or '.join(helpful)} to get some" if helpful else "drop some of them"
    return f"no pattern meets {every}; {advice}"


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _largest(kind: str, counts: Mapping[str, int]) -> str:
    """Returns the groups with most patterns, such as ``framework pytest 1,258, jest 3``."""
    return f"{kind} {', '.join(_named(counts))}"


def _named(counts: Mapping[str, int]) -> Iterator[str]:
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    for name, count in ranked[:MAX_NAMES]:
        yield f"{name} {count:,}"
    if len(ranked) > MAX_NAMES:
        yield f"{len(ranked) - MAX_NAMES} more"
