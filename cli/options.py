"""Defines the options that many commands share, and finds the database they refer to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..schema import (
    Database,
    DatabaseLocation,
    DatabaseOpenError,
    Durability,
    locate_database,
    orphaned_logs,
    real_path,
)
from .output import plain, stderr
from .shell.config_file import config_path, settings

__all__ = [
    "DatabaseOption",
    "DryRunOption",
    "JsonOption",
    "YesOption",
    "locate",
    "locate_existing",
    "open_database",
    "print_database",
    "require_number",
    "usage_errors",
]

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="PATH",
        help="Database file. Default: AQE_DB, database in .aqe/config.toml, or the nearest"
        " .aqe/aqe.db of the repository.",
        show_default=False,
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Report only; write nothing.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, nothing else.")
]
YesOption = Annotated[
    bool,
    typer.Option(
        "--yes", "-y", help="Do not ask before deleting; needed where stdin is no terminal."
    ),
]


@contextmanager
def usage_errors(option: str) -> Iterator[None]:
    """Turns the error of a call that checks a user's value into one that names its option.

    Wrap only that call: a ``ValueError`` or ``TypeError`` from anywhere else is a bug.

    Args:
        option: The option or argument, as the user writes it; several are joined by commas.

    Raises:
        BadParameter: The value was refused.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint=f"'{option}'") from error


def require_number(value: float | None) -> float | None:
    """Returns the value of an option, which must not be NaN: ``min`` and ``max`` let it pass.

    Raises:
        BadParameter: It is NaN.
    """
    if value != value:
        raise typer.BadParameter(f"expected a number, got {value}")
    return value


def locate(db: str | None) -> DatabaseLocation:
    """Returns the database chosen by ``--db``, the environment, the config file or the folder.

    Raises:
        AqeError: The config file is wrong.
        BadParameter: The path begins with the home folder of an unknown user.
    """
    try:
        location = locate_database(db, environment=os.environ, folder=Path.cwd())
    except RuntimeError as error:  # from Path.expanduser
        raise typer.BadParameter(str(error), param_hint="'--db' (or AQE_DB)") from error
    if location.is_default and (chosen := settings().database) is not None:
        return DatabaseLocation(chosen, f"database in {config_path()}")
    return location


def locate_existing(db: str | None) -> DatabaseLocation:
    """Returns the database of ``locate``, which exists, or of which a log is left.

    Raises:
        BadParameter: The path begins with the home folder of an unknown user.
        DatabaseOpenError: There is none; the message says where one was looked for.
    """
    location = locate(db)
    if not _is_there(location.path):
        raise DatabaseOpenError(_nothing_at(location), path=location.path)
    return location


def open_database(
    db: str | None,
    *,
    create: bool = False,
    dry_run: bool = False,
    durability: Durability = "full",
) -> Database:
    """Opens the database of ``locate``; by default, commits survive a power cut (``full``).

    Args:
        create: The command writes, and may create the database. One that only reads never does,
            nor adds our tables to a file of another program.
        dry_run: Nothing is to be written: instead of a new file, open a database in memory.

    Raises:
        DatabaseOpenError: There is none, or it is no database.
        DatabaseError: It cannot be opened for another reason.
    """
    location = locate(db) if create else locate_existing(db)
    if dry_run and not _is_there(location.path):
        return Database()
    return Database(location.path, create=create, durability=durability)


def _is_there(path: Path) -> bool:
    return path.exists() or bool(orphaned_logs(real_path(path)))


def _nothing_at(location: DatabaseLocation) -> str:
    command = "aqe extract tests/"
    if location.is_default:
        return f"no bank here ({location.reason}); make one with: {command}"
    return (
        f"no bank at {location.path} (from {location.reason}); check the path, or make one with:"
        f" {command} --db {location.path}"
    )


def print_database(path: object) -> None:
    """Prints on stderr which file was used, so that nobody reads one file and writes another."""
    stderr().print(plain(f"database: {path}", style="dim"), soft_wrap=True)
