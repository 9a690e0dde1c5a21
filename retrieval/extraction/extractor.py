"""One test file in, its patterns or the reason for none out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...schema.patterns import TestPattern
from .building import build_patterns
from .frameworks import (
    UnsupportedFrameworkError,
    python_framework,
)
from .imports import python_imports
from .parsing import first_error_line, parse
from .python_tests import find_python_tests
from .source import SourceFile, UnreadableSourceError, read_source

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


def extract_file(path: Path) -> ExtractedFile:
    """Returns the patterns of one test file; the code is read, never run.

    Content that cannot be used (unparsable, binary, too large, not decodable, not permitted, for a
    framework that is not supported) never raises: it is reported in ``skipped``.
    """
    try:
        source = read_source(path)
        patterns = _python_patterns(source)
    except (UnreadableSourceError, UnsupportedFrameworkError, _UnparsableError) as error:
        return ExtractedFile(
            path=path, patterns=(), skipped=SkippedFile(path=str(path), reason=str(error))
        )
    return ExtractedFile(path=path, patterns=tuple(patterns), skipped=None)


def _python_patterns(source: SourceFile) -> list[TestPattern]:
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
    )
