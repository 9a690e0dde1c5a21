"""One test file in, its patterns or the reason for none out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...schema.records.patterns import TestPattern
from ..text.syntax_tree import error_lines, first_error_line, parse
from .code_facts import code_facts
from .frameworks.framework_detection import (
    UnsupportedFrameworkError,
    javascript_framework,
    python_framework,
)
from .languages.javascript_imports import javascript_imports
from .languages.javascript_tests import find_javascript_tests
from .languages.python_imports import python_imports
from .languages.python_tests import find_python_tests
from .pattern_builder import build_patterns
from .source_file import SourceFile, UnreadableSourceError, read_source

if TYPE_CHECKING:
    from tree_sitter import Node

    from ..text.syntax_tree import Grammar
    from .found_test import FoundTest

__all__ = ["ExtractedFile", "SkippedFile", "extract_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedFile:
    """A file that gave no patterns, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedFile:
    """What one file gave.

    Attributes:
        patterns: One for each test written in it, in source order; empty when it holds none.
        skipped: Why nothing could be had from it; None when it was read.
    """

    path: Path
    patterns: tuple[TestPattern, ...]
    skipped: SkippedFile | None


class _UnparsableError(Exception):
    """The syntax tree is of no use; the message says why."""


def extract_file(path: Path, *, scored: bool = True) -> ExtractedFile:
    """Returns the patterns of one test file; the code is read, never run.

    Args:
        scored: Without it the patterns have quality 0, for a caller that stores them: storing
            scores what it redacted, and scoring is a quarter of the work here.

    Content that cannot be used (unparsable, binary, too large, not decodable, not permitted, for a
    framework that is not supported) never raises: it is reported in ``skipped``.
    """
    try:
        source = read_source(path)
        patterns = _patterns(source, scored=scored)
    except (UnreadableSourceError, UnsupportedFrameworkError, _UnparsableError) as error:
        return ExtractedFile(
            path=path, patterns=(), skipped=SkippedFile(path=str(path), reason=str(error))
        )
    return ExtractedFile(path=path, patterns=tuple(patterns), skipped=None)


def _patterns(source: SourceFile, *, scored: bool) -> list[TestPattern]:
    if source.language == "python":
        return _python_patterns(source, scored=scored)
    return _javascript_patterns(source, scored=scored)


def _python_patterns(source: SourceFile, *, scored: bool) -> list[TestPattern]:
    root = parse(source.code, "python").root_node
    line = first_error_line(root)
    if line is not None:
        raise _UnparsableError(f"syntax error at line {source.line_number(line - 1)}")
    imports = python_imports(root)
    return build_patterns(
        source,
        find_python_tests(root),
        imports,
        lambda test, facts: python_framework(test.style, imports, facts.names),
        scored=scored,
    )


def _javascript_patterns(source: SourceFile, *, scored: bool) -> list[TestPattern]:
    root = _javascript_tree(source)
    imports = javascript_imports(root)
    tests = _without_errors(source, root, find_javascript_tests(root, imports))
    if not tests:
        return []
    evidence = javascript_framework(source, imports, code_facts([root]).calls)
    return build_patterns(source, tests, imports, lambda test, facts: evidence, scored=scored)


def _javascript_tree(source: SourceFile) -> Node:
    """Returns the tree of the first grammar that fits, else the one with the fewest errors."""
    if source.path.suffix in {".ts", ".mts", ".cts"}:
        grammars: tuple[Grammar, ...] = ("typescript", "tsx")
    elif source.language == "typescript":
        grammars = ("tsx", "typescript")
    else:
        grammars = ("javascript", "tsx")  # Flow's types are read as TypeScript's, where they agree
    best: tuple[int, Node] | None = None
    for grammar in grammars:
        root = parse(source.code, grammar).root_node
        if not root.has_error:
            return root
        errors = sum(last - first + 1 for first, last in error_lines(root))
        if best is None or errors < best[0]:
            best = (errors, root)
    assert best is not None
    return best[1]


def _without_errors(source: SourceFile, root: Node, tests: list[FoundTest]) -> list[FoundTest]:
    """Returns the tests that parsed cleanly.

    The grammars stumble over a few valid constructions (measured: see the tests of this module), so
    an error elsewhere in the file does not cost the tests that it does not touch.
    """
    clean = [test for test in tests if not test.node.has_error]
    if root.has_error and (not clean or len(clean) * 2 < len(tests)):
        line = first_error_line(root) or 1
        raise _UnparsableError(f"syntax error at line {source.line_number(line - 1)}")
    return clean
