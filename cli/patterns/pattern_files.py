"""Moves patterns between files and the bank: ``aqe patterns store``, ``export`` and ``import``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...retrieval import FileFormat, QEReasoningBank
from ...retrieval.exchange.formats import (
    MAX_FILE_BYTES,
    MAX_PATTERNS,
    encode_patterns,
    read_patterns,
)
from ...schema import InterchangeError, PatternSearchCriteria, StoreReport
from ..options import (
    DatabaseOption,
    DryRunOption,
    JsonOption,
    YesOption,
    open_database,
    print_database,
)
from ..output import clean, counted, plain, print_json, stdout
from ..shell.confirmation import confirm, require_answer
from ..shell.progress import progress_bar
from .pattern_options import (
    CategoryOption,
    EncoderOption,
    FrameworkOption,
    LanguageOption,
    MinQualityOption,
    ProjectOption,
    encoder_of,
)
from .pattern_removal import erase_deleted
from .pattern_view import print_rejections, store_counts

__all__ = ["export_file", "import_file", "store"]

FormatOption = Annotated[
    FileFormat | None,
    typer.Option("--format", help="File format. Default: from the file extension."),
]


def store(
    file: Annotated[Path, typer.Argument(help="JSON, JSONL or YAML file with patterns.")],
    file_format: FormatOption = None,
    encoder: EncoderOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Store the patterns of a file: one pattern or a list.

    Examples:
        aqe patterns store pattern.yaml
    """
    patterns = read_patterns(file, file_format)
    with open_database(db, create=True) as database:
        bank = QEReasoningBank(database, encoder=encoder_of(encoder))
        report = bank.store_patterns(patterns)
        _print_report(database.label, report, json=json, dry_run=False)
    _fail_if_all_rejected(report)


def export_file(
    file: Annotated[Path, typer.Argument(help="Output file, or - for stdout.")],
    file_format: FormatOption = None,
    framework: FrameworkOption = None,
    category: CategoryOption = None,
    language: LanguageOption = None,
    project: ProjectOption = "",
    min_quality: MinQualityOption = 0.0,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Export patterns to a file, which is written completely or not at all.

    Examples:
        aqe patterns export bank.jsonl
        aqe patterns export - -p shop --format yaml
    """
    criteria = PatternSearchCriteria(
        framework=framework,
        category=category,
        language=language,
        project=project,
        min_quality=min_quality,
    )
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        if str(file) == "-":
            patterns = bank.list_patterns(criteria, order="created", limit=None)
            text = encode_patterns(patterns, file_format or "jsonl")
            typer.echo(clean(text) if sys.stdout.isatty() else text, nl=False)
            return
        count = bank.export_patterns(file, file_format=file_format, criteria=criteria)
        if json:
            print_json({"database": database.label, "file": str(file), "exported": count})
            return
        stdout().print(plain(f"exported {counted(count, 'pattern')} to {file}"), soft_wrap=True)
        print_database(database.label)


def import_file(
    file: Annotated[Path, typer.Argument(help="JSON, JSONL or YAML file with patterns.")],
    file_format: FormatOption = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Delete patterns that are not in the file, with their history; asks first.",
        ),
    ] = False,
    max_bytes: Annotated[int, typer.Option(min=1, help="Refuse a larger file.")] = MAX_FILE_BYTES,
    max_patterns: Annotated[
        int, typer.Option(min=1, help="Refuse a file with more patterns.")
    ] = MAX_PATTERNS,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    encoder: EncoderOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Store the patterns of a file, all or none of them.

    Examples:
        aqe patterns import bank.jsonl
        aqe patterns import bank.jsonl --replace --dry-run

    Raises:
        InterchangeError: There is no such file.
    """
    if not file.exists():  # before a bank is made
        raise InterchangeError(f"cannot read {file}: there is no such file; check the path")
    if replace and not dry_run:
        require_answer("Delete patterns that are not in the file?", yes=yes)
    with open_database(db, create=True, dry_run=dry_run) as database:
        bank = QEReasoningBank(database, encoder=encoder_of(encoder))
        if replace and not (dry_run or yes):
            trial = bank.import_patterns(
                file,
                file_format=file_format,
                mode="replace",
                dry_run=True,
                max_bytes=max_bytes,
                max_patterns=max_patterns,
            )
            if trial.deleted:
                confirm(f"Delete {counted(trial.deleted, 'pattern')} not in {file}?", yes=False)
        with progress_bar("embedding", None) as advance:
            report = bank.import_patterns(
                file,
                file_format=file_format,
                mode="replace" if replace else "merge",
                dry_run=dry_run,
                progress=advance,
                max_bytes=max_bytes,
                max_patterns=max_patterns,
            )
        if report.deleted and not dry_run:
            erase_deleted(bank)
        _print_report(database.label, report, json=json, dry_run=dry_run)


def _print_report(database: str, report: StoreReport, *, json: bool, dry_run: bool) -> None:
    if json:
        print_json(
            {
                "database": database,
                "patterns": len(report.results),
                "created": report.created,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "rejected": report.rejected,
                "deleted": report.deleted,
                "results": list(report.results),
                "dry_run": dry_run,
            }
        )
        return
    console = stdout()
    stored = counted(len(report.results), "pattern")
    console.print(f"{stored}: {store_counts(report, dry_run=dry_run)}")
    print_rejections(console, report.results)
    print_database(database)


def _fail_if_all_rejected(report: StoreReport) -> None:
    if report.results and report.rejected == len(report.results):
        raise typer.Exit(1)
