"""Renders the code of a pattern: the test alone (example) and with its context (template)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ...schema.frameworks.declarations import language_named
from .found_test import FoundTest, Snippet
from .placeholders.placeholder_edits import Edit
from .source_file import SourceFile

__all__ = ["render_example", "render_template"]


def render_example(source: SourceFile, test: FoundTest) -> str:
    """Returns the code of a test, moved to the left margin."""
    return _render(source, Snippet.of(test.node), 0, ())


def render_template(source: SourceFile, test: FoundTest, edits: Sequence[Edit]) -> str:
    """Returns the test in its classes or describe blocks, after its setup, with the edits."""
    ordered = sorted(edits, key=lambda edit: edit.start)
    depth = 0
    indent = language_named(source.language).indent
    blocks: list[str] = []
    closings: list[str] = []
    for layer in test.layers:
        if layer.opening is not None:
            blocks.append(_render(source, layer.opening, depth, ordered))
            if layer.closing is not None:
                closings.append(_render(source, layer.closing, depth, ordered))
            depth += indent
        blocks += [_render(source, Snippet.of(member), depth, ordered) for member in layer.members]
    blocks.append(_render(source, Snippet.of(test.node), depth, ordered))
    return "\n".join(("\n\n".join(blocks), *reversed(closings)))


def _render(source: SourceFile, snippet: Snippet, depth: int, edits: Sequence[Edit]) -> str:
    """Returns a snippet with its edits, its first line indented by ``depth``."""
    pieces: list[str] = []
    position = snippet.start
    for edit in edits[bisect_left(edits, snippet.start, key=lambda edit: edit.start) :]:
        if edit.start >= snippet.end:
            break
        pieces += [source.text(position, edit.start), edit.text]
        position = edit.end
    text = "".join((*pieces, source.text(position, snippet.end)))
    return _reindent(text, snippet.column, depth)


def _reindent(text: str, column: int, depth: int) -> str:
    first, *rest = text.split("\n")
    margin = " " * depth
    lines = [margin + first]
    for line in rest:
        indent = len(line) - len(line.lstrip(" \t"))
        # A line further left than the first is part of a string or comment and stays.
        lines.append(margin + line[column:] if indent >= column else line)
    return "\n".join(line.rstrip() if not line.strip() else line for line in lines)
