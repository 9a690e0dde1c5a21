"""Finds out whether the files of an open database are still the ones at its path.

A file that was deleted, moved or replaced lives on for those who have it open: what they write
into it is gone when they close it. The same holds for the WAL and for its index, which a second
process would create again (https://sqlite.org/howtocorrupt.html#unlink).
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import apsw

from ..errors import DatabaseMovedError
from .files.side_files import FRAME_HEADER_BYTES, WAL_HEADER_BYTES

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["FileIdentity", "OpenFile"]

# Another process may truncate the WAL between two looks at it; it does not do so three times.
LOOKS = 3
LOOK_PAUSE_S = 0.005

_ADVICE = "nothing more is stored there: close it, look at what is at the path, then open it again"


# Device and inode of a file.
FileIdentity: TypeAlias = tuple[int, int]


class OpenFile:
    """The file that a database was opened with.

    Not noticed: another program that overwrites the content in place.

    Args:
        path: The file, which exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = str(path)
        self._identity = _identity_at(self._name)

    def require_in_place(self) -> None:
        """Refuses to go on if the path names another file now, or none.

        Raises:
            DatabaseMovedError: It does.
        """
        found = _identity_at(self._name)
        if found != self._identity or found is None:
            raise DatabaseMovedError(
                f"{self._path} was {'deleted or moved' if found is None else 'replaced'} while it"
                f" was open; {_ADVICE}",
                path=self._path,
            )

    def note_side_files(self, connection: Connection) -> None:
        """Remembers the WAL and its index as this connection has opened them."""
        if connection.pragma("journal_mode") == "wal":
            connection.execute("select 1 from sqlite_schema limit 1").fetchall()  # opens both
            connection.side_files = _side_files(connection)

    def require_side_files(self, connection: Connection) -> None:
        """Refuses to go on if the WAL or its index was deleted or replaced.

        Raises:
            DatabaseMovedError: One was.
        """
        if connection.side_files is None:
            self.note_side_files(connection)
        found = _side_files(connection)
        if found != connection.side_files:
            raise DatabaseMovedError(
                f"{self._path}-wal or -shm was deleted or replaced while {self._path.name} was"
                f" open; {_ADVICE}",
                path=self._path,
            )

    def require_whole_log(self, connection: Connection) -> None:
        """Refuses to go on if another program cut off the WAL; call it outside a transaction.

        Raises:
            DatabaseMovedError: The WAL is shorter than its index says.
        """
        if not _log_is_whole(connection):
            raise DatabaseMovedError(
                f"{self._path}-wal was cut off while {self._path.name} was open; {_ADVICE}",
                path=self._path,
            )

    def owns_log(self, connection: Connection) -> bool:
        """Returns whether the WAL at the path, if there is one, is whole and this connection's.

        False if the database is gone, since its WAL is then all that is left of it.
        """
        ours = connection.side_files or _side_files(connection)
        return (
            _identity_at(self._name) is not None
            and all(
                now in (None, was) for now, was in zip(_side_files(connection), ours, strict=True)
            )
            and (connection.in_transaction or _log_is_whole(connection))
        )


def _identity_at(path: str) -> FileIdentity | None:
    """Returns the identity of the file at a path; None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _side_files(connection: apsw.Connection) -> tuple[FileIdentity | None, FileIdentity | None]:
    log = connection.filename_wal
    return _identity_at(log), _identity_at(log.removesuffix("wal") + "shm")


def _log_is_whole(connection: Connection) -> bool:
    """Returns whether the WAL is as long as its index says; True if it was deleted."""
    cut_off = False
    for _ in range(LOOKS if connection.side_files else 0):
        try:
            pages, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
            size = os.stat(connection.filename_wal).st_size
        except (apsw.BusyError, OSError):  # another process recovers it, or it was deleted
            return True
        frame_bytes = FRAME_HEADER_BYTES + int(connection.pragma("page_size"))
        cut_off = pages > 0 and size < WAL_HEADER_BYTES + pages * frame_bytes
        if not cut_off:
            break
        time.sleep(LOOK_PAUSE_S)
    return not cut_off
