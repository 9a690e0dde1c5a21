"""Formats lists of patterns: a block each on a terminal, a line of cells each elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...schema import PatternMatch, TestPattern
from ..output import on_terminal, plain, share, table
from .pattern_view import is_trusted, one_line, says_more_than_name, source_text, success_text

__all__ = [
    "MATCH_COLUMNS",
    "PATTERN_COLUMNS",
    "closeness_note",
    "print_list",
    "print_matches",
]

# Keys of the JSON objects that a CSV or Markdown table has by default.
PATTERN_COLUMNS = (
    *("id", "name", "framework", "language", "category", "quality", "success_rate"),
    *("usage_count", "project", "source"),
)
MATCH_COLUMNS = ("rank", "score", "strength", *PATTERN_COLUMNS)


def closeness_note(rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns what to print above matches that are all weak; empty if one is strong.

    Args:
        rows: The JSON objects of the matches; an encoder without a measured threshold gives no
            ``strength``.
    """
    strengths = {row.get("strength") for row in rows}
    return "nothing here is close; nearest:" if strengths == {"weak"} else ""


def print_matches(console: Console, matches: Sequence[PatternMatch], *, explain: bool) -> None:
    """Prints matches in the given order."""
    if on_terminal():
        for match in matches:
            console.print(_match_block(match, explain=explain))
        return
    scores = ("scores",) if explain else ()
    result = table("rank", "score", "id", "name", "framework", "category", "source", "why", *scores)
    for match in matches:
        pattern = match.pattern
        result.add_row(
            str(match.rank),
            f"{match.score:.2f}",
            plain(pattern.id),
            plain(pattern.name),
            pattern.framework,
            pattern.category,
            plain(source_text(pattern)),
            plain("; ".join(match.reasons)),
            *((plain(_explanation(match)),) if explain else ()),
        )
    console.print(result)


def _match_block(match: PatternMatch, *, explain: bool) -> RenderableType:
    pattern = match.pattern
    lines: list[Text] = []
    if says_more_than_name(pattern):
        lines.append(plain(one_line(pattern.description)))
    if match.reasons:
        lines.append(plain("why: " + "; ".join(match.reasons), "green"))
    if explain:
        lines.append(plain(_explanation(match), "yellow"))
    if match.near_duplicates:
        lines.append(plain(f"and {len(match.near_duplicates)} near-identical (--all)", "dim"))
    facts = f"{pattern.framework} {pattern.category}  {match.score:.2f}"
    return _block(str(match.rank), pattern, facts, lines)


def _block(head: str, pattern: TestPattern, facts: str, lines: Sequence[Text]) -> RenderableType:
    """Returns a pattern's name and facts, some lines, and its id and source, which are not cut."""
    first = Table.grid(padding=(0, 1), expand=True)
    first.add_column(width=2, justify="right", style="bold", no_wrap=True)
    first.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    first.add_column(justify="right", no_wrap=True, style="cyan")
    first.add_row(head, plain(one_line(pattern.name), "bold"), plain(facts))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    place = plain(f"{pattern.id}  {source_text(pattern)}".rstrip(), "dim")
    place.overflow = "fold"
    return Group(first, *(Padding(line, (0, 0, 0, 3)) for line in (*lines, place)))


def _explanation(match: PatternMatch) -> str:
    return (
        f"vector {share(match.vector_score)}  text {share(match.text_score)}"
        f"  rules {share(match.rule_score)}  quality {share(match.pattern.quality)}"
        f"  {success_text(match.pattern)}"
    )


def print_list(console: Console, patterns: Sequence[TestPattern]) -> None:
    """Prints patterns in the given order."""
    if on_terminal():
        for number, pattern in enumerate(patterns, start=1):
            facts = f"{pattern.framework} {pattern.category}  {share(pattern.quality)}"
            used = [plain(_used_text(pattern))] if pattern.usage_count else []
            console.print(_block(str(number), pattern, facts, used))
        return
    result = table("id", "name", "framework", "category", "quality", "used", "source")
    for pattern in patterns:
        result.add_row(
            plain(pattern.id),
            plain(pattern.name),
            pattern.framework,
            pattern.category,
            share(pattern.quality),
            plain(_used_text(pattern)),
            plain(source_text(pattern)),
        )
    console.print(result)


def _used_text(pattern: TestPattern) -> str:
    """Returns how often a pattern worked, and that it is unproven."""
    used = f"worked {success_text(pattern)}" if pattern.usage_count else "never used"
    return used if is_trusted(pattern) else f"{used}, unproven"
