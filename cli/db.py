"""``aqe db``: the database file itself."""

from __future__ import annotations

import typer

from ..schema import schema_version
from .options import DatabaseOption, JsonOption, locate, open_database
from .output import plain, print_json, stdout

app = typer.Typer(
    help="Find and upgrade the database file.", no_args_is_help=True, rich_markup_mode=None
)


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
