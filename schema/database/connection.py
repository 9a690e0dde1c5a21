"""Opens connections to a database file, and tidies up before they close."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from ..errors import DatabaseError, DatabaseOpenError
from .connection_settings import (
    SETTINGS,
    Durability,
    set_busy_timeout,
    set_checkpoint_on_close,
    set_synchronous,
)
from .database_tuning import DatabaseTuning
from .file_identity import FileIdentity
from .fork_gate import turn
from .sqlite_errors import ANOTHER_PATH
from .sqlite_log import forward_sqlite_log

if TYPE_CHECKING:
    from .file_identity import OpenFile

__all__ = [
    "APPLICATION_ID",
    "Connection",
    "close_connection",
    "is_writable",
    "needs_immutable",
    "open_connection",
    "require_local_file_system",
    "retry_while_busy",
    "shorten_log",
]

# "aqe1" in ASCII: marks a file as ours, so that a foreign one is refused.
APPLICATION_ID = 0x61716531
# Before 3.53.2: the WAL-reset race loses commits (fixed 3.51.3), FTS5 heap overflow CVE-2026-11824.
MIN_SQLITE = 3_053_002
# Closing does not wait for readers: the last one to close checkpoints.
TIDY_TIMEOUT_MS = 100
# Long enough for writers to finish; longer-lived readers are not waited for.
SHORTEN_TIMEOUT_MS = 1_500
# The WAL index is in shared memory, which two kernels cannot share.
NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.grpcfuse", "fuse.osxfs", "fuse.sshfs", "nfs", "nfs4"}
    | {"smb3", "smbfs", "virtiofs", "vboxsf"}
)
MOUNTS = Path("/proc/self/mounts")

_log = logging.getLogger("aqe.sqlite")


class Connection(apsw.Connection):
    """A connection that knows its open transaction and the files that belong to it.

    Attributes:
        transaction: A token of the transaction that is open on it; None without one.
        side_files: The identities of its WAL and WAL index; None until it has used them.
    """

    transaction: object | None = None
    side_files: tuple[FileIdentity | None, FileIdentity | None] | None = None


def is_writable(path: Path) -> bool:
    """Returns whether SQLite can write the file and, next to it, its WAL."""
    if not os.access(path, os.W_OK):
        return False
    if os.access(path.parent, os.W_OK):
        return True
    return all(path.with_name(path.name + end).exists() for end in ("-wal", "-shm"))


def needs_immutable(path: Path) -> bool:
    """Returns whether a read-only file must be opened as immutable.

    Reading a WAL database needs shared memory in its folder. Where that cannot be created, nobody
    on this machine can write either, but a WAL that was left behind cannot be read.

    https://sqlite.org/wal.html#read_only_databases

    Raises:
        DatabaseOpenError: Such a WAL holds changes.
    """
    if os.access(path.parent, os.W_OK):
        return False
    log = path.with_name(path.name + "-wal")
    if not log.exists():
        return True
    if path.with_name(path.name + "-shm").exists():
        return False
    if log.stat().st_size == 0:
        return True
    raise DatabaseOpenError(
        f"{path} is read-only and {log.name} next to it holds changes that cannot be read there;"
        " copy both to a writable folder and give that copy with --db",
        path=path,
    )


def open_connection(
    path: Path | None,
    *,
    durability: Durability = "full",
    read_only: bool = False,
    immutable: bool = False,
    advice: str = ANOTHER_PATH,
) -> Connection:
    """Returns a configured connection to the file at ``path``, or to a private in-memory database.

    Args:
        path: The file; None for an in-memory database.
        durability: ``full`` survives a power cut; ``normal`` survives the death of the process.
        read_only: Refuse to write.
        immutable: Read the file without locks and without its WAL, since nobody can change it, as
            on read-only media (https://sqlite.org/uri.html#uriimmutable).
        advice: Ends the error messages about a file that is not a database.

    Raises:
        DatabaseError: The SQLite library is too old.
        DatabaseOpenError: The file is not a database, cannot be opened, or is on a network mount.
    """
    require_sqlite_version(apsw.SQLITE_VERSION_NUMBER)
    if path is not None:
        require_local_file_system(path, MOUNTS)
    try:
        with turn():
            forward_sqlite_log()
            connection = _connection(path, read_only=read_only, immutable=immutable)
            for setting in SETTINGS:
                setting(connection)
            set_synchronous(connection, durability)
    except apsw.NotADBError as error:
        raise DatabaseOpenError(f"{path} is not an SQLite database; {advice}", path=path) from error
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError) as error:
        raise DatabaseOpenError(
            f"cannot open {path}: {error}; check the path and its permissions", path=path
        ) from error
    return connection


def _connection(path: Path | None, *, read_only: bool, immutable: bool) -> Connection:
    if read_only:
        flags = apsw.SQLITE_OPEN_READONLY
    else:
        flags = apsw.SQLITE_OPEN_READWRITE
        if path is None:
            flags |= apsw.SQLITE_OPEN_CREATE
    if immutable and path is not None:
        name = path.absolute().as_uri() + "?immutable=1"
        return Connection(name, flags=flags | apsw.SQLITE_OPEN_URI)
    return Connection(":memory:" if path is None else str(path), flags=flags)


def require_sqlite_version(number: int) -> None:
    """Refuses an SQLite version that is known to lose data.

    Raises:
        DatabaseError: ``number`` (``SQLITE_VERSION_NUMBER``) is below 3.53.2.
    """
    if number < MIN_SQLITE:
        raise DatabaseError(
            f"SQLite must be at least 3.53.2, got {apsw.sqlite_lib_version()}; "
            "install a newer apsw: pip install --upgrade apsw"
        )


def require_local_file_system(
    path: Path,
    mounts: Path = MOUNTS,
    *,
    advice: str = "choose a path on a local disk with --db or AQE_DB",
) -> None:
    """Refuses a file on a network or shared mount, where WAL corrupts silently.

    https://sqlite.org/wal.html#overview

    Raises:
        DatabaseOpenError: ``path`` is on such a mount.
    """
    kind = file_system_of(path, mounts)
    if kind in NETWORK_FILE_SYSTEMS:
        raise DatabaseOpenError(
            f"{path} is on a {kind} mount, where several processes would corrupt it; {advice}",
            path=path,
        )


def file_system_of(path: Path, mounts: Path) -> str:
    """Returns the type of the file system that holds ``path``; empty if it is unknown."""
    if not mounts.is_file():  # not Linux
        return ""
    target = path.resolve()
    best, kind = -1, ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(fields[1].replace("\\040", " "))
        if len(point.parts) >= best and target.is_relative_to(point):
            best, kind = len(point.parts), fields[2]
    return kind


def retry_while_busy(take_lock: Callable[[], object], tuning: DatabaseTuning) -> None:
    """Takes a lock, trying again with a random pause until the deadline.

    Raises:
        apsw.BusyError: Others held it past the deadline.
    """
    deadline = time.monotonic() + tuning.write_deadline_s
    while True:
        try:
            take_lock()
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(*tuning.retry_pause_s))


def close_connection(connection: Connection, file: OpenFile | None) -> None:
    """Closes a connection; checkpoints and removes the WAL only if it belongs to the database.

    Args:
        file: The database file; None for an in-memory database.
    """
    if file is None or file.owns_log(connection):
        _tidy(connection)
        set_checkpoint_on_close(connection, True)
    connection.close()


def _tidy(connection: apsw.Connection) -> None:
    """Updates planner statistics and checkpoints, before a connection that wrote is closed.

    A single idle reader keeps the WAL from shrinking (41 MB was seen), so every close tries.

    https://sqlite.org/lang_analyze.html#periodically_run_pragma_optimize_
    https://sqlite.org/pragma.html#pragma_wal_checkpoint
    """
    if connection.in_transaction or not connection.total_changes():
        return
    try:
        connection.set_busy_timeout(TIDY_TIMEOUT_MS)
        connection.pragma("optimize")
        row = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        if row is not None and row[0]:
            _log.info("the write-ahead log is in use by others and stays %d pages long", row[1])
    except apsw.Error as error:  # acknowledged commits are in the WAL already
        _log.warning("the write-ahead log was not checkpointed: %s", error)


def shorten_log(connection: apsw.Connection) -> bool:
    """Checkpoints and truncates the WAL; returns whether that was possible.

    SQLite itself does so only at a moment without readers and writers: the WAL of four processes
    that wrote without a pause reached 196 MB in three minutes.

    https://sqlite.org/wal.html#avoiding_excessively_large_wal_files
    """
    deadline = time.monotonic() + SHORTEN_TIMEOUT_MS / 1000
    try:
        connection.set_busy_timeout(SHORTEN_TIMEOUT_MS)
        while True:
            row = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
            if row is None or not row[0]:
                return row is not None
            if time.monotonic() > deadline:
                return False
            # SQLite waits for readers and writers, but not for another connection's checkpoint.
            time.sleep(random.uniform(0.005, 0.05))
    except apsw.BusyError:
        return False
    except apsw.Error as error:  # acknowledged commits are in the WAL; the next write reports it
        _log.warning("the write-ahead log was not checkpointed: %s", error)
        return False
    finally:
        set_busy_timeout(connection)
