"""Reads test suites into the bank: ``aqe patterns extract``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...retrieval import QEReasoningBank
from ..options import (
    DatabaseOption,
    DryRunOption,
    JsonOption,
    open_database,
    print_database,
    require_number,
)
from ..output import INTERRUPTED, plain, print_json, stderr
from ..progress import progress_bar
from .extraction_report import extraction_object, print_extraction
from .pattern_options import EncoderOption, FrameworkOption, encoder_of
from .pattern_removal import erase_deleted

if TYPE_CHECKING:
    from ...retrieval.suites.suite_report import SuiteProgress

__all__ = ["extract"]

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
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete the patterns of tests that are gone.")
    ] = False,
    dry_run: DryRunOption = False,
    encoder: EncoderOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Extract patterns from test suites; a second run stores only what changed.

    Tests that were renamed or moved keep their history. Tests that are gone rank last.
    """
    from ...retrieval.extraction import require_paths  # loads the parsers

    require_paths(paths)  # before a bank is made
    with open_database(db, create=True, dry_run=dry_run) as database:
        bank = QEReasoningBank(database, encoder=encoder_of(encoder), min_quality=min_quality)
        with _stoppable() as shown, _short_switch_interval():
            report = bank.extract(
                paths, framework=framework, prune=prune, dry_run=dry_run, progress=shown
            )
        if report.pruned and not dry_run:
            erase_deleted(bank)
        bank.close()
        if json:
            print_json(extraction_object(database.label, report))
            return
        print_extraction(report, dry_run=dry_run)
        print_database(database.label)


@contextmanager
def _stoppable() -> Iterator[Callable[[SuiteProgress], None]]:
    """Shows progress; if Ctrl-C stops the block, says what is stored and ends the command.

    Raises:
        Exit: The block was stopped.
    """
    files = tests = 0
    with progress_bar("reading test files", None) as advance:

        def show(progress: SuiteProgress) -> None:
            nonlocal files, tests
            advance(progress.files - files, progress.all_files)
            files, tests = progress.files, progress.tests

        try:
            yield show
            return
        except KeyboardInterrupt:
            pass
    stderr().print(
        plain(
            f"stopped: {tests:,} tests of {files:,} files are stored;"
            " run the same command again to go on"
        ),
        soft_wrap=True,
    )
    raise typer.Exit(INTERRUPTED)


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
