"""Extracts the patterns of one test file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...schema.frameworks.declarations import language_named
from ...schema.records.patterns import TestPattern
from ..quality.score import score_quality
from ..quality.scored_pattern import ScoredPattern, StorablePattern
from ..text.syntax_tree import Grammar, error_lines, first_error_line, parse, parses_within
from .code_facts import CodeIndex
from .discovery.project_root import ProjectRoot
from .frameworks.foreign_files import refuse_foreign_file
from .frameworks.framework_detection import framework_detector, refuse_unsupported
from .frameworks.unsupported_frameworks import UnsupportedFrameworkError
from .languages.grammar_masks import mask_silent_gaps, mask_syntax_gaps
from .languages.language_reader import reader_of
from .languages.lost_tests import LostTest, find_lost_tests, lost_calls
from .pattern_builder import PatternIds, build_patterns
from .source_file import (
    ExtractionBudget,
    ExtractionTuning,
    SourceFile,
    UnreadableSourceError,
    read_source,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from .found_test import FoundTest

__all__ = ["ExtractedFile", "LostTest", "SkippedFile", "UnsupportedTests", "extract_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedFile:
    """A file that was skipped, wholly or from a test on, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsupportedTests:
    """A file of an unsupported framework, and what looks like tests in it."""

    path: str
    framework: str
    tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedFile:
    """The patterns of one file.

    Attributes:
        storable: One pattern for each test in it, in source order; the bank stores them without
            parsing or redacting their code again.
        skipped: Why the file, or what follows the tests in ``storable``, could not be used; None if
            all of it was read.
        lost: Tests that are in the file and could not be read.
        unsupported: The framework of the file and its number of tests, if it is not supported;
            ``skipped`` says so too.
        root: The project of the file; None if the file could not be read.
        earlier_ids: For the id of each pattern, the one that earlier versions derived.
    """

    path: Path
    storable: tuple[StorablePattern, ...]
    skipped: SkippedFile | None
    lost: tuple[LostTest, ...] = ()
    unsupported: UnsupportedTests | None = None
    root: ProjectRoot | None = None
    earlier_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def patterns(self) -> tuple[TestPattern, ...]:
        """The patterns with their quality; to store them, pass ``storable`` to the bank."""
        return tuple(map(_with_quality, self.storable))


class _UnparsableError(Exception):
    """A file whose syntax tree is unusable; the message says why."""


class _ParsedCode(NamedTuple):
    root: Node
    grammar: Grammar


def extract_file(
    path: Path,
    *,
    tuning: ExtractionTuning | None = None,
    project_name: Callable[[ProjectRoot], str] = attrgetter("name"),
) -> ExtractedFile:
    """Returns the patterns of one test file; the code is parsed, never run.

    Never raises for the content of a file: if it is unparsable, binary, too large, undecodable, not
    readable or for an unsupported framework, ``skipped`` says so. Memory and processor time are
    bounded; a file that reaches a limit while its tests are extracted keeps those found until then.

    Args:
        tuning: The limits; None for the normal ones.
        project_name: Returns the name of a project in the bank; ids are derived from it.
    """
    budget = ExtractionBudget(tuning or ExtractionTuning())
    lost: list[LostTest] = []
    try:
        refuse_foreign_file(path, budget.tuning)
        source = read_source(path, budget.tuning)
        ids = PatternIds(source, project_name(source.root))
        patterns = _patterns(source, budget, ids, lost)
    except UnsupportedFrameworkError as error:
        found = UnsupportedTests(path=str(path), framework=error.framework, tests=error.tests)
        return _skipped(path, str(error), unsupported=found)
    except (UnreadableSourceError, _UnparsableError) as error:
        return _skipped(path, str(error), lost=tuple(lost))
    rest = SkippedFile(path=str(path), reason=budget.reached) if budget.reached else None
    return ExtractedFile(
        path=path,
        storable=tuple(patterns),
        skipped=rest,
        lost=tuple(lost),
        root=source.root,
        earlier_ids=ids.earlier,
    )


def _skipped(
    path: Path,
    reason: str,
    *,
    lost: tuple[LostTest, ...] = (),
    unsupported: UnsupportedTests | None = None,
) -> ExtractedFile:
    return ExtractedFile(
        path=path,
        storable=(),
        skipped=SkippedFile(path=str(path), reason=reason),
        lost=lost,
        unsupported=unsupported,
    )


def _with_quality(storable: StorablePattern) -> TestPattern:
    if isinstance(storable, ScoredPattern):
        return replace(storable.pattern, quality=storable.base_quality)
    return replace(storable, quality=score_quality(storable).total)


def _patterns(
    source: SourceFile, budget: ExtractionBudget, ids: PatternIds, lost: list[LostTest]
) -> list[StorablePattern]:
    """Returns the patterns of a file, and appends the tests that are not understood to ``lost``."""
    reader = reader_of(source.language)
    root, grammar = _best_parsed(source, budget)
    imports = reader.read_imports(root)
    refuse_unsupported(source, root, imports)
    found, unread = reader.find_tests(source, root, imports, budget)
    lost += lost_calls(source, unread)
    tests = _without_errors(source, root, found, lost)
    if not tests:
        return []
    index = CodeIndex(root)
    calls = index.calls if language_named(source.language).has_packages else ()
    detect = framework_detector(source, imports, calls, tests)
    return build_patterns(source, index, grammar, tests, imports, detect, budget, ids)


def _best_parsed(source: SourceFile, budget: ExtractionBudget) -> _ParsedCode:
    """Returns the tree without errors of the first grammar that has one, or the best tree."""
    parsed: list[_ParsedCode] = []
    for grammar in language_named(source.language).grammars_for(source.path.suffix):
        root = _parsed(source, grammar, budget)
        parsed.append(_ParsedCode(root, grammar))
        if not root.has_error:
            return parsed[-1]
    return min(parsed, key=lambda code: _lines_in_error(code.root))


def _parsed(source: SourceFile, grammar: Grammar, budget: ExtractionBudget) -> Node:
    """Returns the root of the syntax tree.

    Raises:
        _UnparsableError: Parsing takes too long.
    """
    seconds = budget.tuning.max_parse_s
    is_large = len(source.code) > budget.tuning.trial_bytes
    if is_large and not parses_within(source.code, grammar, seconds):
        raise _UnparsableError(f"parsing takes more than {seconds:g} s of processor time")
    root = parse(mask_silent_gaps(source.code, grammar), grammar).root_node
    if not root.has_error:
        return root
    masked_code = mask_syntax_gaps(mask_silent_gaps(source.code, grammar), grammar)
    masked = parse(masked_code, grammar).root_node
    return min(root, masked, key=_lines_in_error)


def _lines_in_error(root: Node) -> int:
    return sum(last - first + 1 for first, last in error_lines(root))


def _without_errors(
    source: SourceFile, root: Node, tests: list[FoundTest], lost: list[LostTest]
) -> list[FoundTest]:
    """Returns the tests that parsed cleanly, and appends the others to ``lost``.

    The grammars reject a few valid constructions (measured: see the tests of this module), so an
    error discards only the tests that it touches.

    Raises:
        _UnparsableError: Errors touch all tests.
    """
    if not root.has_error:
        return tests
    clean = [test for test in tests if not test.node.has_error]
    lost += find_lost_tests(source, root, clean)
    if not clean:
        line = first_error_line(root) or 1
        raise _UnparsableError(f"syntax error at line {source.line_number(line - 1)}")
    return clean
