"""Sets up a connection: one function for each setting that the promises of aqe rest on.

Each says why, and links the page that explains the setting. ``SETTINGS`` is their order, which
matters: the busy timeout first, defensive mode after the extension is loaded.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import apsw

from ..errors import DatabaseOpenError

__all__ = [
    "SETTINGS",
    "Durability",
    "has_vector_extension",
    "load_vector_extension",
    "set_busy_timeout",
    "set_checkpoint_on_close",
    "set_journal_mode_wal",
    "set_small_page_cache",
    "set_synchronous",
]

Durability = Literal["full", "normal"]

BUSY_TIMEOUT_MS = 5_000
PAGE_CACHE_KIB = 4_000
SMALL_PAGE_CACHE_KIB = 1_000
JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024
# 8 MB of WAL. Storing a pattern writes about 60 pages, so with SQLite's default of 1,000 one store
# in 17 waited for a checkpoint: p95 was 12 ms at 100,000 patterns; with 2,000 it is 3.5 ms
# (bench/results/latency.md).
CHECKPOINT_PAGES = 2_000
LENGTH_LIMIT_BYTES = 16 * 1024 * 1024
SQL_LENGTH_LIMIT_BYTES = 1024 * 1024
EXPRESSION_DEPTH_LIMIT = 100
# Needed for VACUUM INTO, which attaches its target.
ATTACHED_LIMIT = 1

_log = logging.getLogger("aqe.sqlite")


def set_busy_timeout(connection: apsw.Connection) -> None:
    """Waits for locks instead of failing at once; switching to WAL and recovery need locks too.

    https://sqlite.org/c3ref/busy_timeout.html
    """
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)


def set_foreign_keys(connection: apsw.Connection) -> None:
    """Enforces references; SQLite leaves them off by default.

    https://sqlite.org/foreignkeys.html#fk_enable
    """
    connection.pragma("foreign_keys", True)


def set_recursive_triggers(connection: apsw.Connection) -> None:
    """Makes a REPLACE fire delete triggers; without them an index silently keeps deleted rows.

    https://sqlite.org/pragma.html#pragma_recursive_triggers
    """
    connection.pragma("recursive_triggers", True)


def set_strict_quoting(connection: apsw.Connection) -> None:
    """Makes a misspelt "column" an error instead of a text.

    https://sqlite.org/quirks.html#double_quoted_string_literals_are_accepted
    """
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)


def set_untrusted_schema(connection: apsw.Connection) -> None:
    """Keeps the schema of a shared file from calling functions with side effects.

    https://sqlite.org/pragma.html#pragma_trusted_schema
    """
    connection.pragma("trusted_schema", False)


def load_vector_extension(connection: apsw.Connection) -> None:
    """Loads sqlite-vec; SQL itself can never load an extension.

    Finds the library without importing its package, which takes 0.15 s. If it is missing, the
    connection works without it (see ``has_vector_extension``), and ``Database`` warns once.

    https://sqlite.org/loadext.html
    https://sqlite.org/c3ref/c_dbconfig_defensive.html#sqlitedbconfigenableloadextension
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


def has_vector_extension(connection: apsw.Connection) -> bool:
    """Returns whether sqlite-vec is loaded on this connection."""
    return bool(
        connection.execute("select 1 from pragma_module_list where name = 'vec0'").get is not None
    )


def set_defensive(connection: apsw.Connection) -> None:
    """Blocks writes to shadow tables of indexes; set after the extension has declared its own.

    https://sqlite.org/c3ref/c_dbconfig_defensive.html#sqlitedbconfigdefensive
    """
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)


def set_cell_size_check(connection: apsw.Connection) -> None:
    """Detects some corruption as soon as a page is read.

    https://sqlite.org/pragma.html#pragma_cell_size_check
    """
    connection.pragma("cell_size_check", True)


def set_temp_store(connection: apsw.Connection) -> None:
    """Keeps stored text out of temporary files.

    https://sqlite.org/pragma.html#pragma_temp_store
    """
    connection.pragma("temp_store", "memory")


def set_no_memory_map(connection: apsw.Connection) -> None:
    """Makes an I/O error fail the query instead of killing the process with SIGBUS.

    https://sqlite.org/mmap.html
    """
    connection.pragma("mmap_size", 0)


def set_page_cache(connection: apsw.Connection) -> None:
    """Caches up to 4 MB of pages per connection, that is per thread.

    Compared with SQLite's default of 2 MB, a lookup among 100,000 patterns takes 9 % less time;
    8 or 16 MB save no more (bench/results/latency.md).

    https://sqlite.org/pragma.html#pragma_cache_size
    """
    connection.pragma("cache_size", -PAGE_CACHE_KIB)


def set_small_page_cache(connection: apsw.Connection) -> None:
    """Caches up to 1 MB of pages, for one of many connections to the same file.

    Not in ``SETTINGS``: it depends on how many connections are open.

    https://sqlite.org/pragma.html#pragma_cache_size
    """
    connection.pragma("cache_size", -SMALL_PAGE_CACHE_KIB)


def set_limits(connection: apsw.Connection) -> None:
    """Bounds the size of statements and values.

    https://sqlite.org/limits.html
    https://sqlite.org/c3ref/limit.html
    """
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, LENGTH_LIMIT_BYTES)
    connection.limit(apsw.SQLITE_LIMIT_SQL_LENGTH, SQL_LENGTH_LIMIT_BYTES)
    connection.limit(apsw.SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH_LIMIT)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, ATTACHED_LIMIT)


def set_journal_size_limit(connection: apsw.Connection) -> None:
    """Lets the WAL file shrink after a burst of writes.

    https://sqlite.org/pragma.html#pragma_journal_size_limit
    """
    connection.pragma("journal_size_limit", JOURNAL_SIZE_LIMIT_BYTES)


def set_checkpoint_interval(connection: apsw.Connection) -> None:
    """Checkpoints less often, so that fewer writers wait for it.

    https://sqlite.org/wal.html#automatic_checkpoint
    """
    connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)


def set_secure_delete(connection: apsw.Connection) -> None:
    """Overwrites deleted content, since a deleted pattern may have contained a secret.

    https://sqlite.org/pragma.html#pragma_secure_delete
    """
    connection.pragma("secure_delete", True)


SETTINGS: tuple[Callable[[apsw.Connection], None], ...] = (
    set_busy_timeout,
    set_foreign_keys,
    set_recursive_triggers,
    set_strict_quoting,
    set_untrusted_schema,
    load_vector_extension,
    set_defensive,
    set_cell_size_check,
    set_temp_store,
    set_no_memory_map,
    set_page_cache,
    set_limits,
    set_journal_size_limit,
    set_checkpoint_interval,
    set_secure_delete,
)


def set_checkpoint_on_close(connection: apsw.Connection, enabled: bool) -> None:
    """Lets the last connection that is closed checkpoint and remove the WAL, or keep it.

    SQLite removes the WAL by its name, which belongs to another file once the database was
    replaced. So a connection that is dropped keeps it; ``close_connection`` looks first.

    https://sqlite.org/c3ref/c_dbconfig_defensive.html#sqlitedbconfignockptonclose
    """
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(not enabled))


def set_synchronous(connection: apsw.Connection, durability: Durability) -> None:
    """FULL survives a power cut; NORMAL survives the death of the process, 20 times cheaper.

    https://sqlite.org/pragma.html#pragma_synchronous
    """
    connection.pragma("synchronous", "FULL" if durability == "full" else "NORMAL")


def set_journal_mode_wal(connection: apsw.Connection) -> None:
    """Lets readers continue while one connection writes.

    Not in ``SETTINGS``: it writes to the file, so the schema version is checked first.

    https://sqlite.org/wal.html

    Raises:
        DatabaseOpenError: SQLite kept another mode, as on a file system without shared memory.
    """
    mode = connection.pragma("journal_mode", "wal")
    if mode not in ("wal", "memory"):
        name = connection.db_filename("main")
        raise DatabaseOpenError(
            f"journal_mode must be wal, got {mode}; move the database to a local disk",
            path=Path(name) if name else None,
        )
