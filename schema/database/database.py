"""The one opener: a database file, its connections and its transactions.

One connection a thread, none across a fork. Reading and writing go through ``read`` and ``write``,
which translate SQLite's errors into ours and close what they opened. A database without a path
lives in memory behind a single connection and a lock.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import apsw

from ..errors import DatabaseError, DatabaseOpenError, DatabaseReadOnlyError, SchemaVersionError
from .connection import (
    Durability,
    has_vector_extension,
    open_connection,
    set_journal_mode_wal,
    shorten_log,
    tidy,
    use_small_page_cache,
)
from .migrate import MigrationReport, check_version, known_migrations, migrate
from .sqlite_errors import READ_ONLY, translated

__all__ = ["Database"]

# SQLite's own queue of waiting writers is unfair: 9.7 s was seen with a timeout of 5 s
# (RELIABILITY finding 4), so a whole transaction is tried again until this deadline.
WRITE_DEADLINE_S = 30.0
RETRY_PAUSE_S = (0.01, 0.25)
# A crafted file or query must not hang an agent (RELIABILITY 1.1, row 20). Of the thread's own
# processor time: where many take turns on few processors, a good query may wait long for its own.
READ_DEADLINE_S = 5.0
PROGRESS_STEPS = 50_000
# The smallest page: SQLite takes a shorter file for an empty one, and would overwrite it. Larger
# ones are left to SQLite, since reading the file here would drop this process's locks on it.
MIN_FILE_BYTES = 512
# A new connection counts its data_version from the start again: after a fork, what was seen through
# the parent's observer must not look fresh. More commits than any one observer sees.
FORK_STEP = 1 << 40
# Half of what RELIABILITY row 4 allows; after a vain attempt the next waits for some growth.
LONG_LOG_BYTES = 32 * 1024 * 1024
LOG_STEP_BYTES = 8 * 1024 * 1024
# Of a file that many threads of a process use, the later connections hold fewer pages, so that 18
# threads take 38 MB instead of 78 of the 100 that caches may take (bench/results/memory.md).
ROOMY_CONNECTIONS = 6

_log = logging.getLogger("aqe.sqlite")


# Connections inherited through a fork: closing one in the child could checkpoint under the parent.
_inherited: list[apsw.Connection] = []


class Database:
    """A database file, or one in memory when ``path`` is None.

    Args:
        path: The file. Missing folders are made, private to the user (0700, the file 0600).
        durability: ``full`` survives a power cut; ``normal`` survives the death of the process.
        must_exist: Refuse to create the file.
        upgrade: Bring an older file to this version's schema; without it, one is refused.

    A file or folder that cannot be written is opened for reading; ``read_only`` tells.

    Raises:
        DatabaseError: The file cannot be opened, upgraded or used; see ``errors.py``.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        durability: Durability = "full",
        must_exist: bool = False,
        upgrade: bool = True,
    ) -> None:
        self.path = None if path is None else Path(os.path.abspath(path))
        self._durability = durability
        self._local = threading.local()
        self._connections: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._memory_lock = threading.RLock()
        self._memory: apsw.Connection | None = None
        self._observer: apsw.Connection | None = None
        self._observer_lock = threading.Lock()
        self._forks = 0
        self._longest_log = LONG_LOG_BYTES
        self._closed = False
        self.read_only = False
        self._immutable = False
        if self.path is not None:
            _prepare_file(self.path, must_exist=must_exist)
            self.read_only = not _is_writable(self.path)
        _open_databases.add(self)
        with translated(self.label):
            if self.path is not None and self.read_only:
                self._immutable = _needs_immutable(self.path)
            self.migration: MigrationReport = self._migrate(upgrade=upgrade and not self.read_only)
            self.has_vectors = has_vector_extension(self.connection())
        if not self.has_vectors:
            _log.warning(
                "sqlite-vec is missing or cannot be loaded: embeddings are kept but searches go by"
                " words alone; install it: pip install sqlite-vec"
            )

    def connection(self) -> apsw.Connection:
        """Returns this thread's connection, opened on first use.

        Raises:
            DatabaseError: The database was closed, or cannot be opened.
        """
        if self._closed:
            raise DatabaseError(f"{self.label} was closed; open it again")
        if self.path is None:
            if self._memory is None:
                self._memory = self._open()
            return self._memory
        existing: apsw.Connection | None = getattr(self._local, "connection", None)
        if existing is None:
            existing = self._local.connection = self._open()
        return existing

    @property
    def label(self) -> str:
        """The path as text, or ``:memory:``."""
        return ":memory:" if self.path is None else str(self.path)

    @contextmanager
    def read(self, *, deadline_s: float = READ_DEADLINE_S) -> Iterator[apsw.Connection]:
        """Gives a connection on which every query sees the same state of the database.

        Raises:
            DatabaseError: The database cannot be read, or the queries took more processor time than
                ``deadline_s``.
        """
        with self._exclusive(), translated(self.label):
            connection = self.connection()
            _set_deadline(connection, deadline_s)
            connection.execute("begin")
            try:
                yield connection
            finally:
                connection.set_progress_handler(None)
                if connection.in_transaction:
                    connection.execute("rollback")

    @contextmanager
    def write(self) -> Iterator[apsw.Connection]:
        """Gives a connection inside one immediate transaction: all of it is committed, or nothing.

        Raises:
            DatabaseError: The database cannot be written. An error of the commit itself leaves the
                outcome unknown: what is tried again must be idempotent.
        """
        if self.read_only:
            raise DatabaseReadOnlyError(READ_ONLY.format(path=self.label))
        with self._exclusive(), translated(self.label):
            connection = self.connection()
            _retried(lambda: connection.execute("begin immediate"))
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise
            self._shorten_log(connection)

    def content_version(self) -> int:
        """Returns a number that is another one after any commit of any thread or process.

        SQLite's ``data_version`` moves on a connection when another one commits, so one is kept
        that never writes. In memory there is a single connection, whose own changes count.
        """
        with self._observer_lock, translated(self.label):
            connection = self.connection()  # refuses a closed database
            if self.path is None:
                return connection.total_changes()
            if self._observer is None:
                self._observer = self._open()
            version: int = self._observer.pragma("data_version")
            return version + self._forks * FORK_STEP

    @staticmethod
    def sqlite_memory_bytes() -> int:
        """Returns the bytes that SQLite holds in this process, for all databases."""
        return apsw.memory_used()

    def truncate_wal(self) -> bool:
        """Moves the whole write-ahead log into the file; returns whether the log is now empty.

        Deleted content is overwritten in the file, but stays in the log until this is done. Other
        readers and writers can prevent it.

        Raises:
            DatabaseError: The database was closed, or cannot be opened.
        """
        return self.path is None or shorten_log(self.connection())

    def release(self) -> None:
        """Closes this thread's connection, as a thread does that ends; the next use opens another.

        Without it, what closing is for (``tidy``) is left out when the thread's own data goes.
        """
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            self._connections.discard(connection)
            tidy(connection)
            connection.close()

    def close(self) -> None:
        """Closes every thread's connection; idempotent."""
        if self._closed:
            return
        self._closed = True
        for connection in list(self._connections):
            tidy(connection)
            connection.close()
        self._connections.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self) -> apsw.Connection:
        connection = open_connection(
            self.path,
            durability=self._durability,
            read_only=self.read_only,
            immutable=self._immutable,
        )
        self._connections.add(connection)
        if len(self._connections) > ROOMY_CONNECTIONS:
            use_small_page_cache(connection)
        return connection

    def _shorten_log(self, connection: apsw.Connection) -> None:
        """After a commit: starts the log anew when it has grown long, unless others are in the way.

        The size is asked of the folder; opening the log would drop this process's locks on it.
        """
        if self.path is None:
            return
        try:
            size = os.stat(f"{self.path}-wal").st_size
        except OSError:  # there is none
            return
        if size < self._longest_log:
            return
        done = shorten_log(connection)
        self._longest_log = LONG_LOG_BYTES if done else size + LOG_STEP_BYTES

    def _migrate(self, *, upgrade: bool) -> MigrationReport:
        connection = self.connection()
        steps = known_migrations()
        version = check_version(connection, steps, self.path)  # before anything is written
        if not upgrade:
            if version < steps[-1].version:
                raise SchemaVersionError(
                    f"{self.path} has schema version {version}, this aqe needs {steps[-1].version}:"
                    " upgrade it, or a writable copy of it, with: aqe db migrate"
                )
            return MigrationReport(version, version)
        _retried(lambda: set_journal_mode_wal(connection))  # not all of it waits by itself
        return migrate(connection, path=self.path, transaction=self.write)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Holds the lock of a database in memory, whose threads share one connection."""
        if self.path is not None:
            yield
            return
        with self._memory_lock:
            yield

    def _forget_inherited(self) -> None:
        """In a child after a fork: keeps the parent's connections unused, opens its own."""
        _inherited.extend(self._connections)
        self._connections = weakref.WeakSet()
        self._local = threading.local()
        self._memory_lock = threading.RLock()
        self._observer = None
        self._observer_lock = threading.Lock()
        self._forks += 1


_open_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for database in list(_open_databases):
        database._forget_inherited()


os.register_at_fork(after_in_child=_after_fork_in_child)


def _prepare_file(path: Path, *, must_exist: bool) -> None:
    """Makes the folder and the empty file, readable by their owner alone."""
    try:
        if path.is_dir():
            raise DatabaseOpenError(f"{path} is a folder; give the path of a file")
        if path.exists():
            if 0 < path.stat().st_size < MIN_FILE_BYTES:
                raise DatabaseOpenError(
                    f"{path} is not an SQLite database; give another path with --db"
                )
            return
        if must_exist:
            raise DatabaseOpenError(f"no database at {path}; check the path, or store a pattern")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseOpenError(f"cannot create {path}: {error.strerror}") from error


def _is_writable(path: Path) -> bool:
    """Returns whether SQLite can write here: the file, and its log, which stands beside it."""
    if not os.access(path, os.W_OK):
        return False
    if os.access(path.parent, os.W_OK):
        return True
    return all(path.with_name(path.name + end).exists() for end in ("-wal", "-shm"))


def _needs_immutable(path: Path) -> bool:
    """Returns whether a read-only file can be read only as one that nobody changes.

    Reading beside writers takes shared memory in the same folder. Where it cannot be made, nobody
    on this machine writes either, but a log that was left behind could not be read.

    Raises:
        DatabaseOpenError: Such a log holds changes.
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
        f"{path} is read-only and {log.name} beside it holds changes that cannot be read there;"
        " copy both to a writable folder and give that copy with --db"
    )


def _retried(take_lock: Callable[[], object]) -> None:
    """Takes a lock, trying again with a random pause until the deadline."""
    deadline = time.monotonic() + WRITE_DEADLINE_S
    while True:
        try:
            take_lock()
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(*RETRY_PAUSE_S))


def _set_deadline(connection: apsw.Connection, deadline_s: float) -> None:
    deadline = time.thread_time() + deadline_s
    connection.set_progress_handler(lambda: time.thread_time() > deadline, PROGRESS_STEPS)
