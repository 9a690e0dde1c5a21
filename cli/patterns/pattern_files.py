"""``aqe patterns``: commands that move patterns between files and the bank."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...models import create_encoder
from ...retrieval import FileFormat, QEReasoningBank
from ...retrieval.exchange.formats import (
    MAX_FILE_BYTES,
    MAX_PATTERNS,
    encode_patterns,
    read_patterns,
)
from ...retrieval.quality.scored_pattern import StorablePattern, pattern_of
from ...schema import (
    Category,
    Framework,
    Language,
    PatternSearchCriteria,
    StoreReport,
    StoreResult,
)
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import clean, plain, print_json, stderr, stdout
from .pattern_view import print_rejections

if TYPE_CHECKING:  # the parsers are loaded by the command that reads tests, not by a search
    from ...retrieval.extraction import SkippedFile

__all__ = ["register"]

# Tests stored at once: few enough that a killed run has lost at most three seconds of work, since
# one batch is written while the next is embedded.
EXTRACT_BATCH = 128
MAX_SHOWN_SKIPS = 10
SWITCH_INTERVAL_S = 0.0005

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Report only; write nothing.")]
FormatOption = Annotated[
    FileFormat | None, typer.Option("--format", help="Else told from the file's name.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file to the group."""
    for command in (extract, store, reindex):
        app.command()(command)
    app.command("export")(export_file)
    app.command("import")(import_file)


def extract(
    paths: Annotated[list[Path], typer.Argument(help="Test files, or folders that hold some.")],
    framework: Annotated[
        Framework | None, typer.Option(help="Take only tests of this framework.")
    ] = None,
    min_quality: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Reject tests below this quality.")
    ] = 0.0,
    dry_run: DryRunOption = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Read real test suites into the bank; running it again stores only what changed."""
    from ...retrieval.extraction import find_test_files

    files = find_test_files(paths)
    started = time.perf_counter()
    skipped: list[SkippedFile] = []
    results: list[StoreResult] = []
    with open_database(db) as database:
        bank = QEReasoningBank(database, min_quality=min_quality)
        with _progress("reading tests", len(files)) as advance, _short_turns():
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


def store(
    file: Annotated[Path, typer.Argument(help="A JSON, JSONL or YAML file with patterns.")],
    file_format: FormatOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Store the patterns of a file: one, or a list of them."""
    patterns = read_patterns(file, file_format)
    with open_database(db) as database:
        report = QEReasoningBank(database).store_patterns(patterns)
        _print_report(database.label, report, json=json, dry_run=False)
    _fail_if_all_rejected(report)


def export_file(
    file: Annotated[Path, typer.Argument(help="Where to; - for standard output.")],
    file_format: FormatOption = None,
    framework: Annotated[Framework | None, typer.Option(help="Only this framework.")] = None,
    category: Annotated[Category | None, typer.Option(help="Only this category.")] = None,
    language: Annotated[Language | None, typer.Option(help="Only this language.")] = None,
    min_quality: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Only with at least this quality.")
    ] = 0.0,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Write patterns to a file, whole or not at all."""
    criteria = PatternSearchCriteria(
        framework=framework, category=category, language=language, min_quality=min_quality
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
        stdout().print(plain(f"exported {count:,} patterns to {file}"), soft_wrap=True)
        print_database(database.label)


def import_file(
    file: Annotated[Path, typer.Argument(help="A JSON, JSONL or YAML file with patterns.")],
    file_format: FormatOption = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Delete what the file does not name, with its history."),
    ] = False,
    max_bytes: Annotated[int, typer.Option(min=1, help="Refuse a larger file.")] = MAX_FILE_BYTES,
    max_patterns: Annotated[
        int, typer.Option(min=1, help="Refuse a file with more patterns.")
    ] = MAX_PATTERNS,
    dry_run: DryRunOption = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Store the patterns of a file, all of them or none."""
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        with _progress("embedding", None) as advance:
            report = bank.import_patterns(
                file,
                file_format=file_format,
                mode="replace" if replace else "merge",
                dry_run=dry_run,
                progress=advance,
                max_bytes=max_bytes,
                max_patterns=max_patterns,
            )
        _print_report(database.label, report, json=json, dry_run=dry_run)


def reindex(
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Embed with another encoder: aqe-minilm-tests, hashing, or the name or folder of"
            " a sentence-transformers model."
        ),
    ] = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Rebuild the indexes; with --encoder, embed every pattern anew first."""
    with open_database(db, must_exist=True) as database:
        bank = QEReasoningBank(database)
        total = bank.get_statistics().patterns
        with _progress("embedding", total) as advance:
            report = bank.reindex(
                None if encoder is None else create_encoder(encoder), progress=advance
            )
        if json:
            print_json(
                {
                    "database": database.label,
                    "encoder": report.after,
                    "embedded": report.embedded,
                    "indexed": report.indexed,
                }
            )
            return
        stdout().print(
            plain(
                f"{report.indexed:,} patterns indexed with {report.after.name}"
                f" ({report.embedded:,} embedded now)"
            )
        )
        print_database(database.label)


def _batches(
    files: Sequence[Path],
    framework: Framework | None,
    skipped: list[SkippedFile],
    completed: list[int],
) -> Iterator[list[StorablePattern]]:
    """Yields batches of tests; notes what was skipped, and how many files each batch completes."""
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
        while len(batch) >= EXTRACT_BATCH:
            whole = len(batch) == EXTRACT_BATCH
            completed.append(files_done if whole else files_done - 1)
            files_done = 0 if whole else 1
            yield batch[:EXTRACT_BATCH]
            batch = batch[EXTRACT_BATCH:]
    completed.append(files_done)
    yield batch


@contextmanager
def _short_turns() -> Iterator[None]:
    """Lets a thread that comes back from the encoder wait 0.5 ms for its turn instead of 5 ms.

    Python that reads and writes beside the encoder would else hold it up: 43 instead of 45 tests/s
    (bench/results/bulk.md). It is a setting of the process, so it is the command that makes it.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Shows a bar on stderr, only where it is a terminal; gives a function that moves it."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    console = stderr()
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)


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
        "skipped_files": [{"path": one.path, "reason": one.reason} for one in skipped],
        "seconds": round(seconds, 3),
    }


def _rejections(report: StoreReport) -> list[dict[str, str]]:
    return [
        {"id": one.id, "name": one.name, "reason": one.reason}
        for one in report.results
        if one.status == "rejected"
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
        console.print(f"{_counts(report, dry_run=dry_run)}; skipped files: {len(skipped):,}")
    print_rejections(console, report.results)
    for one in skipped[:MAX_SHOWN_SKIPS]:
        console.print(plain(f"skipped {one.path}: {one.reason}", "yellow"), soft_wrap=True)
    if len(skipped) > MAX_SHOWN_SKIPS:
        more = len(skipped) - MAX_SHOWN_SKIPS
        console.print(f"... and {more:,} more skipped; --json lists them all")


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
    console.print(f"{len(report.results):,} patterns: {_counts(report, dry_run=dry_run)}")
    print_rejections(console, report.results)
    print_database(database)


def _counts(report: StoreReport, *, dry_run: bool) -> str:
    verb = "would be " if dry_run else ""
    parts = [
        f"{report.created:,} {verb}created",
        f"{report.updated:,} updated",
        f"{report.unchanged:,} unchanged",
        f"{report.rejected:,} rejected",
    ]
    if report.deleted:
        parts.append(f"{report.deleted:,} {verb}deleted")
    return ", ".join(parts)


def _fail_if_all_rejected(report: StoreReport) -> None:
    if report.results and report.rejected == len(report.results):
        raise typer.Exit(1)
