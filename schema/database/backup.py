"""Copies of a database: made beside its writers, verified, whole or not there; put back likewise.

The live file is never opened by anything but SQLite: closing any other handle on it would drop
this process's locks. Only where no connection of this process is open is it locked and moved.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import apsw

from ..errors import DatabaseBusyError, DatabaseCorruptError, DatabaseError, DatabaseOpenError
from ..records.patterns import utc_now
from .connection import APPLICATION_ID, open_connection
from .file_check import check_file
from .migrate import check_version, known_migrations

__all__ = ["BackupReport", "RestoreReport", "back_up", "put_in_place", "restore"]

# SQLite's lock bytes (sqlite.org/fileformat2.html, "the lock-byte page"): one pending, one
# reserved, 510 shared. A connection in WAL mode holds a shared one as long as it is open.
LOCK_START = 0x40000000
LOCK_BYTES = 512
SIDE_FILES = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A verified copy."""

    path: Path
    size_bytes: int
    patterns: int


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was put in place, and where the file that stood there is now."""

    path: Path
    patterns: int
    replaced: Path | None


def back_up(source: Path, target: Path, *, overwrite: bool = False) -> BackupReport:
    """Copies a database, as of one moment, while others go on writing.

    The copy is a single file without a log. It appears under its name only when it is complete,
    verified and on the disk.

    Raises:
        DatabaseError: The target exists and ``overwrite`` is not set, the source cannot be read or
            is damaged, or there is no room.
    """
    _require_free(target, overwrite)
    partial = _partial(target)
    try:
        patterns = _copy(source, partial)
        _publish(partial, target, overwrite)
    finally:
        _remove(partial)
    return BackupReport(target, target.stat().st_size, patterns)


def restore(backup: Path, target: Path) -> RestoreReport:
    """Puts a copy in the place of a database, which is kept beside it under another name.

    No connection to ``target`` may be open in this process.

    Raises:
        DatabaseError: The copy is damaged, not ours or from a newer version.
        DatabaseBusyError: Other processes have the database open.
    """
    partial = _partial(target)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        patterns = _copy(backup, partial)
        return RestoreReport(target, patterns, put_in_place(partial, target, "replaced"))
    finally:
        _remove(partial)


def put_in_place(new: Path, target: Path, label: str) -> Path | None:
    """Moves a database file with its log aside and another one into its place.

    Returns:
        The old file's new name, ``<name>.<label>-<time>``; None when there was none.

    Raises:
        DatabaseBusyError: Other processes have the database open.
    """
    if not target.exists():
        _publish(new, target, overwrite=False)
        return None
    aside = _free_name(target, label)
    with _nobody_else(target):
        os.link(target, aside)
        for end in SIDE_FILES:  # before the new file has the name: it must not meet the old log
            with suppress(FileNotFoundError):
                os.replace(target.with_name(target.name + end), f"{aside}{end}")
        _publish(new, target, overwrite=True)
    return aside


def _copy(source: Path, partial: Path) -> int:
    """Copies a database in one read transaction, verifies the copy; returns its patterns."""
    if not source.is_file():
        raise DatabaseOpenError(f"no database at {source}; check the path")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        original = open_connection(source, read_only=not os.access(source, os.W_OK))
        copy = open_connection(partial)
        try:
            with copy.backup("main", original, "main") as backup:
                backup.step(-1)
            copy.pragma("journal_mode", "delete")  # one file, readable from read-only media
            return _verified(copy, source)
        finally:
            copy.close()
            original.close()
    except apsw.FullError as error:
        raise DatabaseError(f"no room left for a copy of {source}; nothing was changed") from error
    except (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError) as error:
        raise DatabaseCorruptError(_DAMAGED.format(path=source, error=error)) from error
    except apsw.Error as error:
        raise DatabaseError(f"cannot copy {source}: {error}") from error


_DAMAGED = "{path} is damaged ({error}): no copy was made; fix it with: aqe db repair"


def _verified(copy: apsw.Connection, source: Path) -> int:
    if check_version(copy, known_migrations(), source) == 0 or (
        copy.pragma("application_id") not in (0, APPLICATION_ID)
    ):
        raise DatabaseOpenError(
            f"{source} holds no pattern bank; give a copy made by aqe db backup"
        )
    problems = [one for one in check_file(copy) if one.repair == "salvage" or one.area == "words"]
    if problems:
        raise DatabaseCorruptError(_DAMAGED.format(path=source, error=problems[0].message))
    return int(copy.execute("select count(*) from patterns").get)


def _publish(partial: Path, target: Path, overwrite: bool) -> None:
    """Gives a complete file its name, after its content is on the disk."""
    _sync(partial)
    try:
        if overwrite:
            os.replace(partial, target)
        else:
            os.link(partial, target)  # unlike a rename, refuses a name that is taken
            partial.unlink()
    except FileExistsError as error:
        raise DatabaseError(f"{target} exists; nothing was changed") from error
    except OSError as error:
        raise DatabaseError(f"cannot write {target}: {error.strerror}") from error
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_free(target: Path, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise DatabaseError(f"{target} exists; give another name, or --force to replace it")
    if not target.parent.is_dir():
        raise DatabaseError(f"cannot write {target}: its folder does not exist; make it first")


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.{os.getpid()}.partial")


def _free_name(target: Path, label: str) -> Path:
    stamp = utc_now().strftime("%Y%m%dT%H%M%S.%fZ")
    return target.with_name(f"{target.name}.{label}-{stamp}")


def _remove(partial: Path) -> None:
    for end in ("", "-journal", *SIDE_FILES):
        partial.with_name(partial.name + end).unlink(missing_ok=True)


@contextmanager
def _nobody_else(path: Path) -> Iterator[None]:
    """Holds SQLite's own lock on a file, so that nobody opens it in between.

    Raises:
        DatabaseBusyError: Somebody has it open.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_BYTES, LOCK_START)
        except OSError as error:
            raise DatabaseBusyError(
                f"{path} is open in other processes; stop them first, see which with: fuser {path}"
            ) from error
        yield
    finally:
        os.close(descriptor)
