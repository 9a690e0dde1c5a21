"""Reads test suites into the bank: ``aqe patterns extract``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...retrieval import QEReasoningBank
from ...retrieval.quality.scored_pattern import StorablePattern, pattern_of
from ...schema import Framework, StoreReport, StoreResult
from ..options import (
    DatabaseOption,
    DryRunOption,
    JsonOption,
    open_database,
    print_database,
    require_number,
)
from ..output import plain, print_json, progress_bar, stdout
from .pattern_view import print_rejections, store_counts

if TYPE_CHECKING:  # the parsers are loaded by the command that reads tests, not by a search
    from ...retrieval.extraction import SkippedFile

__all__ = ["extract"]

# Tests stored at once: a killed run loses at most three seconds of work, since one batch is written
# while the next is embedded.
BATCH_SIZE = 128
MAX_SHOWN_SKIPS = 10
SWITCH_INTERVAL_S = 0.0005


def extract(
    paths: Annotated[list[Path], typer.Argument(help="Test files, or folders to scan for them.")],
    framework: Annotated[
        Framework | None, typer.Option(help="Only tests of this framework.")
    ] = None,
    min_quality: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, callback=require_number, help="Reject tests below this quality."
        ),
    ] = 0.0,
    dry_run: DryRunOption = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Extract patterns from test suites; a second run stores only what changed."""
    from ...retrieval.extraction import find_test_files

    files = find_test_files(paths)
    started = time.perf_counter()
    skipped: list[SkippedFile] = []
    results: list[StoreResult] = []
    with open_database(db) as database:
        bank = QEReasoningBank(database, min_quality=min_quality)
        with progress_bar("reading tests", len(files)) as advance, _short_switch_interval():
            completed: list[int] = []
            batches = _batches(files, framework, skipped, completed)
            reports = (
                (bank.store_patterns(batch, dry_run=True) for batch in batches)
                if dry_run
                else bank.store_stream(batches)
            )
            for number, stored in enumerate(reports):
                results += stored.results
                advance(completed[number])
        seconds = time.perf_counter() - started
        report = StoreReport(tuple(results))
        if json:
            print_json(_extract_object(database.label, len(files), report, skipped, seconds))
            return
        _print_extract(report, skipped, len(files), seconds, dry_run=dry_run)
        print_database(database.label)


def _batches(
    files: Sequence[Path],
    framework: Framework | None,
    skipped: list[SkippedFile],
    completed: list[int],
) -> Iterator[list[StorablePattern]]:
    """Yields batches of tests; appends to ``skipped``, and each batch's files to ``completed``."""
    from ...retrieval.extraction import extract_file

    batch: list[StorablePattern] = []
    files_done = 0
    for path in files:
        extracted = extract_file(path)
        if extracted.skipped is not None:
            skipped.append(extracted.skipped)
        batch += [
            storable
            for storable in extracted.storable
            if framework is None or pattern_of(storable).framework == framework
        ]
        files_done += 1
        while len(batch) >= BATCH_SIZE:
            whole = len(batch) == BATCH_SIZE
            completed.append(files_done if whole else files_done - 1)
            files_done = 0 if whole else 1
            yield batch[:BATCH_SIZE]
            batch = batch[BATCH_SIZE:]
    completed.append(files_done)
    yield batch


@contextmanager
def _short_switch_interval() -> Iterator[None]:
    """Lets a thread that returns from the encoder wait 0.5 ms for the interpreter, not 5 ms.

    Otherwise Python code that reads and writes slows the encoder down: 43 instead of 45 tests/s
    (bench/results/bulk.md). It is a setting of the whole process, so the command changes it.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _extract_object(
    database: str,
    files: int,
    report: StoreReport,
    skipped: Sequence[SkippedFile],
    seconds: float,
) -> dict[str, object]:
    return {
        "database": database,
        "files": files,
        "tests": len(report.results),
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "rejections": _rejections(report),
        "skipped_files": [{"path": file.path, "reason": file.reason} for file in skipped],
        "seconds": round(seconds, 3),
    }


def _rejections(report: StoreReport) -> list[dict[str, str]]:
    return [
        {"id": result.id, "name": result.name, "reason": result.reason}
        for result in report.results
        if result.status == "rejected"
    ]


def _print_extract(
    report: StoreReport,
    skipped: Sequence[SkippedFile],
    files: int,
    seconds: float,
    *,
    dry_run: bool,
) -> None:
    console = stdout()
    if not report.results:
        console.print(f"no data: no test found in {files:,} files")
    else:
        console.print(f"{len(report.results):,} tests in {files:,} files, {seconds:.1f} s")
        console.print(f"{store_counts(report, dry_run=dry_run)}; skipped files: {len(skipped):,}")
    print_rejections(console, report.results)
    for file in skipped[:MAX_SHOWN_SKIPS]:
        console.print(plain(f"skipped {file.path}: {file.reason}", "yellow"), soft_wrap=True)
    if len(skipped) > MAX_SHOWN_SKIPS:
        more = len(skipped) - MAX_SHOWN_SKIPS
        console.print(f"... and {more:,} more skipped; --json prints all of them")
