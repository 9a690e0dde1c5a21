"""Prints results: stored text without markup, tables that fit the terminal, pure JSON.

Stored text is data. It reaches a terminal only through ``plain``, without markup, control
characters or the marks that reorder text; JSON holds it unchanged, escaped.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = [
    "INTERRUPTED",
    "clean",
    "json_text",
    "plain",
    "print_json",
    "share",
    "stderr",
    "stdout",
    "table",
]

INTERRUPTED = 130  # 128 + SIGINT, as shells report it

# C0 but newline and tab, DEL, C1, and the bidirectional and line-separator controls
# (RELIABILITY section 5, "terminal escapes"): each becomes one U+FFFD.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def stdout() -> Console:
    """Returns the console for results; it follows the terminal's width and ``NO_COLOR``."""
    return Console(highlight=False, soft_wrap=False)


def stderr() -> Console:
    """Returns the console for progress, notes and errors."""
    return Console(stderr=True, highlight=False)


def plain(text: object, style: str = "") -> Text:
    """Returns stored text that is safe to print: no markup, no control characters."""
    return Text(clean(str(text)), style=style)


def clean(text: str) -> str:
    """Returns the text with every character that could control a terminal replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", _UNSAFE.sub("\ufffd", text))


def print_json(value: Any) -> None:
    """Writes one JSON document, and nothing else, to stdout."""
    sys.stdout.write(json_text(value))


def json_text(value: Any) -> str:
    """Returns a value as one JSON document with a line end.

    Dataclasses become objects, dates ISO 8601; a lone surrogate becomes U+FFFD. Characters that
    could control a terminal are escaped, so that the document may be printed on one.
    """
    document = msgspec.json.format(msgspec.json.encode(_storable(value)), indent=2)
    text = _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", document.decode("utf-8"))
    return text + "\n"


def _storable(value: Any) -> Any:
    """Returns the value as JSON can hold it: builtin types, no lone surrogates."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _storable(msgspec.to_builtins(value, str_keys=True))


def table(*columns: str, right: Iterable[str] = (), title: str | None = None) -> Table:
    """Returns an empty table with these headings; those in ``right`` are right-aligned."""
    result = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    numeric = set(right)
    for column in columns:
        result.add_column(column, justify="right" if column in numeric else "left")
    return result


def share(value: float | None) -> str:
    """Returns a value from 0 to 1 with two decimals, or a dash where there is no data."""
    return "-" if value is None else f"{value:.2f}"
