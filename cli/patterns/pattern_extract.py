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
    YesOption,
    open_database,
    print_database,
    require_number,
)
from ..output import INTERRUPTED, counted, plain, print_json, stderr
from ..shell.confirmation import confirm, require_answer
from ..shell.progress import progress_bar
from .extraction_report import extraction_object, print_extraction
from .pattern_options import EncoderOption, FrameworkOption, encoder_of
from .pattern_removal import erase_deleted

if TYPE_CHECKING:
    from ...retrieval.suites.suite_report import SuiteProgress, SuiteReport

__all__ = ["extract", "extracted"]

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
        bool,
        typer.Option("--prune", help="Delete the patterns of tests that are gone; asks first."),
    ] = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    encoder: EncoderOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Extract patterns from test suites; a second run stores only what changed.

    Tests that were renamed or moved keep their history. Tests that are gone rank last.

    Examples:
        aqe extract tests/
        aqe extract tests/ web/src/ -f jest
        aqe extract tests/ --prune --dry-run
    """
    from ...retrieval.extraction import require_paths  # loads the parsers

    require_paths(paths)  # before a bank is made
    if prune and not dry_run:
        require_answer("Delete the patterns of tests that are gone?", yes=yes)
    with open_database(db, create=True, dry_run=dry_run) as database:
        bank = QEReasoningBank(database, encoder=encoder_of(encoder), min_quality=min_quality)
        if prune and not (dry_run or yes):
            gone = bank.extract(paths, framework=framework, prune=True, dry_run=True).pruned
            if gone:
                confirm(f"Delete {counted(gone, 'pattern')} of tests that are gone?", yes=False)
        report = extracted(bank, paths, framework=framework, prune=prune, dry_run=dry_run)
        if report.pruned and not dry_run:
            erase_deleted(bank)
        bank.close()
        if json:
            print_json(extraction_object(database.label, report))
            return
        print_extraction(report, dry_run=dry_run)
        print_database(database.label)


def extracted(
    bank: QEReasoningBank,
    paths: list[Path],
    *,
    framework: str | None = None,
    prune: bool = False,
    dry_run: bool = False,
) -> SuiteReport:
    """Returns the report of an extraction that shows its progress."""
    with _stoppable() as shown, _short_switch_interval():
        return bank.extract(
            paths, framework=framework, prune=prune, dry_run=dry_run, progress=shown
        )


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
            f"stopped: {counted(tests, 'test')} of {counted(files, 'file')} stored;"
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
