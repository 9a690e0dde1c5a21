"""Translates errors of SQLite into our own: one line each, with the next step.

Called only after an error, so that it costs a successful transaction nothing.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import apsw

from ..errors import (
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseFullError,
    DatabaseOpenError,
    DatabaseReadOnlyError,
)
from .sqlite_log import ran_full

__all__ = ["ANOTHER_PATH", "READ_ONLY", "label_of", "raise_translated"]

# The next step in the errors of a database file that was given, or found, by its path.
ANOTHER_PATH = "give another path with --db"
READ_ONLY = "{path} is read-only; nothing was changed: give a writable copy with --db"


def label_of(path: Path | None) -> str:
    """Returns the path of a database for messages; ``:memory:`` without one."""
    return ":memory:" if path is None else str(path)


def raise_translated(
    error: apsw.Error | UnicodeDecodeError, path: Path | None, *, since: float
) -> NoReturn:
    """Raises our own error for an error of SQLite.

    Args:
        error: The error of SQLite, or of decoding a damaged text.
        path: The database; None for an in-memory one.
        since: Start of the transaction by ``time.monotonic``.

    Raises:
        DatabaseBusyError: Others held the lock too long.
        DatabaseFullError: There is no room left.
        DatabaseReadOnlyError: A write to a read-only database.
        DatabaseOpenError: The file is not an SQLite database.
        DatabaseCorruptError: The content is damaged.
        DatabaseError: A time limit, an I/O error, or anything else.
    """
    label = label_of(path)
    match error:
        case apsw.BusyError():
            raise DatabaseBusyError(
                f"{label} was locked by other processes too long; try again, "
                "or see who holds it with: fuser " + label,
                path=path,
            ) from error
        case apsw.FullError():
            _raise_full(path, error)
        case apsw.ReadOnlyError():
            raise DatabaseReadOnlyError(READ_ONLY.format(path=label), path=path) from error
        case apsw.NotADBError():
            raise DatabaseOpenError(
                f"{label} is not an SQLite database; {ANOTHER_PATH}", path=path
            ) from error
        case apsw.CorruptError() | UnicodeDecodeError():
            raise DatabaseCorruptError(
                f"{label} is damaged ({error}); see what with: aqe db check, then fix it with:"
                " aqe db repair, or put a backup in its place with: aqe db restore FILE",
                path=path,
                found=str(error),
            ) from error
        case apsw.InterruptError():
            raise DatabaseError(
                f"reading {label} took too long and was stopped", path=path
            ) from error
        case apsw.IOError() | apsw.CantOpenError():
            raise DatabaseError(f"cannot read or write {label}: {error}", path=path) from error
        case _ if ran_full(since):  # an extension reports it as a plain error
            _raise_full(path, error)
        case _:  # a table of another shape, a connection closed by another thread
            raise DatabaseError(f"cannot use {label}: {error}", path=path) from error


def _raise_full(path: Path | None, error: Exception) -> NoReturn:
    free_bytes = None
    if path is not None:
        with suppress(OSError):
            free_bytes = shutil.disk_usage(path.parent).free
    free = "" if free_bytes is None else f" ({free_bytes:,} bytes are free there)"
    raise DatabaseFullError(
        f"no room left to write {label_of(path)}{free}; nothing was changed: free some space and"
        " try again",
        path=path,
        free_bytes=free_bytes,
    ) from error
