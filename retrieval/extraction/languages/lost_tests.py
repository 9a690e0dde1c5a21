"""Names the tests of a file that are not understood: by the parser, or by what they call."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ....schema.frameworks.declarations import language_named, node_types
from ...text.syntax_tree import error_lines
from ..found_test import FoundTest, UnreadCall
from ..source_file import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["LostTest", "find_lost_tests", "lost_calls"]

_TEXTS: Final = frozenset({"comment", "string_content", "string_fragment"}) | node_types("strings")
_MAX_TITLE_CHARS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTest:
    """A test that was found in a file and could not be read.

    Attributes:
        line: Where it starts, 1-based.
        code: The start of its first line.
        reason: What is not understood.
    """

    path: str
    line: int
    code: str
    reason: str


def find_lost_tests(
    source: SourceFile, root: Node, read: Sequence[FoundTest]
) -> tuple[LostTest, ...]:
    """Returns what looks like a test in a tree with errors, without the tests that were read."""
    errors = [first for first, _ in error_lines(root)]
    return tuple(
        LostTest(
            path=str(source.path),
            line=source.line_number(row),
            code=title[:_MAX_TITLE_CHARS],
            reason=f"line {source.line_number(_error_of(errors, row))} is not understood",
        )
        for row, title in _missing(source, root, read)
    )


def lost_calls(source: SourceFile, calls: Iterable[UnreadCall]) -> Iterator[LostTest]:
    """Yields the calls that look like tests, as tests that could not be read."""
    for node, reason in calls:
        code = source.text(node.start_byte, node.end_byte).partition("\n")[0].strip()
        line = source.line_number(node.start_point[0])
        yield LostTest(
            path=str(source.path), line=line, code=code[:_MAX_TITLE_CHARS], reason=reason
        )


def _missing(
    source: SourceFile, root: Node, read: Sequence[FoundTest]
) -> Iterator[tuple[int, str]]:
    pattern = re.compile(language_named(source.language).test_code.encode())
    spans = sorted((test.node.start_byte, test.node.end_byte) for test in read)
    starts = [start for start, _ in spans]
    row = position = 0
    for match in pattern.finditer(source.code):
        start = match.start("title")
        row += source.code.count(b"\n", position, start)
        position = start
        before = bisect_right(starts, start) - 1
        is_read = before >= 0 and start < spans[before][1]
        node = root.descendant_for_byte_range(start, start)
        if not is_read and not (node is not None and node.type in _TEXTS):
            yield row, match["title"].decode("utf-8", "replace").strip()


def _error_of(errors: Sequence[int], row: int) -> int:
    """Returns the row of the first error at or after a row, or of the last before it."""
    return next((error for error in errors if error >= row), errors[-1] if errors else row)
