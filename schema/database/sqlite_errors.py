"""What SQLite reports, in our own words: each error says what to do next."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from ..errors import (
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseFullError,
    DatabaseOpenError,
    DatabaseReadOnlyError,
)
from .connection import ran_full

__all__ = ["READ_ONLY", "translated"]

READ_ONLY = "{path} is read-only; nothing was changed: give a writable copy with --db"


@contextmanager
def translated(label: str) -> Iterator[None]:
    """Turns SQLite's errors into ours: one line, with the next step.

    ``label`` is the path of the database, as a person should read it.
    """
    started = time.monotonic()
    try:
        yield
    except apsw.BusyError as error:
        raise DatabaseBusyError(
            f"{label} was locked by other processes too long; try again, "
            "or see who holds it with: fuser " + label
        ) from error
    except apsw.FullError as error:
        raise _full(label) from error
    except apsw.ReadOnlyError as error:
        raise DatabaseReadOnlyError(READ_ONLY.format(path=label)) from error
    except apsw.NotADBError as error:
        raise DatabaseOpenError(
            f"{label} is not an SQLite database; give another path with --db"
        ) from error
    except (apsw.CorruptError, UnicodeDecodeError) as error:
        raise DatabaseCorruptError(
            f"{label} is damaged ({error}); see what with: aqe db check, then fix it with:"
            " aqe db repair, or put a backup in its place with: aqe db restore FILE"
        ) from error
    except apsw.InterruptError as error:
        raise DatabaseError(f"reading {label} took too long and was stopped") from error
    except (apsw.IOError, apsw.CantOpenError) as error:
        raise DatabaseError(f"cannot read or write {label}: {error}") from error
    except apsw.Error as error:  # a table of another shape, a connection closed by another thread
        if ran_full(started):
            raise _full(label) from error
        raise DatabaseError(f"cannot use {label}: {error}") from error


def _full(label: str) -> DatabaseFullError:
    free = ""
    with suppress(OSError):  # a database in memory has no folder
        free = f" ({shutil.disk_usage(Path(label).parent).free:,} bytes are free there)"
    return DatabaseFullError(
        f"no room left to write {label}{free}; nothing was changed: free some space and try again"
    )
