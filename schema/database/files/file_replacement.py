"""Puts a complete database file in the place of another, which is kept with its logs.

Killed at any moment, the path names the old file or the new one, whole, and nothing that was
acknowledged is lost. The steps, each harmless if it is the last:

1. The new file is complete and synced.
2. SQLite moves the old log into the old file, which is then whole without it.
3. SQLite's lock is taken, so that nobody opens the old file. If somebody wrote meanwhile: step 2.
4. What is left of side files is moved aside: nothing that the old file needs.
5. Old and new exchange their names in one step. The old file never has a second link, since opening
   either would change the other.

A file that is missing or that SQLite cannot open has no state to lose: its logs are moved aside
without step 2, and kept under the name of the old file. So is the log of another file.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from ...errors import DatabaseBusyError, DatabaseError, DatabaseFullError
from .file_exchange import exchange_names
from .log_owner import owns_log
from .private_file import copy_mode, partial_file, publish, rename_new, sync
from .side_files import (
    SIDE_FILES,
    folder_lock,
    free_name,
    holds_frames,
    move_side_files,
    side_file,
    size_of,
)

__all__ = ["KeptFiles", "put_in_place"]

# SQLite's lock bytes (https://sqlite.org/fileformat2.html#the_lock_byte_page): one pending, one
# reserved, 510 shared. A connection in WAL mode holds a shared one as long as it is open.
LOCK_START = 0x40000000
LOCK_BYTES = 512
# Each further attempt needs another process that opens the file, writes and dies in an instant.
ATTEMPTS = 5
FOLD_TIMEOUT_MS = 1_000
COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """What was in the place of a file before.

    Attributes:
        database: The new path of the old file; None if there was none.
        side_files: The new paths of its logs, which were not part of it.
    """

    database: Path | None
    side_files: tuple[Path, ...] = ()


def put_in_place(new: Path, target: Path, label: str, *, overwrite: bool = True) -> KeptFiles:
    """Moves a database file and its side files aside and another file into its place.

    No connection to ``target`` may be open in this process. A vector file stays: the database
    records the digest of its own.

    Args:
        new: A complete database file without side files, in the folder of ``target``.
        target: The path that it gets; no link.
        label: Part of the old file's new name that says why it was moved.
        overwrite: Whether a file may be there.

    Returns:
        The old file's new path, ``<name>.<label>-<time>``, and those of its side files.

    Raises:
        DatabaseBusyError: Other processes have the database open.
        DatabaseFullError: There is no room left for the log in the old file.
        DatabaseError: A file is there although ``overwrite`` is not set, or cannot be moved.
    """
    aside = free_name(target, label)
    try:
        sync(new)
        with folder_lock(target.parent):
            if target.exists() and overwrite:
                return _replaced(new, target, aside)
            side_files = () if target.exists() else move_side_files(target, aside)
            publish(new, target, overwrite=False)
            return KeptFiles(None, side_files)
    except FileExistsError as error:
        raise DatabaseError(f"{target} exists; nothing was changed", path=target) from error
    except OSError as error:
        raise DatabaseError(f"cannot write {target}: {error.strerror}", path=target) from error


def _replaced(new: Path, target: Path, aside: Path) -> KeptFiles:
    for _ in range(ATTEMPTS):
        with _nobody_else(target):  # refuses before anything is changed
            pass
        own_log = owns_log(target)
        folded = own_log and _fold_log(target)
        with _nobody_else(target) as descriptor:
            if folded and _needs_log(target):
                continue
            logs_aside = aside if own_log else free_name(target, "orphan")
            return _exchanged(new, target, aside, logs_aside, descriptor)
    raise DatabaseBusyError(
        f"{target} is being written by other processes; stop them first, see which with:"
        f" fuser {target}",
        path=target,
    )


def _fold_log(path: Path) -> bool:
    """Moves the log into the file, by SQLite's own recovery; returns whether SQLite can open it.

    https://sqlite.org/c3ref/wal_checkpoint_v2.html

    Raises:
        DatabaseFullError: There is no room left.
        DatabaseError: The file cannot be read or written.
    """
    if not size_of(path):  # SQLite would delete its log
        return False
    if not holds_frames(side_file(path, "-wal")) and not size_of(side_file(path, "-journal")):
        return True  # nothing to move; SQLite would empty what is no log of its own
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            # If the file cannot be opened, closing must not empty its log.
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.set_busy_timeout(FOLD_TIMEOUT_MS)
            connection.pragma("synchronous", "FULL")
            connection.pragma("schema_version")  # a transaction: rolls back a journal, finds a WAL
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        finally:
            connection.close()
    except (apsw.NotADBError, apsw.CorruptError):
        return False
    except apsw.BusyError:  # the lock that follows says by whom
        return True
    except apsw.FullError as error:
        raise DatabaseFullError(
            f"no room left to write {path}; nothing was replaced: free some space and try again",
            path=path,
        ) from error
    except apsw.Error as error:
        raise DatabaseError(
            f"cannot move the log of {path} into it: {error}; nothing was replaced", path=path
        ) from error
    return True


def _needs_log(path: Path) -> bool:
    """Returns whether a log holds what is not in the file; call it while nobody has it open.

    https://sqlite.org/fileformat2.html#the_rollback_journal: one that is done starts with zeros.
    """
    journal = side_file(path, "-journal")
    if holds_frames(side_file(path, "-wal")):
        return True
    if not size_of(journal):
        return False
    with journal.open("rb") as stream:
        return stream.read(1) != b"\0"


def _exchanged(
    new: Path, target: Path, aside: Path, logs_aside: Path, descriptor: int
) -> KeptFiles:
    """Gives ``target`` the name ``aside`` and ``new`` the name of ``target``; undone on errors."""
    old = os.fstat(descriptor).st_ino
    side_files: tuple[Path, ...] = ()
    try:
        side_files = move_side_files(target, logs_aside)
        rename_new(new, aside)
        if not exchange_names(aside, target):
            aside.rename(new)
            _copy_aside(descriptor, target, aside)
            new.replace(target)
        sync(target.parent)
    finally:
        if target.stat().st_ino == old:  # failed or interrupted
            _undo(new, target, aside, logs_aside)
    return KeptFiles(aside, side_files)


def _copy_aside(descriptor: int, target: Path, aside: Path) -> None:
    """Copies the old file where names cannot be exchanged; reads by the handle that holds its lock.

    Closing another handle would drop that lock.
    """
    with partial_file(aside) as partial:
        with partial.open("wb") as stream:
            offset = 0
            while block := os.pread(descriptor, COPY_BYTES, offset):
                stream.write(block)
                offset += len(block)
        copy_mode(target, partial)
        publish(partial, aside, overwrite=False)


def _undo(new: Path, target: Path, aside: Path, logs_aside: Path) -> None:
    """Moves the side files back; what else has the name ``aside`` is a copy or the new file."""
    for end in SIDE_FILES:
        if os.path.lexists(side_file(logs_aside, end)):
            side_file(logs_aside, end).rename(side_file(target, end))
    aside.unlink(missing_ok=True)
    new.unlink(missing_ok=True)


@contextmanager
def _nobody_else(path: Path) -> Iterator[int]:
    """Holds SQLite's lock on a file, so that nobody can open it meanwhile; yields its descriptor.

    Raises:
        DatabaseBusyError: Another process has it open.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_BYTES, LOCK_START)
        except OSError as error:
            raise DatabaseBusyError(
                f"{path} is open in other processes; stop them first, see which with: fuser {path}",
                path=path,
            ) from error
        yield descriptor
    finally:
        os.close(descriptor)
