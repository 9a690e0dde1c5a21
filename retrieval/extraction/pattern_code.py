"""Renders the code of a pattern: the test alone (example) and with its context (template)."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...schema.records.pattern_parts import Placeholder, escaped_code, placeholder_places
from .found_test import FoundTest, Snippet
from .placeholders.literal_place import STRING_TYPES
from .placeholders.placeholder_edits import Edit
from .source_file import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["PatternTemplate", "indented_code", "render_example", "render_template"]

_BLANKS = re.compile(rb"[ \t]*")


@dataclass(frozen=True, slots=True)
class PatternTemplate:
    """The template of a pattern, and its placeholders in the order of their first places."""

    text: str
    placeholders: tuple[Placeholder, ...]

    @property
    def size(self) -> int:
        """The bytes of its text and values."""
        values = (text for each in self.placeholders for text in (each.name, each.value))
        return len(self.text.encode()) + sum(len(text.encode()) for text in values)


class _Move(NamedTuple):
    """The change of a snippet's indentation; lines that start in ``strings`` are text and stay."""

    old: bytes
    new: bytes
    strings: list[tuple[int, int]]


def render_example(source: SourceFile, test: FoundTest) -> str:
    """Returns the code of a test, moved to the left margin."""
    snippet = Snippet.of(test.node)
    return _reindent(source.text(snippet.start, snippet.end), snippet.column)


def render_template(source: SourceFile, test: FoundTest, edits: Sequence[Edit]) -> PatternTemplate:
    """Returns the test in its classes or describe blocks, after its setup, with the edits.

    Each line keeps the indentation that it has in the source; Python code starts at the left margin
    nevertheless, since it would not parse elsewhere.

    Args:
        edits: In source order.
    """
    writer = _TemplateWriter(source, edits)
    openings = [layer.opening for layer in test.layers if layer.opening is not None]
    margins = _margins(source, [*openings, Snippet.of(test.node)])
    depth = 0
    blocks: list[str] = []
    closings: list[str] = []
    for layer in test.layers:
        if layer.opening is not None:
            blocks.append(writer.text(layer.opening, margins[depth]))
            if layer.closing is not None:
                closings.append(writer.text(layer.closing, margins[depth]))
            depth += 1
        blocks += [writer.node_text(member, margins[depth]) for member in layer.members]
    blocks.append(writer.node_text(test.node, margins[depth]))
    return writer.template("\n".join(("\n\n".join(blocks), *reversed(closings))))


def indented_code(source: SourceFile, snippet: Snippet, depth: int, node: Node) -> str:
    """Returns the code of a snippet, its first line indented by ``depth``.

    Args:
        node: What the snippet is a part of; lines inside its strings stay as they are.
    """
    indent, margin = _indent_of(source, snippet), b" " * depth
    move = _Move(indent, margin, _long_strings(node) if indent != margin else [])
    return margin.decode() + _moved(source, snippet.start, snippet.end, move)


class _TemplateWriter:
    """Writes snippets of a source with placeholders, whose original code it collects."""

    def __init__(self, source: SourceFile, edits: Sequence[Edit]) -> None:
        self._source = source
        self._edits = edits
        self._values: dict[str, str] = {}

    def text(self, snippet: Snippet, margin: bytes | None, node: Node | None = None) -> str:
        """Returns a snippet with its edits; its first line starts at the margin."""
        indent = _indent_of(self._source, snippet)
        margin = indent if margin is None else margin
        moves = indent != margin
        move = _Move(indent, margin, _long_strings(node) if moves and node is not None else [])
        pieces = [margin.decode()]
        position = snippet.start
        for edit in self._edits[bisect_left(self._edits, snippet.start, key=_start_of) :]:
            if edit.start >= snippet.end:
                break
            if edit.start < position:
                continue  # inside the one before
            pieces += [
                escaped_code(_moved(self._source, position, edit.start, move)),
                f"{{{{{edit.name}}}}}",
            ]
            self._values.setdefault(edit.name, _moved(self._source, edit.start, edit.end, move))
            position = edit.end
        rest = escaped_code(_moved(self._source, position, snippet.end, move))
        return "".join((*pieces, rest))

    def node_text(self, node: Node, margin: bytes | None) -> str:
        """Returns the code of a node with its edits; its first line starts at the margin."""
        return self.text(Snippet.of(node), margin, node)

    def template(self, text: str) -> PatternTemplate:
        """Returns a text made of these snippets with its placeholders."""
        roles = {edit.name: edit.role for edit in self._edits}
        return PatternTemplate(
            text,
            tuple(
                Placeholder(name=name, value=self._values[name], role=roles[name], places=places)
                for name, places in placeholder_places(text).items()
            ),
        )


def _moved(source: SourceFile, start: int, end: int, move: _Move) -> str:
    """Returns the source between two bytes with the indentation of its lines changed."""
    if move.old == move.new:
        return source.text(start, end)
    first, *rest = source.code[start:end].split(b"\n")
    lines = [first]
    position = start + len(first) + 1
    for line in rest:
        is_text = _is_inside(move.strings, position)
        position += len(line) + 1
        # A line further left than the first is part of a text or comment and stays.
        moves = line.startswith(move.old) and not is_text
        lines.append(move.new + line[len(move.old) :] if moves else line)
    return b"\n".join(lines).decode("utf-8", "replace")


def _margins(source: SourceFile, chain: Sequence[Snippet]) -> list[bytes | None]:
    """Returns the indentation of each block around a test and of the test.

    None keeps that of the source.
    """
    if source.language != "python":
        return [None] * len(chain)
    base = _indent_of(source, chain[0])
    return [_indent_of(source, snippet).removeprefix(base) for snippet in chain]


def _indent_of(source: SourceFile, snippet: Snippet) -> bytes:
    """Returns the blanks at the start of the line in which a snippet starts."""
    match = _BLANKS.match(source.code, snippet.start - snippet.column, snippet.start)
    return match[0] if match else b""


def _long_strings(node: Node) -> list[tuple[int, int]]:
    """Returns the first and last byte of each string over several lines, in source order."""
    found: list[tuple[int, int]] = []
    stack = [node]
    while stack:
        inner = stack.pop()
        if inner.start_point[0] == inner.end_point[0]:
            continue
        if inner.type in STRING_TYPES:
            found.append((inner.start_byte, inner.end_byte))
        else:
            stack.extend(reversed(inner.named_children))
    return found


def _is_inside(ranges: list[tuple[int, int]], position: int) -> bool:
    index = bisect_right(ranges, (position, 0)) - 1
    return index >= 0 and position < ranges[index][1]


def _start_of(edit: Edit) -> int:
    return edit.start


def _reindent(text: str, column: int) -> str:
    first, *rest = text.split("\n")
    lines = [first]
    for line in rest:
        indent = len(line) - len(line.lstrip(" \t"))
        # A line further left than the first is part of a string or comment and stays.
        lines.append(line[column:] if indent >= column else line)
    return "\n".join(line.rstrip() if not line.strip() else line for line in lines)
