"""Backs up a database while others write, verifies the copy, and restores copies.

A copy appears under its name only when it is complete. Only SQLite ever opens the live file, since
closing any other handle on it would drop this process's locks
(https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
A restore needs the file without any connection of this process (``file_replacement.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from ...errors import (
    DatabaseCorruptError,
    DatabaseError,
    DatabaseFullError,
    DatabaseOpenError,
)
from ..connection import APPLICATION_ID, open_connection, require_local_file_system
from ..file_check import check_file
from ..fork_gate import turn
from ..migrate import check_version, known_migrations
from ..sqlite_errors import ANOTHER_PATH
from .file_replacement import put_in_place
from .foreign_file import refuse_foreign
from .log_owner import stamp_copy
from .private_file import copy_mode, partial_file, real_path, remove_stale_partials
from .side_files import SIDE_FILES, side_file

__all__ = ["BackupReport", "RestoreReport", "back_up", "partial_database", "restore"]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A verified copy.

    Attributes:
        path: The copy.
        size_bytes: Its size.
        patterns: Number of patterns in it.
        side_files: The new names of logs that an earlier file of this name had left there.
    """

    path: Path
    size_bytes: int
    patterns: int
    side_files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """A database that was replaced by a copy.

    Attributes:
        path: The database.
        patterns: How many patterns it holds now.
        replaced: The new name of the file that was there before; None when there was none.
        side_files: The new names of its logs, where they could not be moved into it.
    """

    path: Path
    patterns: int
    replaced: Path | None
    side_files: tuple[Path, ...] = ()


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
    source, target = real_path(source), real_path(target)
    _require_free(source, target, overwrite)
    with partial_database(target) as partial:
        with turn():
            patterns = _copy(_Source.database(source), partial)
        kept = put_in_place(partial, target, "replaced", overwrite=overwrite)
    if kept.database is not None:  # it was to be replaced
        for end in ("", *SIDE_FILES):
            side_file(kept.database, end).unlink(missing_ok=True)
        return BackupReport(target, target.stat().st_size, patterns)
    return BackupReport(target, target.stat().st_size, patterns, kept.side_files)


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
    target = real_path(target)
    with partial_database(target, make_folder=True) as partial:
        with turn():
            patterns = _copy(_Source.backup(backup), partial)
        copy_mode(target, partial)
        kept = put_in_place(partial, target, "replaced")
    return RestoreReport(target, patterns, kept.database, kept.side_files)


@contextmanager
def partial_database(target: Path, *, make_folder: bool = False) -> Iterator[Path]:
    """Yields an empty private file that will take the place of ``target``; removed at the end.

    Args:
        make_folder: Create the folder if it does not exist.

    Raises:
        DatabaseError: The folder cannot be written.
    """
    with ExitStack() as stack:
        try:
            if make_folder:
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_stale_partials(target.parent)
            partial = stack.enter_context(partial_file(target))
        except OSError as error:
            raise DatabaseError(
                f"cannot write to {target.parent}: {error.strerror}", path=target
            ) from error
        yield partial


def _copy(source: _Source, partial: Path) -> int:
    """Copies a database in one read transaction and verifies it; returns its pattern count."""
    path = source.path
    if not path.is_file():
        raise DatabaseOpenError(f"{source.missing} at {path}; check the path", path=path)
    require_local_file_system(path, advice=source.remote)
    require_local_file_system(partial, advice="write to a folder on a local disk")
    refuse_foreign(path, known_migrations(), holds_bank=True, advice=source.foreign)
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
            patterns = _verified(copy, source)
        finally:
            copy.close()
            original.close()
        stamp_copy(partial)
        return patterns
    except apsw.FullError as error:
        raise DatabaseFullError(
            f"no room left for a copy of {path}; nothing was changed", path=partial
        ) from error
    except (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError) as error:
        raise _damaged(source, str(error)) from error
    except (apsw.Error, OSError) as error:
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


def _require_free(source: Path, target: Path, overwrite: bool) -> None:
    if target in (source, *(side_file(source, end) for end in SIDE_FILES)):
        raise DatabaseError(
            f"{target} is the database itself or its log; give another name", path=target
        )
    if target.exists() and not overwrite:
        raise DatabaseError(
            f"{target} exists; give another name, or --force to replace it", path=target
        )
    if not target.parent.is_dir():
        raise DatabaseError(
            f"cannot write {target}: its folder does not exist; create it first", path=target
        )
