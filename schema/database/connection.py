"""Opens one SQLite connection with the settings that the promises of aqe rest on.

Each setting is a small function of its own that says why; ``SETTINGS`` is their order, which
matters (the busy timeout first, defensive mode after the extension is loaded).
"""

from __future__ import annotations

import importlib.util
import logging
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import apsw

from ..errors import DatabaseError, DatabaseOpenError

__all__ = [
    "APPLICATION_ID",
    "Durability",
    "load_vector_extension",
    "open_connection",
    "tidy",
    "use_small_page_cache",
]

Durability = Literal["full", "normal"]

# "aqe1" in ASCII: marks a file as ours, so that a foreign one is refused.
APPLICATION_ID = 0x61716531
# Before 3.53.2: the WAL-reset race loses commits (fixed 3.51.3), FTS5 heap overflow CVE-2026-11824.
MIN_SQLITE = 3_053_002
BUSY_TIMEOUT_MS = 5_000
# Closing does not wait for readers: their own closing will put the log into the file.
TIDY_TIMEOUT_MS = 100
# Long enough for writers to finish what they do; a reader that stays longer is not waited for.
SHORTEN_TIMEOUT_MS = 1_500
PAGE_CACHE_KIB = 4_000
SMALL_PAGE_CACHE_KIB = 1_000
JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024
# 8 MB of log. Storing one pattern writes about 60 pages, so with SQLite's 1,000 one store in 17
# waited for a checkpoint: p95 12 ms at 100,000 patterns, 3.5 with 2,000 (bench/results/latency.md).
CHECKPOINT_PAGES = 2_000
LENGTH_LIMIT_BYTES = 16 * 1024 * 1024
SQL_LENGTH_LIMIT_BYTES = 1024 * 1024
EXPRESSION_DEPTH_LIMIT = 100
# One is needed: VACUUM INTO attaches its target.
ATTACHED_LIMIT = 1

# WAL keeps its index in memory that all processes share; two kernels cannot share it.
NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.grpcfuse", "fuse.osxfs", "fuse.sshfs", "nfs", "nfs4"}
    | {"smb3", "smbfs", "virtiofs", "vboxsf"}
)

_log = logging.getLogger("aqe.sqlite")


def open_connection(
    path: Path | None,
    *,
    durability: Durability = "full",
    read_only: bool = False,
    immutable: bool = False,
) -> apsw.Connection:
    """Returns a configured connection to the file at ``path``, or to a private memory database.

    Args:
        immutable: Nobody can change the file while it is open, as on read-only media: it is read
            without locks, and without its log.

    Raises:
        DatabaseOpenError: The file is no database, cannot be opened, or lies on a network mount.
    """
    require_sqlite_version(apsw.SQLITE_VERSION_NUMBER)
    if path is not None:
        require_local_file_system(path, Path("/proc/self/mounts"))
    flags = (
        apsw.SQLITE_OPEN_READONLY
        if read_only
        else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    )
    try:
        if immutable and path is not None:
            name = path.absolute().as_uri() + "?immutable=1"
            connection = apsw.Connection(name, flags=flags | apsw.SQLITE_OPEN_URI)
        else:
            connection = apsw.Connection(":memory:" if path is None else str(path), flags=flags)
        for setting in SETTINGS:
            setting(connection)
        set_synchronous(connection, durability)
    except apsw.NotADBError as error:
        raise DatabaseOpenError(
            f"{path} is not an SQLite database; give another path with --db"
        ) from error
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError) as error:
        raise DatabaseOpenError(
            f"cannot open {path}: {error}; check the path and its permissions"
        ) from error
    return connection


def require_sqlite_version(number: int) -> None:
    """Refuses an SQLite with known data loss."""
    if number < MIN_SQLITE:
        raise DatabaseError(
            f"SQLite must be at least 3.53.2, got {apsw.sqlite_lib_version()}; "
            "install a newer apsw: pip install --upgrade apsw"
        )


def require_local_file_system(path: Path, mounts: Path) -> None:
    """Refuses a file on a network or shared mount, where WAL corrupts silently."""
    kind = file_system_of(path, mounts)
    if kind in NETWORK_FILE_SYSTEMS:
        raise DatabaseOpenError(
            f"{path} lies on a {kind} mount, where several processes would corrupt it; "
            "choose a path on a local disk with --db or AQE_DB"
        )


def file_system_of(path: Path, mounts: Path) -> str:
    """Returns the type of the file system that holds ``path``; empty when it cannot be told."""
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


def set_busy_timeout(connection: apsw.Connection) -> None:
    """Waits for locks instead of failing at once; switching to WAL and recovery need locks too."""
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)


def set_foreign_keys(connection: apsw.Connection) -> None:
    """Enforces references; SQLite leaves them off by default."""
    connection.pragma("foreign_keys", True)


def set_recursive_triggers(connection: apsw.Connection) -> None:
    """Makes a REPLACE fire delete triggers; without it an index is silently left with ghosts."""
    connection.pragma("recursive_triggers", True)


def set_strict_quoting(connection: apsw.Connection) -> None:
    """Makes a misspelt "column" an error instead of a text."""
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)


def set_untrusted_schema(connection: apsw.Connection) -> None:
    """Keeps the schema of a shared file from calling functions with side effects."""
    connection.pragma("trusted_schema", False)


def set_cell_size_check(connection: apsw.Connection) -> None:
    """Finds some corruption when a page is read instead of later."""
    connection.pragma("cell_size_check", True)


def load_vector_extension(connection: apsw.Connection) -> None:
    """Loads sqlite-vec and closes the door again; SQL itself can never load an extension.

    The library file is found without importing the package, which costs 0.15 s.
    A machine without it goes on: ``has_vector_extension`` tells, and ``Database`` warns once.
    """
    package = importlib.util.find_spec("sqlite_vec")
    if package is None or package.origin is None:
        return
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1)
    try:
        connection.load_extension(str(Path(package.origin).with_name("vec0")))
    except apsw.ExtensionLoadingError as error:
        _log.info("sqlite-vec cannot be loaded: %s", error)
    finally:
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)


def set_defensive(connection: apsw.Connection) -> None:
    """Blocks writes to the shadow tables of the indexes; after the extension has named its own."""
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)


def set_memory_use(connection: apsw.Connection) -> None:
    """Keeps plain text out of temporary files, and I/O errors from becoming SIGBUS.

    Each connection, that is each thread, holds up to 4 MB of pages: 9 % off a look-up among 100,000
    patterns against SQLite's own 2 MB, as much as 8 or 16 MB gave (bench/results/latency.md).
    """
    connection.pragma("temp_store", "memory")
    connection.pragma("mmap_size", 0)
    connection.pragma("cache_size", -PAGE_CACHE_KIB)


def use_small_page_cache(connection: apsw.Connection) -> None:
    """Holds up to 1 MB of pages, for one of many connections to the same file."""
    connection.pragma("cache_size", -SMALL_PAGE_CACHE_KIB)


def set_limits(connection: apsw.Connection) -> None:
    """Bounds what one statement or value may take."""
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, LENGTH_LIMIT_BYTES)
    connection.limit(apsw.SQLITE_LIMIT_SQL_LENGTH, SQL_LENGTH_LIMIT_BYTES)
    connection.limit(apsw.SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH_LIMIT)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, ATTACHED_LIMIT)


def set_journal_size_limit(connection: apsw.Connection) -> None:
    """Lets the WAL file shrink after a burst of writes."""
    connection.pragma("journal_size_limit", JOURNAL_SIZE_LIMIT_BYTES)


def set_checkpoint_interval(connection: apsw.Connection) -> None:
    """Puts the log into the file less often, so that fewer writers wait for it."""
    connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)


def set_secure_delete(connection: apsw.Connection) -> None:
    """Overwrites deleted content, since a deleted pattern may have held a secret."""
    connection.pragma("secure_delete", True)


def set_synchronous(connection: apsw.Connection, durability: Durability) -> None:
    """FULL survives a power cut; NORMAL survives the death of the process, 20 times cheaper."""
    connection.pragma("synchronous", "FULL" if durability == "full" else "NORMAL")


def set_journal_mode_wal(connection: apsw.Connection) -> None:
    """Lets readers go on while one writes. Not in SETTINGS: it writes, so the version comes first.

    Raises:
        DatabaseOpenError: SQLite kept another mode, as on a file system without shared memory.
    """
    mode = connection.pragma("journal_mode", "wal")
    if mode not in ("wal", "memory"):
        raise DatabaseOpenError(
            f"journal_mode must be wal, got {mode}; move the database to a local disk"
        )


def tidy(connection: apsw.Connection) -> None:
    """Before closing a connection that wrote: planner statistics, and the log put into the file.

    One idle reader keeps the log from shrinking (seen: 41 MB), so whoever closes tries.
    """
    if connection.in_transaction or not connection.total_changes():
        return
    try:
        connection.set_busy_timeout(TIDY_TIMEOUT_MS)
        connection.pragma("optimize")
        row = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        if row is not None and row[0]:
            _log.info("the write-ahead log is in use by others and stays %d pages long", row[1])
    except apsw.Error as error:  # what was acknowledged is in the log already
        _log.warning("the write-ahead log was not put into the file: %s", error)


def shorten_log(connection: apsw.Connection) -> bool:
    """Puts the log into the file and starts it anew; returns whether nobody stood in the way.

    SQLite does so by itself only in a moment without readers and writers: four processes that
    wrote without a pause had a log of 196 MB after three minutes.
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
    except apsw.Error as error:  # what was acknowledged is in the log; the next write meets this
        _log.warning("the write-ahead log was not put into the file: %s", error)
        return False
    finally:
        set_busy_timeout(connection)


SETTINGS: tuple[Callable[[apsw.Connection], None], ...] = (
    set_busy_timeout,
    set_foreign_keys,
    set_recursive_triggers,
    set_strict_quoting,
    set_untrusted_schema,
    load_vector_extension,
    set_defensive,
    set_cell_size_check,
    set_memory_use,
    set_limits,
    set_journal_size_limit,
    set_checkpoint_interval,
    set_secure_delete,
)


def has_vector_extension(connection: apsw.Connection) -> bool:
    """Returns whether sqlite-vec is loaded on this connection."""
    return bool(
        connection.execute("select 1 from pragma_module_list where name = 'vec0'").get is not None
    )


def ran_full(since: float) -> bool:
    """Returns whether SQLite ran out of room in this thread since then (``time.monotonic``).

    Extensions such as sqlite-vec report any error of theirs as a plain one; SQLite's log has it.
    """
    return getattr(_thread, "full_at", 0.0) >= since


_thread = threading.local()


def _log_sqlite_message(code: int, message: str) -> None:
    if code & 0xFF == apsw.SQLITE_FULL:
        _thread.full_at = time.monotonic()
    _log.info("%s (code %d)", message, code)


def _forward_sqlite_log() -> None:
    """Sends SQLite's own log to ``logging``: the only trace of recovered or damaged content."""
    try:
        apsw.config(apsw.SQLITE_CONFIG_LOG, _log_sqlite_message)
    except apsw.MisuseError:  # SQLite was already in use in this process; its log stays as it was
        _log.debug("SQLite was initialised before aqe; its log is not forwarded")


_forward_sqlite_log()
