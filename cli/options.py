"""Options that many commands share, and the database they lead to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ..schema import Database, DatabaseLocation, Durability, locate_database
from .output import plain, stderr

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="PATH",
        help="Database file; else AQE_DB, else the nearest .aqe/aqe.db, else ./.aqe/aqe.db.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, nothing else.")
]


def locate(db: str | None) -> DatabaseLocation:
    """Returns the database that ``--db``, the environment and the current folder lead to."""
    return locate_database(db, environment=os.environ, folder=Path.cwd())


def open_database(
    db: str | None, *, must_exist: bool = False, durability: Durability = "full"
) -> Database:
    """Opens that database; a person's command waits for the disk (``full``) by default."""
    return Database(locate(db).path, must_exist=must_exist, durability=durability)


def print_database(path: object) -> None:
    """Says on stderr which file was used, so that nobody asks one file and writes another."""
    stderr().print(plain(f"database: {path}", style="dim"), soft_wrap=True)
