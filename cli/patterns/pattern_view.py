"""Formats one pattern and the bank's totals: text for people, JSON objects for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.text import Text

from ...retrieval import BankStatistics
from ...retrieval.text.tokens import all_words
from ...schema import (
    TRUSTED,
    PatternMatch,
    PatternUsageContext,
    PatternVersion,
    Placeholder,
    Provenance,
    StoreReport,
    StoreResult,
    TestPattern,
)
from ..output import clean, counted, fact_table, on_terminal, plain, share, table

MAX_VALUE_WIDTH = 48
UNPROVEN_TEXT = "unproven: no two other agents have succeeded with it"


def pattern_object(pattern: TestPattern) -> dict[str, Any]:
    """Returns the JSON object of a pattern."""
    return pattern.to_dict()


def match_object(match: PatternMatch) -> dict[str, Any]:
    """Returns the JSON object of a match: the pattern's, with rank, scores and reasons."""
    return match.to_dict()


def version_object(version: PatternVersion) -> dict[str, Any]:
    """Returns the JSON object of an earlier version."""
    return version.to_dict()


def source_text(pattern: TestPattern) -> str:
    """Returns where a pattern is from, as ``project: path:line``; empty if that is not known."""
    return ": ".join(filter(None, (pattern.project, pattern.source)))


def success_text(pattern: TestPattern) -> str:
    """Returns how many uses succeeded, as ``3 of 4 times``, or ``never used``."""
    if pattern.success_rate is None:
        return "never used"
    successes = round(pattern.success_rate * pattern.usage_count)
    return f"{successes} of {counted(pattern.usage_count, 'time')}"


def is_trusted(pattern: TestPattern) -> bool:
    """Returns whether a pattern is proven; one that was never stored is its author's."""
    return pattern.provenance is None or pattern.provenance.trust == TRUSTED


def print_pattern(
    console: Console,
    pattern: TestPattern,
    quality: Mapping[str, float | None],
    reasons: Sequence[str],
    *,
    link: str = "",
) -> None:
    """Prints everything about one pattern: facts, explained quality, template, examples.

    Args:
        link: Address of the source, for terminals that have hyperlinks.
    """
    console.print(plain(pattern.name, "bold"))
    if says_more_than_name(pattern):
        console.print(plain(pattern.description))
    facts = fact_table()
    source = plain(source_text(pattern) or "-", f"link {link}" if link else "")
    for name, value in (
        ("id", pattern.id),
        ("source", source),
        ("author", _author_text(pattern.provenance)),
        ("trust", "trusted" if is_trusted(pattern) else UNPROVEN_TEXT),
        ("kind", f"{pattern.framework}, {pattern.language}, {pattern.category}"),
        ("tags", ", ".join(pattern.tags) or "-"),
        ("version", f"{pattern.version}, of {pattern.updated_at:%Y-%m-%d %H:%M} UTC"),
        ("confidence", share(pattern.confidence)),
        ("used", success_text(pattern)),
        ("quality", f"{pattern.quality:.2f} = {_quality_sum(quality)}"),
    ):
        facts.add_row(name, value if isinstance(value, Text) else plain(value))
    for reason in reasons:
        facts.add_row("", plain(reason, "dim"))
    console.print(facts)
    lexer = pattern.language
    if pattern.template:
        console.print(plain("\ntemplate", "bold"))
        console.print(_code(pattern.template, lexer))
    if pattern.placeholders:
        console.print(_placeholder_table(pattern.placeholders))
    for number, example in enumerate(pattern.examples, start=1):
        console.print(plain(f"\nexample {number}", "bold"))
        console.print(_code(example, lexer))


def _placeholder_table(placeholders: Sequence[Placeholder]) -> RenderableType:
    result = table("placeholder", "value", "role", "lines")
    for column in result.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    result.columns[0].no_wrap = False
    result.columns[0].overflow = "fold"
    result.columns[1].max_width = MAX_VALUE_WIDTH
    for placeholder in placeholders:
        result.add_row(
            plain(placeholder.name),
            plain(one_line(placeholder.value)),
            placeholder.role,
            ", ".join(map(str, dict.fromkeys(placeholder.places))),
        )
    return result


def _quality_sum(quality: Mapping[str, float | None]) -> str:
    parts = [f"{name} {value:.2f}" for name, value in quality.items() if value is not None]
    return "mean of " + ", ".join(parts)


def _code(text: str, lexer: str) -> RenderableType:
    if not on_terminal():
        return Segments([Segment(clean(text) + "\n")])  # its tabs are kept
    from rich.syntax import Syntax  # 20 ms that a search does not need

    return Syntax(clean(text), lexer, theme="ansi_dark", background_color="default", word_wrap=True)


def print_versions(console: Console, versions: Sequence[PatternVersion]) -> None:
    """Prints the earlier versions of a pattern."""
    if not versions:
        console.print("no data: the pattern was never changed")
        return
    result = table("version", "until", "author", "trust", "change", "by", right=("version",))
    for version in versions:
        result.add_row(
            str(version.version_number),
            f"{version.created_at:%Y-%m-%d %H:%M}",
            plain(_author_text(version.pattern.provenance)),
            "trusted" if is_trusted(version.pattern) else "unproven",
            plain(version.change_description),
            plain(version.created_by or "-"),
        )
    console.print(result)


def print_usage(console: Console, uses: Sequence[PatternUsageContext], present_hash: str) -> None:
    """Prints the latest uses of a pattern.

    Args:
        present_hash: Hash of the present content; uses of another one are marked.
    """
    if not uses:
        console.print("no data: the pattern was never used")
        return
    result = table("when", "agent", "task", "need", "content", "outcome", "ms", right=("ms",))
    for use in uses:
        outcome = "worked" if use.success else f"failed: {use.error_message or 'no message'}"
        result.add_row(
            f"{use.used_at:%Y-%m-%d %H:%M}",
            plain(use.agent_id or "-"),
            plain(use.task_id or "-"),
            plain(one_line(use.context) or "-"),
            "present" if use.content_hash == present_hash else "earlier",
            plain(one_line(outcome)),
            "-" if use.execution_time_ms is None else f"{use.execution_time_ms:.0f}",
        )
    console.print(result)


def print_statistics(console: Console, statistics: BankStatistics) -> None:
    """Prints totals and groups of a bank with at least one pattern."""
    totals = fact_table()
    totals.columns[1].justify = "right"
    for name, value in (
        ("patterns", f"{statistics.patterns:,}"),
        ("unproven patterns", f"{statistics.unproven:,}"),
        ("earlier versions", f"{statistics.versions:,}"),
        ("recorded uses", f"{statistics.uses:,}"),
        ("mean quality", share(statistics.average_quality)),
        ("success rate of uses", share(statistics.average_success_rate)),
        ("never used", share(statistics.never_used_share)),
    ):
        totals.add_row(name, value)
    console.print(totals)
    groups = table("by", "value", "patterns", "share", right=("patterns", "share"))
    shown = ""
    for row in statistics_rows(statistics):
        by = "" if row["by"] == shown and on_terminal() else row["by"]
        shown = row["by"]
        label = plain(row["value"] or "-")
        groups.add_row(by, label, f"{row['patterns']:,}", f"{row['share']:.0%}")
    console.print(groups)


def statistics_rows(statistics: BankStatistics) -> list[dict[str, Any]]:
    """Returns the counts by project, language, framework and category, a row each."""
    return [
        {"by": name, "value": value, "patterns": count, "share": count / statistics.patterns}
        for name, counts in (
            ("project", statistics.by_project),
            ("language", statistics.by_language),
            ("framework", statistics.by_framework),
            ("category", statistics.by_category),
        )
        for value, count in counts.items()
    ]


def print_rejections(console: Console, results: Sequence[StoreResult], *, limit: int = 10) -> None:
    """Prints why patterns were rejected, at most ``limit`` of them."""
    rejected = [result for result in results if result.status == "rejected"]
    for result in rejected[:limit]:
        console.print(plain(f"rejected {one_line(result.name)}: {result.reason}", "yellow"))
    if len(rejected) > limit:
        console.print(f"… and {len(rejected) - limit:,} more; --json prints all of them")


def one_line(text: str) -> str:
    """Returns a text without line breaks and runs of blanks."""
    return " ".join(text.split())


def says_more_than_name(pattern: TestPattern) -> bool:
    """Returns whether the description has words that the name lacks."""
    return not all_words(pattern.description) <= all_words(pattern.name)


def _author_text(author: Provenance | None) -> str:
    """Returns who wrote a pattern as text."""
    if author is None:
        return "-"
    run = f", run {author.run_id}" if author.run_id else ""
    return f"{author.origin} {author.agent_id}".strip() + run


def store_counts(report: StoreReport, *, dry_run: bool) -> str:
    """Returns how many patterns were created, updated, unchanged, moved, rejected, deleted."""
    verb = "would be " if dry_run else ""
    parts = [
        f"{report.created:,} {verb}created",
        f"{report.updated:,} updated",
        f"{report.unchanged:,} unchanged",
    ]
    if report.moved:
        parts.append(f"{report.moved:,} moved")
    parts.append(f"{report.rejected:,} rejected")
    if report.deleted:
        parts.append(f"{report.deleted:,} {verb}deleted")
    return ", ".join(parts)
