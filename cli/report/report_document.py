"""Defines the blocks of a report, the same for every format.

Text is either ours, or a ``Name``: text of the bank, which each format must keep from acting as
markup. A name is one line without control characters, and holds no secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...schema.records.validation import without_secrets
from ..output import clean

__all__ = [
    "UNBROKEN",
    "Block",
    "Document",
    "Facts",
    "Name",
    "Note",
    "Section",
    "Sparkline",
    "Table",
    "bars",
]

# Short columns, of which a part says nothing.
UNBROKEN = ("id", "last use", "last extraction", "since", "on", "from", "verdict", "standing")
_BARS = "·▁▂▃▄▅▆▇█"  # the first is for 0


class Name(str):
    """Text of the bank: a name, an id, a path.

    Args:
        text: Any text. Line ends become spaces, secrets placeholders.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Name:
        """Returns the text as one safe line."""
        return super().__new__(cls, " ".join(clean(without_secrets(text)).split()))


@dataclass(frozen=True, slots=True)
class Facts:
    """Values with their names, one a line."""

    values: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with at least one row.

    Attributes:
        title: What the rows are.
        columns: Headings; those in ``right`` are of numbers.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A small bar chart without axes: counts by week, oldest first, and the name of each."""

    title: str
    counts: Sequence[int]
    labels: Sequence[str]


Block = Facts | Note | Table | Sparkline


@dataclass(frozen=True, slots=True)
class Section:
    """A question and the blocks that answer it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Document:
    """A report: its title, what it is about, its sections."""

    title: str
    about: Facts
    sections: Sequence[Section]


def bars(counts: Sequence[int]) -> str:
    """Returns counts as bars of text, one character each; any count above 0 has a bar."""
    highest = max(counts, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[-(-count * steps // highest) if count else 0] for count in counts)
