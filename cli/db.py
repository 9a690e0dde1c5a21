"""Finds, upgrades, checks, repairs and copies the database file: ``aqe db``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..schema import Problem, back_up, restore
from .options import (
    DatabaseOption,
    DryRunOption,
    JsonOption,
    locate,
    locate_existing,
    open_database,
    print_database,
)
from .output import counted, plain, print_json, stdout
from .shell.command_class import command_app

if TYPE_CHECKING:  # both halves: loaded by the commands that need them
    from ..maintenance import RedactionReport, RepairReport
    from ..schema.database.stored_secrets import StoredSecrets

app = command_app(
    "Find, upgrade, check, repair and copy the database file.\n\nExamples:"
    "\n    aqe db path"
    "\n    aqe db check"
)

# --json prints all of them.
MAX_SHOWN = 20

_REPAIRS = {
    "rebuild": "will be rebuilt",
    "quarantine": "will be moved to repair_quarantine",
    "salvage": "readable rows will be copied into a new file",
    "none": "cannot be repaired here",
}


@app.command()
def path(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Print the path of the database file and why it was chosen.

    Examples:
        aqe db path
    """
    location = locate(db)
    exists = location.path.is_file()
    if json:
        print_json({"database": str(location.path), "reason": location.reason, "exists": exists})
        return
    state = "exists" if exists else "new"
    stdout().print(plain(f"{location.path}\n{state}: {location.reason}"), soft_wrap=True)


@app.command()
def migrate(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Upgrade the database to this version's schema; an existing file is backed up first.

    Examples:
        aqe db migrate
    """
    with open_database(db, create=True) as database:
        report = database.migration
        if json:
            print_json(
                {
                    "database": database.label,
                    "before": report.before,
                    "after": report.after,
                    "backup": None if report.backup is None else str(report.backup),
                }
            )
            return
        if report.before == report.after:
            text = f"schema version {report.after}: nothing to do"
        else:
            text = f"schema version {report.before} -> {report.after}"
        if report.backup is not None:
            text += f"; backup: {report.backup}"
        stdout().print(plain(f"{text}\n{database.label}"), soft_wrap=True)


@app.command()
def check(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Check the database for damage; changes nothing. Exit code 1 if there are problems.

    Examples:
        aqe db check && echo sound
    """
    from ..maintenance import check_database

    report = check_database(locate_existing(db).path)
    if json:
        print_json(
            {
                "database": str(report.path),
                "ok": not report.problems,
                "problems": [asdict(problem) for problem in report.problems],
                "patterns": report.patterns,
                "secrets": [found._asdict() for found in report.secrets],
                "file": None if report.facts is None else asdict(report.facts),
            }
        )
    else:
        _print_problems(report.problems)
        if report.facts is not None:
            facts = report.facts
            stdout().print(
                f"{counted(report.patterns, 'pattern')}, {counted(facts.size_bytes, 'byte')},"
                f" {facts.free_pages:,} of {counted(facts.pages, 'page')} free, WAL"
                f" {counted(facts.wal_bytes, 'byte')}"
            )
        stdout().print("fix it with: aqe db repair" if report.problems else "ok")
        if report.secrets:
            stdout().print(
                f"stored secrets: {_secrets_text(report.secrets)};"
                " remove them with: aqe db repair --redact",
                soft_wrap=True,
            )
        print_database(report.path)
    _fail_if(report.problems)


@app.command()
def repair(
    redact: Annotated[
        bool, typer.Option("--redact", help="Remove secrets that earlier versions stored instead.")
    ] = False,
    dry_run: DryRunOption = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Rebuild derived data and move damaged patterns aside; nothing is deleted.

    Exit code 1 if problems remain.

    Examples:
        aqe db repair --dry-run
        aqe db repair --redact
    """
    from ..maintenance import repair_database

    location = locate_existing(db)
    if redact:
        _redact(location.path, dry_run=dry_run, json=json)
        return
    report = repair_database(location.path, dry_run=dry_run)
    if json:
        print_json(
            {
                "database": str(location.path),
                "before": [asdict(problem) for problem in report.before],
                "after": [asdict(problem) for problem in report.after],
                "quarantined": report.quarantined,
                "embedded": report.embedded,
                "salvaged": None if report.salvaged is None else asdict(report.salvaged),
                "kept": None if report.kept is None else str(report.kept),
                "side_files": [str(file) for file in report.side_files],
                "dry_run": dry_run,
            }
        )
    else:
        _print_repair(report, dry_run=dry_run)
        print_database(location.path)
    _fail_if(report.after)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Path of the copy, a single file.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Copy the database while others keep writing; the copy is verified.

    Examples:
        aqe db backup bank-2026-01-31.db
    """
    source = locate_existing(db).path
    report = back_up(source, Path(file).absolute(), overwrite=force)
    if json:
        print_json({"database": str(source), **_with_text_paths(asdict(report))})
        return
    stdout().print(
        plain(
            f"{counted(report.patterns, 'pattern')}, {counted(report.size_bytes, 'byte')}:"
            f" {report.path}"
        ),
        soft_wrap=True,
    )
    _print_side_files(report.side_files)
    print_database(source)


@app.command("restore")
def restore_file(
    file: Annotated[Path, typer.Argument(help="A copy written by aqe db backup.")],
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Replace the database with a copy; the old file is kept under another name.

    Examples:
        aqe db restore bank-2026-01-31.db
    """
    target = locate(db).path
    report = restore(Path(file).absolute(), target)
    if json:
        print_json({"database": str(target), **_with_text_paths(asdict(report))})
        return
    console = stdout()
    console.print(f"{counted(report.patterns, 'pattern')} restored")
    if report.replaced is not None:
        console.print(plain(f"the old file is kept: {report.replaced}"), soft_wrap=True)
    _print_side_files(report.side_files)
    print_database(target)


def _redact(path: Path, *, dry_run: bool, json: bool) -> None:
    """Removes stored secrets; exit code 1 if some remain."""
    from ..maintenance import redact_database

    report = redact_database(path, dry_run=dry_run)
    if json:
        print_json(
            {
                "database": str(path),
                "before": [found._asdict() for found in report.before],
                "after": [found._asdict() for found in report.after],
                "embedded": report.embedded,
                "erased": report.is_erased,
                "dry_run": dry_run,
            }
        )
    else:
        _print_redaction(report, dry_run=dry_run)
        print_database(path)
    if report.after:
        raise typer.Exit(1)


def _print_redaction(report: RedactionReport, *, dry_run: bool) -> None:
    console = stdout()
    if not report.before:
        console.print("no stored secrets")
        return
    for found in report.before:
        rows = counted(found.rows, "row")
        console.print(plain(f"{found.table}: {found.kind}, {rows}"), soft_wrap=True)
    if dry_run:
        return
    console.print(f"redacted; {counted(report.embedded, 'pattern')} re-embedded")
    if report.after:
        console.print(f"remaining: {_secrets_text(report.after)}", soft_wrap=True)
    if not report.is_erased:
        console.print(
            "others have the database open: its log keeps the old texts until they close it"
        )


def _secrets_text(secrets: tuple[StoredSecrets, ...]) -> str:
    """Returns the number of findings by table."""
    tables: Counter[str] = Counter()
    for found in secrets:
        tables[found.table] += found.rows
    return ", ".join(f"{table} {rows:,}" for table, rows in tables.items())


def _fail_if(problems: tuple[Problem, ...]) -> None:
    """Ends the command with exit code 1 if there are problems."""
    if problems:
        raise typer.Exit(1)


def _print_side_files(files: tuple[Path, ...]) -> None:
    for file in files:
        stdout().print(plain(f"its log is kept: {file}"), soft_wrap=True)


def _with_text_paths(values: dict[str, object]) -> dict[str, object]:
    def text(value: object) -> object:
        if isinstance(value, tuple):
            return [text(item) for item in value]
        return str(value) if isinstance(value, Path) else value

    return {key: text(value) for key, value in values.items()}


def _print_repair(report: RepairReport, *, dry_run: bool) -> None:
    console = stdout()
    _print_problems(report.before)
    if report.salvaged is not None:
        console.print(f"{counted(report.salvaged.copied, 'row')} copied into a new file")
        for gap in report.salvaged.gaps:
            console.print(plain(f"lost: {gap}", "red"), soft_wrap=True)
        console.print(plain(f"the damaged file is kept: {report.kept}"), soft_wrap=True)
        _print_side_files(report.side_files)
    for id in report.quarantined:
        console.print(plain(f"moved to the table repair_quarantine: {id}"), soft_wrap=True)
    if not report.before:
        console.print("nothing to repair")
    elif not dry_run:
        console.print("remaining problems:" if report.after else "repaired")
        _print_problems(report.after)


def _print_problems(problems: tuple[Problem, ...]) -> None:
    console = stdout()
    for problem in problems[:MAX_SHOWN]:
        subject = f" {problem.subject}" if problem.subject else ""
        text = f"{problem.area}{subject}: {problem.message} ({_REPAIRS[problem.repair]})"
        console.print(plain(text, "red"), soft_wrap=True)
    rest = Counter(problem.area for problem in problems[MAX_SHOWN:])
    for area, count in rest.items():
        console.print(plain(f"{area}: {count:,} more; --json prints all of them"), soft_wrap=True)
