"""Reads test suites into the bank: ``aqe patterns extract``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

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
from ..output import print_json, progress_bar
from .extraction_report import ReadFiles, extraction_object, print_extraction
from .pattern_options import FrameworkOption

__all__ = ["extract"]

# Tests stored at once: a killed run loses at most three seconds of work, since one batch is written
# while the next is embedded.
BATCH_SIZE = 128
SWITCH_INTERVAL_S = 0.0005


def extract(
    paths: Annotated[list[Path], typer.Argument(help="Test files, or folders to scan for them.")],
    framework: FrameworkOption = None,
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
    from ...retrieval.extraction import discover_test_files

    found = discover_test_files(paths)
    files = found.files
    read = ReadFiles(files=len(files), ignored=found.ignored)
    started = time.perf_counter()
    results: list[StoreResult] = []
    with open_database(db) as database:
        bank = QEReasoningBank(database, min_quality=min_quality)
        with progress_bar("reading tests", len(files)) as advance, _short_switch_interval():
            completed: list[int] = []
            batches = _batches(files, framework, read, completed)
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
            print_json(extraction_object(database.label, report, read, seconds))
            return
        print_extraction(report, read, seconds, dry_run=dry_run)
        print_database(database.label)


def _batches(
    files: Sequence[Path],
    framework: Framework | None,
    read: ReadFiles,
    completed: list[int],
) -> Iterator[list[StorablePattern]]:
    """Yields batches of tests; adds to ``read``, and each batch's files to ``completed``."""
    from ...retrieval.extraction import extract_file

    batch: list[StorablePattern] = []
    files_done = 0
    for path in files:
        extracted = extract_file(path)
        read.add(extracted, framework)
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
