"""Prints how a bank is used: the short form of a report, for ``aqe patterns stats``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from ...retrieval.storage.activity_values import PatternUses, ProjectFacts
from ...retrieval.usage.activity import BankActivity
from ..output import plain, table
from .report_content import IDLE
from .report_document import bars

__all__ = ["print_activity"]

MAX_SHOWN = 5


def print_activity(console: Console, activity: BankActivity) -> None:
    """Prints projects and use of a bank with at least one pattern."""
    console.print(_projects(activity.projects))
    totals = activity.totals
    if not totals.uses:
        console.print("no data: no use of a pattern was recorded yet")
        return
    console.print(
        plain(
            f"{totals.active:,} patterns used in the last 8 weeks, {totals.idle:,} {IDLE},"
            f" {totals.never:,} without any recorded use"
        )
    )
    counts = [week.uses for week in activity.weeks]
    numbers = " ".join(f"{count:,}" for count in counts)
    console.print(plain(f"uses per week, oldest first: {numbers}  {bars(counts)}"))
    most_used = f"most used in the last {len(counts)} weeks"
    for title, patterns in ((most_used, activity.most_used), (IDLE, activity.idle)):
        if patterns:
            console.print(_uses(title, patterns[:MAX_SHOWN]))


def _projects(projects: Sequence[ProjectFacts]) -> Table:
    result = table("project", "gone", "last extraction", right=("gone",))
    for facts in projects:
        result.add_row(
            plain(facts.name or "-"),
            f"{facts.gone:,}",
            _day(facts.extracted_at),
        )
    return result


def _uses(title: str, patterns: Sequence[PatternUses]) -> Table:
    result = table("id", title, "uses", "succeeded", "last use", right=("uses", "succeeded"))
    result.columns[1].overflow, result.columns[1].min_width = "fold", len(title)
    for index in (0, 2, 3, 4):
        result.columns[index].no_wrap = True
    for used in patterns:
        result.add_row(
            plain(used.id),
            plain(" ".join(used.name.split())),
            f"{used.uses:,}",
            f"{used.successes / used.uses:.0%}",
            _day(used.last_used_at),
        )
    return result


def _day(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d}"
