"""Formats patterns: tables and text for people, JSON objects for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
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
from ..output import clean, plain, share, table

# In a bank of 100,000, the chance that two ids share these digits is under 1 in 200.
SHORT_ID = 10
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
    """Returns the share of uses that succeeded as text, or ``never used``."""
    if pattern.success_rate is None:
        return "never used"
    return f"{pattern.success_rate:.0%} of {pattern.usage_count}"


def _used_text(pattern: TestPattern) -> str:
    """Returns how often a pattern worked, and that it is unproven, for a table."""
    used = success_text(pattern) if pattern.usage_count else "never"
    return used if _is_trusted(pattern) else f"{used}, unproven"


def _is_trusted(pattern: TestPattern) -> bool:
    return pattern.provenance is None or pattern.provenance.trust == TRUSTED


def print_matches(console: Console, matches: Sequence[PatternMatch], *, explain: bool) -> None:
    """Prints matches in the given order, a short block each."""
    for match in matches:
        console.print(_match_block(match, explain=explain))


def _match_block(match: PatternMatch, *, explain: bool) -> RenderableType:
    pattern = match.pattern
    head = Table.grid(padding=(0, 1), expand=True)
    head.add_column(width=2, justify="right", style="bold", no_wrap=True)
    head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    head.add_column(justify="right", no_wrap=True, style="cyan")
    kind = f"{pattern.framework} {pattern.category}  {match.score:.2f}"
    head.add_row(str(match.rank), plain(_one_line(pattern.name), "bold"), plain(kind))
    lines: list[Text] = []
    if _says_more_than_name(pattern):
        lines.append(plain(_one_line(pattern.description)))
    if match.reasons:
        lines.append(plain("why: " + "; ".join(match.reasons), "green"))
    if explain:
        lines.append(plain(_explanation(match), "yellow"))
    if match.near_duplicates:
        lines.append(plain(f"and {len(match.near_duplicates)} near-identical (--all)", "dim"))
    lines.append(plain(f"{pattern.id[:SHORT_ID]}  {source_text(pattern)}".rstrip(), "dim"))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(head, *(Padding(line, (0, 0, 0, 3)) for line in lines))


def _explanation(match: PatternMatch) -> str:
    return (
        f"vector {share(match.vector_score)}  text {share(match.text_score)}"
        f"  rules {share(match.rule_score)}  quality {share(match.pattern.quality)}"
        f"  {success_text(match.pattern)}"
    )


def print_list(console: Console, patterns: Sequence[TestPattern]) -> None:
    """Prints patterns as a table, one line each."""
    result = table("id", "name", "framework", "category", "quality", "used", right=("quality",))
    result.columns[1].no_wrap = True
    result.columns[1].overflow = "ellipsis"
    result.columns[1].ratio = 1
    result.expand = True
    for column in (0, 2, 3, 4, 5):
        result.columns[column].no_wrap = True
    for pattern in patterns:
        result.add_row(
            plain(pattern.id[:SHORT_ID], "dim"),
            plain(_one_line(pattern.name)),
            pattern.framework,
            pattern.category,
            share(pattern.quality),
            plain(_used_text(pattern)),
        )
    console.print(result)


def print_pattern(
    console: Console,
    pattern: TestPattern,
    quality: Mapping[str, float | None],
    reasons: Sequence[str],
) -> None:
    """Prints everything about one pattern: facts, explained quality, template, examples."""
    console.print(plain(pattern.name, "bold"))
    if _says_more_than_name(pattern):
        console.print(plain(pattern.description))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for name, value in (
        ("id", pattern.id),
        ("source", source_text(pattern) or "-"),
        ("author", _author_text(pattern.provenance)),
        ("trust", "trusted" if _is_trusted(pattern) else UNPROVEN_TEXT),
        ("kind", f"{pattern.framework}, {pattern.language}, {pattern.category}"),
        ("tags", ", ".join(pattern.tags) or "-"),
        ("version", f"{pattern.version}, of {pattern.updated_at:%Y-%m-%d %H:%M} UTC"),
        ("confidence", share(pattern.confidence)),
        ("used", success_text(pattern)),
        ("quality", f"{pattern.quality:.2f} = {_quality_sum(quality)}"),
    ):
        facts.add_row(name, plain(value))
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
            plain(_one_line(placeholder.value)),
            placeholder.role,
            ", ".join(map(str, dict.fromkeys(placeholder.places))),
        )
    return result


def _quality_sum(quality: Mapping[str, float | None]) -> str:
    parts = [f"{name} {value:.2f}" for name, value in quality.items() if value is not None]
    return "mean of " + ", ".join(parts)


def _code(text: str, lexer: str) -> RenderableType:
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
            "trusted" if _is_trusted(version.pattern) else "unproven",
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
    result = table("when", "agent", "task", "content", "outcome", "ms", right=("ms",))
    for use in uses:
        outcome = "worked" if use.success else f"failed: {use.error_message or 'no message'}"
        result.add_row(
            f"{use.used_at:%Y-%m-%d %H:%M}",
            plain(use.agent_id or "-"),
            plain(use.task_id or "-"),
            "present" if use.content_hash == present_hash else "earlier",
            plain(_one_line(outcome)),
            "-" if use.execution_time_ms is None else f"{use.execution_time_ms:.0f}",
        )
    console.print(result)


def print_statistics(console: Console, statistics: BankStatistics) -> None:
    """Prints totals and groups of a bank with at least one pattern."""
    totals = Table.grid(padding=(0, 2))
    totals.add_column()
    totals.add_column(justify="right")
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
    for name, counts in (
        ("project", statistics.by_project),
        ("language", statistics.by_language),
        ("framework", statistics.by_framework),
        ("category", statistics.by_category),
    ):
        for value, count in counts.items():
            groups.add_row(
                name, plain(value or "-"), f"{count:,}", f"{count / statistics.patterns:.0%}"
            )
            name = ""
    console.print(groups)


def print_rejections(console: Console, results: Sequence[StoreResult], *, limit: int = 10) -> None:
    """Prints why patterns were rejected, at most ``limit`` of them."""
    rejected = [result for result in results if result.status == "rejected"]
    for result in rejected[:limit]:
        console.print(plain(f"rejected {_one_line(result.name)}: {result.reason}", "yellow"))
    if len(rejected) > limit:
        console.print(f"… and {len(rejected) - limit:,} more; --json prints all of them")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _says_more_than_name(pattern: TestPattern) -> bool:
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
