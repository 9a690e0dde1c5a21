"""Prints results: stored text without markup, tables that fit the terminal, pure JSON.

Where stdout is no terminal, nothing is cut or wrapped, and a table is one line for each row, its
cells separated by tabs.

Stored text is data. It reaches a terminal only through ``plain``, without markup, control
characters or the marks that reorder text; JSON holds it unchanged, escaped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

import msgspec
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ..schema.records.record import Record
from .safe_text import UNSAFE, clean, without_surrogates

__all__ = [
    "INTERRUPTED",
    "clean",
    "counted",
    "fact_table",
    "json_text",
    "on_terminal",
    "plain",
    "print_json",
    "share",
    "stderr",
    "stdout",
    "table",
]

INTERRUPTED = 130  # 128 + SIGINT, as shells report it

# Columns of output that is no terminal: lines are as long as their text.
_UNLIMITED_WIDTH = 1_000_000


def on_terminal(stream: TextIO | None = None) -> bool:
    """Returns whether a person sees what is written to a stream; by default to stdout.

    ``TTY_COMPATIBLE=1`` says so where a stream does not, as in the logs of a build service.
    """
    return os.environ.get("TTY_COMPATIBLE") == "1" or (stream or sys.stdout).isatty()


def stdout() -> Console:
    """Returns the console for results; it follows the terminal's width and ``NO_COLOR``."""
    width = None if on_terminal() else _UNLIMITED_WIDTH
    return Console(highlight=False, soft_wrap=False, emoji=False, width=width)


def stderr() -> Console:
    """Returns the console for progress, notes and errors."""
    return Console(stderr=True, highlight=False, emoji=False)


def plain(text: object, style: str = "") -> Text:
    """Returns stored text that is safe to print: no markup, no control characters."""
    return Text(clean(str(text)), style=style)


def print_json(value: Any) -> None:
    """Writes one JSON document, and nothing else, to stdout.

    Records become objects as ``to_dict`` writes them, dates ISO 8601; a lone surrogate becomes
    U+FFFD. Characters that could control a terminal are escaped, so that the document may be
    printed on one.
    """
    sys.stdout.write(json_text(value, indent=2) + "\n")


def json_text(value: Any, *, indent: int = 0) -> str:
    """Returns a value as JSON that may be printed on a terminal; with no indent, on one line."""
    document = msgspec.json.encode(_storable(value))
    if indent:
        document = msgspec.json.format(document, indent=indent)
    return UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", document.decode("utf-8"))


def _storable(value: Any) -> Any:
    """Returns the value as JSON can hold it: builtin types, no lone surrogates."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Record):
        return _storable(value.to_dict())
    return _storable(msgspec.to_builtins(value, str_keys=True))


class ResultTable(Table):
    """A table that is tab-separated text where stdout is no terminal."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields the lines of the table."""
        if on_terminal():
            yield from super().__rich_console__(console, options)
            return
        if self.title:
            yield Segment(f"{self.title}\n")
        if self.show_header:
            yield _tab_separated([column.header for column in self.columns])
        for row in zip(*(column.cells for column in self.columns), strict=True):
            yield _tab_separated(row)


def _tab_separated(cells: Sequence[object]) -> Segment:
    return Segment("\t".join(" ".join(str(cell).split()) for cell in cells) + "\n")


def table(*columns: str, right: Iterable[str] = (), title: str | None = None) -> Table:
    """Returns an empty table with these headings; those in ``right`` are right-aligned."""
    result = ResultTable(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    numeric = set(right)
    for column in columns:
        result.add_column(column, justify="right" if column in numeric else "left")
    return result


def fact_table() -> Table:
    """Returns an empty table of names and values, without headings or rules."""
    result = ResultTable.grid(padding=(0, 2))
    result.add_column(style="dim")
    result.add_column(overflow="fold")
    return result


def counted(number: int, noun: str, plural: str = "") -> str:
    """Returns a number with its noun: ``1 pattern``, ``2 patterns``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def share(value: float | None) -> str:
    """Returns a value from 0 to 1 with two decimals, or a dash where there is no data."""
    return "-" if value is None else f"{value:.2f}"
