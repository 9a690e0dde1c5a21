"""Says where each file and each test of an extraction went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...retrieval.quality.scored_pattern import pattern_of
from ...schema import Framework, StoreReport
from ..output import plain, stdout
from .pattern_view import print_rejections, store_counts

if TYPE_CHECKING:  # the parsers are loaded by the command that reads tests, not by a search
    from rich.console import Console

    from ...retrieval.extraction import ExtractedFile, LostTest, SkippedFile, UnsupportedTests

__all__ = ["ReadFiles", "extraction_object", "print_extraction"]

MAX_SHOWN = 10
MAX_SHOWN_PATHS = 3


@dataclass(slots=True, kw_only=True)
class ReadFiles:
    """What was found in the files of an extraction besides the tests that are stored.

    Attributes:
        files: The number of test files.
        ignored: Test files that git ignores; they are not read.
        other_checkouts: Test files of a second checkout of a project; they are not read.
        skipped: Files that were skipped, those of unsupported frameworks included.
        without_tests: Files that were read and hold no test.
        frameworks: The number of tests to store, by framework.
        other_frameworks: The number of tests that the option ``--framework`` leaves out.
    """

    files: int
    ignored: Sequence[Path]
    other_checkouts: Sequence[Path]
    skipped: list[SkippedFile] = field(default_factory=list)
    unsupported: list[UnsupportedTests] = field(default_factory=list)
    lost: list[LostTest] = field(default_factory=list)
    without_tests: list[Path] = field(default_factory=list)
    frameworks: Counter[str] = field(default_factory=Counter)
    other_frameworks: Counter[str] = field(default_factory=Counter)

    def add(self, extracted: ExtractedFile, framework: Framework | None) -> None:
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
        for storable in extracted.storable:
            name = pattern_of(storable).framework
            counts = self.frameworks if framework in {None, name} else self.other_frameworks
            counts[name] += 1


def extraction_object(
    database: str, report: StoreReport, read: ReadFiles, seconds: float
) -> dict[str, object]:
    """Returns the report as the JSON object of docs/json.md."""
    return {
        "database": database,
        "files": read.files,
        "tests": len(report.results),
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "rejections": _rejections(report),
        "results": [
            {"id": result.id, "name": result.name, "status": result.status}
            for result in report.results
        ],
        "frameworks": dict(read.frameworks),
        "other_frameworks": dict(read.other_frameworks),
        "skipped_files": [{"path": file.path, "reason": file.reason} for file in read.skipped],
        "unsupported": [asdict(tests) for tests in read.unsupported],
        "lost": [asdict(test) for test in read.lost],
        "ignored_files": [str(path) for path in read.ignored],
        "other_checkouts": [str(path) for path in read.other_checkouts],
        "files_without_tests": [str(path) for path in read.without_tests],
        "seconds": round(seconds, 3),
    }


def _rejections(report: StoreReport) -> list[dict[str, str]]:
    return [
        {"id": result.id, "name": result.name, "reason": result.reason}
        for result in report.results
        if result.status == "rejected"
    ]


def print_extraction(
    report: StoreReport, read: ReadFiles, seconds: float, *, dry_run: bool
) -> None:
    """Prints the report for a person."""
    console = stdout()
    if report.results:
        console.print(f"{len(report.results):,} tests in {read.files:,} files, {seconds:.1f} s")
        skipped = f"skipped files: {len(read.skipped):,}"
        console.print(f"{store_counts(report, dry_run=dry_run)}; {skipped}")
    elif read.unsupported or read.lost:
        console.print(f"no test stored from {read.files:,} files")
    else:
        console.print(f"no data: no test found in {read.files:,} files")
    print_rejections(console, report.results)
    _print_other(console, read)
    _print_unsupported(console, read.unsupported)
    _print_lost(console, read.lost)
    _print_skipped(console, read)


def _print_other(console: Console, read: ReadFiles) -> None:
    """Prints what is left out on purpose."""
    if read.other_frameworks:
        counts = ", ".join(f"{tests:,} {name}" for name, tests in read.other_frameworks.items())
        console.print(f"left out by --framework: {counts}")
    for reason, paths in (
        ("ignored by git", read.ignored),
        ("of another checkout of the same project", read.other_checkouts),
        ("without a test", read.without_tests),
    ):
        if paths:
            text = f"{reason}: {len(paths):,} files ({_first(map(str, paths))})"
            console.print(plain(text), soft_wrap=True)


def _print_unsupported(console: Console, unsupported: Sequence[UnsupportedTests]) -> None:
    for framework in dict.fromkeys(found.framework for found in unsupported):
        found = [tests for tests in unsupported if tests.framework == framework]
        count = sum(tests.tests for tests in found)
        console.print(
            plain(
                f"{framework} is not supported: {count:,} tests in {len(found):,} files "
                f"({_first(tests.path for tests in found)})",
                "yellow",
            ),
            soft_wrap=True,
        )


def _print_lost(console: Console, lost: Sequence[LostTest]) -> None:
    for test in lost[:MAX_SHOWN]:
        console.print(
            plain(f"lost {test.path}:{test.line}: {test.reason}: {test.code}", "yellow"),
            soft_wrap=True,
        )
    if len(lost) > MAX_SHOWN:
        console.print(f"... and {len(lost) - MAX_SHOWN:,} more lost; --json prints all of them")


def _print_skipped(console: Console, read: ReadFiles) -> None:
    named = {tests.path for tests in read.unsupported}
    skipped = [file for file in read.skipped if file.path not in named]
    for file in skipped[:MAX_SHOWN]:
        console.print(plain(f"skipped {file.path}: {file.reason}", "yellow"), soft_wrap=True)
    if len(skipped) > MAX_SHOWN:
        more = len(skipped) - MAX_SHOWN
        console.print(f"... and {more:,} more skipped; --json prints all of them")


def _first(paths: Iterable[str]) -> str:
    """Returns the first few of some paths."""
    listed = list(paths)
    more = ", ..." if len(listed) > MAX_SHOWN_PATHS else ""
    return ", ".join(listed[:MAX_SHOWN_PATHS]) + more
