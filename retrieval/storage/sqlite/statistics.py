"""Counts totals over the bank, from its rows alone."""

from __future__ import annotations

import apsw

from ..storage_values import BankStatistics

__all__ = ["count_statistics"]


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
