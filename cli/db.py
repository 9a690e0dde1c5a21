"""``aqe db``: the database file itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ..schema import Problem, back_up, restore, schema_version
from .options import DatabaseOption, JsonOption, locate, open_database, print_database
from .output import plain, print_json, stdout

app = typer.Typer(
    help="Find, upgrade, check, repair and copy the database file.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

# As many as a person reads; --json has them all.
MAX_SHOWN = 20

_REPAIRS = {
    "rebuild": "will be made anew",
    "quarantine": "will be set aside",
    "salvage": "what can be read will be copied into a new file",
    "none": "cannot be fixed here",
}


@app.command()
def path(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Print which database file is meant, and why."""
    location = locate(db)
    exists = location.path.is_file()
    if json:
        print_json({"database": str(location.path), "reason": location.reason, "exists": exists})
        return
    state = "exists" if exists else "does not exist yet"
    stdout().print(plain(f"{location.path}\n{location.reason}; {state}"), soft_wrap=True)


@app.command()
def migrate(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Bring the database to this version's schema; an existing one is copied first."""
    with open_database(db) as database:
        report = database.migration
        with database.read() as connection:
            version = schema_version(connection)
        if json:
            print_json(
                {
                    "database": database.label,
                    "before": report.before,
                    "after": version,
                    "backup": None if report.backup is None else str(report.backup),
                }
            )
            return
        if report.before == version:
            text = f"schema version {version}: nothing to do"
        else:
            text = f"schema version {report.before} -> {version}"
        if report.backup is not None:
            text += f"; the file as it was: {report.backup}"
        stdout().print(plain(f"{text}\n{database.label}"), soft_wrap=True)


@app.command()
def check(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Look for damage; changes nothing. Exit code 1 when something is wrong."""
    from .maintenance import check_database

    report = check_database(locate(db).path)
    if json:
        print_json(
            {
                "database": str(report.path),
                "ok": not report.problems,
                "problems": [asdict(problem) for problem in report.problems],
                "patterns": report.patterns,
                "file": None if report.facts is None else asdict(report.facts),
            }
        )
    else:
        _print_problems(report.problems)
        if report.facts is not None:
            facts = report.facts
            stdout().print(
                f"{report.patterns:,} patterns, {facts.size_bytes:,} bytes, {facts.free_pages:,} of"
                f" {facts.pages:,} pages free, log {facts.wal_bytes:,} bytes"
            )
        stdout().print("fix it with: aqe db repair" if report.problems else "ok")
        print_database(report.path)
    if report.problems:
        raise typer.Exit(1)


@app.command()
def repair(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only; write nothing.")] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Make derived data anew and set damaged patterns aside; nothing is deleted.

    Exit code 1 when something is still wrong.
    """
    from .maintenance import repair_database

    location = locate(db)
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
                "dry_run": dry_run,
            }
        )
    else:
        _print_problems(report.before)
        console = stdout()
        if report.salvaged is not None:
            console.print(f"{report.salvaged.copied:,} rows copied into a new file")
            for gap in report.salvaged.gaps:
                console.print(plain(f"lost: {gap}", "red"), soft_wrap=True)
            console.print(plain(f"the damaged file is kept: {report.kept}"), soft_wrap=True)
        for id in report.quarantined:
            console.print(plain(f"set aside in the table repair_quarantine: {id}"), soft_wrap=True)
        if not report.before:
            console.print("nothing to repair")
        elif not dry_run:
            console.print("repaired" if not report.after else "still wrong:")
            _print_problems(report.after)
        print_database(location.path)
    if report.after:
        raise typer.Exit(1)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; a single file.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file of this name.")] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Copy the database while others go on writing; the copy is verified."""
    source = locate(db).path
    report = back_up(source, Path(file).absolute(), overwrite=force)
    if json:
        print_json({"database": str(source), **_with_text_paths(asdict(report))})
        return
    stdout().print(
        plain(f"{report.patterns:,} patterns, {report.size_bytes:,} bytes: {report.path}"),
        soft_wrap=True,
    )
    print_database(source)


@app.command("restore")
def restore_file(
    file: Annotated[Path, typer.Argument(help="A copy made by aqe db backup.")],
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Put a copy in the place of the database, which is kept beside it under another name."""
    target = locate(db).path
    report = restore(Path(file).absolute(), target)
    if json:
        print_json({"database": str(target), **_with_text_paths(asdict(report))})
        return
    console = stdout()
    console.print(f"{report.patterns:,} patterns restored")
    if report.replaced is not None:
        console.print(plain(f"the file as it was: {report.replaced}"), soft_wrap=True)
    print_database(target)


def _with_text_paths(values: dict[str, object]) -> dict[str, object]:
    return {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}


def _print_problems(problems: tuple[Problem, ...]) -> None:
    console = stdout()
    for problem in problems[:MAX_SHOWN]:
        subject = f" {problem.subject}" if problem.subject else ""
        text = f"{problem.area}{subject}: {problem.message} ({_REPAIRS[problem.repair]})"
        console.print(plain(text, "red"), soft_wrap=True)
    rest = Counter(problem.area for problem in problems[MAX_SHOWN:])
    for area, count in rest.items():
        console.print(plain(f"{area}: {count:,} more; --json lists them all"), soft_wrap=True)
