"""Backs up a database while others write, verifies the copy, and restores copies.

A copy appears under its name only when it is complete. Only SQLite ever opens the live file, since
closing any other handle on it would drop this process's locks
(https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
A restore, which needs the file without any connection of this process, locks and moves it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import apsw

from ...errors import (
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseFullError,
    DatabaseOpenError,
)
from ...records.patterns import utc_now
from ..connection import APPLICATION_ID, open_connection, require_local_file_system
from ..file_check import check_file
from ..migrate import check_version, known_migrations
from ..sqlite_errors import ANOTHER_PATH

__all__ = ["BackupReport", "RestoreReport", "back_up", "put_in_place", "restore"]

# SQLite's lock bytes (https://sqlite.org/fileformat2.html#the_lock_byte_page): one pending, one
# reserved, 510 shared. A connection in WAL mode holds a shared one as long as it is open.
LOCK_START = 0x40000000
LOCK_BYTES = 512
SIDE_FILES = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A verified copy.

    Attributes:
        path: The copy.
        size_bytes: Its size.
        patterns: Number of patterns in it.
    """

    path: Path
    size_bytes: int
    patterns: int


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """A database that was replaced by a copy.

    Attributes:
        path: The database.
        patterns: How many patterns it holds now.
        replaced: The new name of the file that was there before; None when there was none.
    """

    path: Path
    patterns: int
    replaced: Path | None


@dataclass(frozen=True, slots=True)
class _Source:
    """The file to copy, and the advice in error messages when it cannot be.

    Attributes:
        path: The file.
        missing: Names the file in the message that there is none.
        remote: Advice about a file on a network mount.
        foreign: Advice about a file that is not a pattern bank.
        damaged: Advice about a damaged file.
    """

    path: Path
    missing: str
    remote: str
    foreign: str
    damaged: str

    @classmethod
    def database(cls, path: Path) -> _Source:
        """Returns the source of a backup: the database, given by ``--db``."""
        return cls(
            path,
            missing="no database",
            remote="choose a path on a local disk with --db or AQE_DB",
            foreign=ANOTHER_PATH,
            damaged="no copy was made; fix it with: aqe db repair",
        )

    @classmethod
    def backup(cls, path: Path) -> _Source:
        """Returns the source of a restore: the copy, given as an argument."""
        return cls(
            path,
            missing="no backup",
            remote="copy it to a local disk and restore that copy",
            foreign="nothing was restored; give a file written by: aqe db backup FILE",
            damaged="nothing was restored; give another backup",
        )


def back_up(source: Path, target: Path, *, overwrite: bool = False) -> BackupReport:
    """Copies one state of a database while others continue to write.

    The copy is a single file without a WAL. It appears under its name only when it is complete,
    verified and synced.

    Args:
        source: The database.
        target: Path of the copy.
        overwrite: Replace an existing file.

    Raises:
        DatabaseError: The target exists and ``overwrite`` is not set, the source cannot be read or
            is damaged, or the disk is full.
    """
    _require_free(target, overwrite)
    partial = _partial(target)
    try:
        patterns = _copy(_Source.database(source), partial)
        _publish(partial, target, overwrite)
    finally:
        _remove(partial)
    return BackupReport(target, target.stat().st_size, patterns)


def restore(backup: Path, target: Path) -> RestoreReport:
    """Replaces a database by a copy; the replaced file is kept under another name.

    No connection to ``target`` may be open in this process.

    Args:
        backup: The copy, which is left in place.
        target: The database.

    Raises:
        DatabaseError: The copy is missing, damaged, foreign or from a newer version.
        DatabaseBusyError: Other processes have the database open.
    """
    partial = _partial(target)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        patterns = _copy(_Source.backup(backup), partial)
        return RestoreReport(target, patterns, put_in_place(partial, target, "replaced"))
    finally:
        _remove(partial)


def put_in_place(new: Path, target: Path, label: str) -> Path | None:
    """Moves a database file and its WAL aside and another file into its place.

    Args:
        new: A complete database file without a WAL, in the folder of ``target``.
        target: The path that it gets.
        label: Part of the old file's new name that says why it was moved.

    Returns:
        The old file's new path, ``<name>.<label>-<time>``; None if there was none.

    Raises:
        DatabaseBusyError: Other processes have the database open.
        DatabaseError: The file cannot be moved.
    """
    if not target.exists():
        _publish(new, target, overwrite=False)
        return None
    aside = _free_name(target, label)
    with _nobody_else(target):
        os.link(target, aside)
        for end in SIDE_FILES:  # first, so that the new file never has the old WAL
            with suppress(FileNotFoundError):
                os.replace(target.with_name(target.name + end), f"{aside}{end}")
        _publish(new, target, overwrite=True)
    return aside


def _copy(source: _Source, partial: Path) -> int:
    """Copies a database in one read transaction and verifies it; returns its pattern count."""
    path = source.path
    if not path.is_file():
        raise DatabaseOpenError(f"{source.missing} at {path}; check the path", path=path)
    require_local_file_system(path, advice=source.remote)
    require_local_file_system(partial, advice="write to a folder on a local disk")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseError(
            f"cannot write to {partial.parent}: {error.strerror}", path=partial
        ) from error
    try:
        original = open_connection(
            path, read_only=not os.access(path, os.W_OK), advice=source.foreign
        )
        copy = open_connection(partial)
        try:
            # https://sqlite.org/backup.html: all pages in one step are one read transaction.
            with copy.backup("main", original, "main") as backup:
                backup.step(-1)
            copy.pragma("journal_mode", "delete")  # one file, readable from read-only media
            return _verified(copy, source)
        finally:
            copy.close()
            original.close()
    except apsw.FullError as error:
        raise DatabaseFullError(
            f"no room left for a copy of {path}; nothing was changed", path=partial
        ) from error
    except (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError) as error:
        raise _damaged(source, str(error)) from error
    except apsw.Error as error:
        raise DatabaseError(f"cannot copy {path}: {error}", path=path) from error


def _damaged(source: _Source, found: str) -> DatabaseCorruptError:
    return DatabaseCorruptError(
        f"{source.path} is damaged ({found}): {source.damaged}", path=source.path, found=found
    )


def _verified(copy: apsw.Connection, source: _Source) -> int:
    version = check_version(copy, known_migrations(), source.path, advice=source.foreign)
    if version == 0 or copy.pragma("application_id") not in (0, APPLICATION_ID):
        raise DatabaseOpenError(
            f"{source.path} does not hold a pattern bank; {source.foreign}", path=source.path
        )
    for problem in check_file(copy):
        if problem.repair == "salvage" or problem.area == "words":
            raise _damaged(source, problem.message)
    return int(copy.execute("select count(*) from patterns").get)


def _publish(partial: Path, target: Path, overwrite: bool) -> None:
    """Syncs a complete file and gives it its name."""
    _sync(partial)
    try:
        if overwrite:
            os.replace(partial, target)
        else:
            os.link(partial, target)  # unlike a rename, fails if the name is taken
            partial.unlink()
    except FileExistsError as error:
        raise DatabaseError(f"{target} exists; nothing was changed", path=target) from error
    except OSError as error:
        raise DatabaseError(f"cannot write {target}: {error.strerror}", path=target) from error
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_free(target: Path, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise DatabaseError(
            f"{target} exists; give another name, or --force to replace it", path=target
        )
    if not target.parent.is_dir():
        raise DatabaseError(
            f"cannot write {target}: its folder does not exist; create it first", path=target
        )


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
    """Holds SQLite's lock on a file, so that nobody can open it meanwhile.

    Raises:
        DatabaseBusyError: Another process has it open.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_BYTES, LOCK_START)
        except OSError as error:
            raise DatabaseBusyError(
                f"{path} is open in other processes; stop them first, see which with: fuser {path}",
                path=path,
            ) from error
        yield
    finally:
        os.close(descriptor)
