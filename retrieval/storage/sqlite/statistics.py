"""Totals over the bank, from its rows alone."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

__all__ = ["BankStatistics", "count_statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankStatistics:
    """What the bank holds. Averages and shares are None where there are no rows to take them of.

    Attributes:
        average_success_rate: Over recorded uses, not over patterns.
        never_used_share: Of all patterns, 0..1.
    """

    patterns: int
    uses: int
    versions: int
    average_quality: float | None
    average_confidence: float | None
    average_success_rate: float | None
    never_used_share: float | None
    by_category: dict[str, int]
    by_framework: dict[str, int]
    by_language: dict[str, int]


def count_statistics(connection: apsw.Connection) -> BankStatistics:
    """Returns the statistics of the bank on an open transaction."""
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
