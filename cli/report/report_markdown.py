"""Writes a report as GitHub Flavored Markdown, for a pull request or a wiki.

Text of the bank is put into code spans, where it is neither markup nor HTML, mentions nobody and
links to nothing. See https://github.github.com/gfm/#code-spans and #tables-extension-.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .report_document import Block, Document, Facts, Name, Note, Sparkline, Table, bars

__all__ = ["markdown_of"]

# In a table, a backslash before a pipe is read in two ways by two generations of parsers.
_NO_CODE_SPAN = re.compile(r"[|`\\]")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~@&])")


def markdown_of(document: Document) -> str:
    """Returns a report as Markdown."""
    parts = [f"# {_text(document.title)}", _block(document.about)]
    for section in document.sections:
        parts += [f"## {_text(section.title)}", *map(_block, section.blocks)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Facts():
            return "\n".join(f"- {_text(name)}: {_text(value)}" for name, value in block.values)
        case Note():
            return _text(block.text)
        case Sparkline():
            return f"{_text(block.title)}, oldest first: `{bars(block.counts)}`"
        case Table():
            return f"**{_text(block.title)}**\n\n" + "\n".join(_lines(block))


def _lines(block: Table) -> Iterator[str]:
    yield _row([_text(column) for column in block.columns])
    yield _row(["--:" if column in block.right else ":--" for column in block.columns])
    for row in block.rows:
        yield _row([_text(cell) for cell in row])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    return _code(text) if isinstance(text, Name) else _MARKUP.sub(r"\\\1", text)


def _code(name: Name) -> str:
    """Returns text of the bank as a code span; as character references where it cannot be one."""
    if not _NO_CODE_SPAN.search(name):
        return f"`{name}`"
    referenced = "".join(
        char if char.isalnum() or char == " " else f"&#{ord(char)};" for char in name
    )
    return f"<code>{referenced}</code>"
