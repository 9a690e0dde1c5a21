"""Describes where each file and each test of an extraction went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...schema import StoreReport, StoreResult, TestPattern
from ...schema.records.record import Record
from ..extraction import ExtractedFile, LostTest, SkippedFile, UnsupportedTests
from ..quality.scored_pattern import pattern_of

__all__ = ["GoneTest", "MovedTest", "SuiteProgress", "SuiteReport"]


@dataclass(frozen=True, slots=True)
class SuiteProgress:
    """How far an extraction is: files and tests that are stored, and the number of all files."""

    files: int
    tests: int
    all_files: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GoneTest(Record):
    """A test that the bank has and its project no longer has; ``source`` is where it was."""

    id: str
    name: str
    project: str
    source: str

    @classmethod
    def of(cls, pattern: TestPattern) -> GoneTest:
        """Returns the record of a stored pattern."""
        source = pattern.source or ""
        return cls(id=pattern.id, name=pattern.name, project=pattern.project, source=source)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MovedTest(Record):
    """A test that was renamed or moved; the pattern of the new place has its history."""

    earlier: GoneTest
    id: str
    name: str
    source: str


@dataclass(slots=True, kw_only=True)
class SuiteReport:
    """Where each file and each test of an extraction went.

    Attributes:
        files: The number of test files.
        ignored: Test files that git ignores; they are not read.
        other_checkouts: Test files of a second checkout of a project; they are not read.
        results: What happened to each test that was found, but for those in ``other_frameworks``.
        moved: Tests that were renamed or moved; their results are ``moved``.
        gone: Tests that are gone: they rank last. Those that were gone before are among them.
        pruned: Of the tests that are gone, the number deleted.
        skipped: Files that were skipped, those of unsupported frameworks included.
        unsupported: Files of unsupported frameworks, with the number of their tests.
        lost: Tests that could not be read.
        without_tests: Files that were read and hold no test.
        frameworks: The number of tests to store, by framework.
        other_frameworks: The number of tests that the demanded framework leaves out.
        projects: The number of tests to store, by project.
        seconds: How long it took.
    """

    files: int
    ignored: Sequence[Path]
    other_checkouts: Sequence[Path] = ()
    results: list[StoreResult] = field(default_factory=list)
    moved: list[MovedTest] = field(default_factory=list)
    gone: list[GoneTest] = field(default_factory=list)
    pruned: int = 0
    skipped: list[SkippedFile] = field(default_factory=list)
    unsupported: list[UnsupportedTests] = field(default_factory=list)
    lost: list[LostTest] = field(default_factory=list)
    without_tests: list[Path] = field(default_factory=list)
    frameworks: Counter[str] = field(default_factory=Counter)
    other_frameworks: Counter[str] = field(default_factory=Counter)
    projects: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def stored(self) -> StoreReport:
        """The results as the report of storing them."""
        return StoreReport(tuple(self.results))

    def add_file(self, extracted: ExtractedFile, framework: str | None) -> None:
        """Adds a file that was read.

        Args:
            framework: The only framework whose tests are stored; None for all.
        """
        if extracted.skipped is not None:
            self.skipped.append(extracted.skipped)
        if extracted.unsupported is not None:
            self.unsupported.append(extracted.unsupported)
        self.lost += extracted.lost
        if not (extracted.storable or extracted.skipped or extracted.lost):
            self.without_tests.append(extracted.path)
        for pattern in map(pattern_of, extracted.storable):
            if framework in {None, pattern.framework}:
                self.frameworks[pattern.framework] += 1
                self.projects[pattern.project] += 1
            else:
                self.other_frameworks[pattern.framework] += 1
