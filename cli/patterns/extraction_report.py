"""Says where each file and each test of an extraction went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from ...schema import StoreReport
from ..output import counted, plain, stdout
from .pattern_view import print_rejections, store_counts

if TYPE_CHECKING:  # the parsers are loaded by the command that reads tests, not by a search
    from rich.console import Console

    from ...retrieval.extraction import LostTest, UnsupportedTests
    from ...retrieval.suites.suite_report import GoneTest, MovedTest, SuiteReport

__all__ = ["extraction_object", "print_extraction"]

MAX_SHOWN = 10
MAX_SHOWN_PATHS = 3


def extraction_object(database: str, read: SuiteReport) -> dict[str, object]:
    """Returns the report as the JSON object of docs/json.md."""
    report = read.stored
    return {
        "database": database,
        "files": read.files,
        "tests": len(report.results),
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "moved": [asdict(test) for test in read.moved],
        "gone": [asdict(test) for test in read.gone],
        "pruned": read.pruned,
        "rejected": report.rejected,
        "rejections": _rejections(report),
        "results": [
            {"id": result.id, "name": result.name, "status": result.status}
            for result in report.results
        ],
        "projects": dict(read.projects),
        "frameworks": dict(read.frameworks),
        "other_frameworks": dict(read.other_frameworks),
        "skipped_files": [{"path": file.path, "reason": file.reason} for file in read.skipped],
        "unsupported": [asdict(tests) for tests in read.unsupported],
        "lost": [asdict(test) for test in read.lost],
        "ignored_files": [str(path) for path in read.ignored],
        "other_checkouts": [str(path) for path in read.other_checkouts],
        "files_without_tests": [str(path) for path in read.without_tests],
        "seconds": round(read.seconds, 3),
    }


def _rejections(report: StoreReport) -> list[dict[str, str]]:
    return [
        {"id": result.id, "name": result.name, "reason": result.reason}
        for result in report.results
        if result.status == "rejected"
    ]


def print_extraction(read: SuiteReport, *, dry_run: bool) -> None:
    """Prints the report for a person."""
    console = stdout()
    report, files = read.stored, counted(read.files, "file")
    if report.results:
        tests, seconds = len(report.results), read.seconds
        console.print(f"{counted(tests, 'test')} in {files}, {seconds:.1f} s")
        skipped = f"skipped files: {len(read.skipped):,}"
        console.print(f"{store_counts(report, dry_run=dry_run)}; {skipped}")
    elif read.unsupported or read.lost or read.other_frameworks:
        console.print(f"no test stored from {files}")
    else:
        console.print(f"no data: no test found in {files}")
    print_rejections(console, report.results)
    _print_projects(console, read)
    _print_gone(console, read, dry_run=dry_run)
    _print_other(console, read)
    _print_unsupported(console, read.unsupported)
    _print_lost(console, read.lost)
    _print_skipped(console, read)


def _print_projects(console: Console, read: SuiteReport) -> None:
    counts = ", ".join(f"{name} {tests:,}" for name, tests in read.projects.most_common())
    if counts:
        label = "project" if len(read.projects) == 1 else "projects"
        console.print(plain(f"{label}: {counts}"), soft_wrap=True)


def _print_gone(console: Console, read: SuiteReport, *, dry_run: bool) -> None:
    """Prints which tests are no longer where they were, and what became of them."""
    if not (read.moved or read.gone):
        return
    gone = f"{len(read.gone):,} gone (ranked last; delete them with --prune)"
    if read.pruned:
        gone = f"{read.pruned:,} gone and {'to be ' if dry_run else ''}deleted"
    count = len(read.moved) + len(read.gone)
    console.print(
        f"no longer where they were: {counted(count, 'test')}:"
        f" {len(read.moved):,} renamed or moved (with their history), {gone}"
    )
    lines = [f"moved {_where(test.earlier)} -> {_where(test)}" for test in read.moved]
    lines += [f"gone {_where(test)}" for test in read.gone]
    for line in lines[:MAX_SHOWN]:
        console.print(plain(line), soft_wrap=True)
    if len(lines) > MAX_SHOWN:
        console.print(f"... and {len(lines) - MAX_SHOWN:,} more; --json prints all of them")


def _where(test: GoneTest | MovedTest) -> str:
    return f"{test.source} {test.name}"


def _print_other(console: Console, read: SuiteReport) -> None:
    """Prints what is left out on purpose."""
    if read.other_frameworks:
        counts = ", ".join(f"{tests:,} {name}" for name, tests in read.other_frameworks.items())
        options = " or ".join(f"--framework {name}" for name in read.other_frameworks)
        console.print(f"left out by --framework: {counts}; to take them, use {options}")
    for reason, paths in (
        ("ignored by git", read.ignored),
        ("of another checkout of the same project", read.other_checkouts),
        ("without a test", read.without_tests),
    ):
        if paths:
            text = f"{reason}: {counted(len(paths), 'file')} ({_first(map(str, paths))})"
            console.print(plain(text), soft_wrap=True)


def _print_unsupported(console: Console, unsupported: Sequence[UnsupportedTests]) -> None:
    for framework in dict.fromkeys(found.framework for found in unsupported):
        found = [tests for tests in unsupported if tests.framework == framework]
        count, files = sum(tests.tests for tests in found), counted(len(found), "file")
        console.print(
            plain(
                f"{framework} is not supported: {counted(count, 'test')} in {files} "
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


def _print_skipped(console: Console, read: SuiteReport) -> None:
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
