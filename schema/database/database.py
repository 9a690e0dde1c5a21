"""Opens a database file, keeps its connections and runs its transactions.

One connection for each thread, none across a fork. ``read`` and ``write`` open a transaction, end
it, and translate SQLite's errors into ours. A database without a path is in memory, behind a single
connection and a lock.

A signal handler may raise between any two steps, as Ctrl-C does. So a transaction begins inside the
``try`` that ends it, and its rollback is the first step of the ``finally``: CPython handles signals
only after a call, when a function starts and when a loop repeats.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Self, get_args

import apsw

from ..errors import ClosedError, DatabaseError, DatabaseReadOnlyError
from ..records.validation import require_one_of
from .connection import (
    Connection,
    close_connection,
    is_writable,
    needs_immutable,
    open_connection,
    retry_while_busy,
    shorten_log,
    shorten_long_log,
)
from .connection_settings import (
    Durability,
    has_vector_extension,
    set_checkpoint_on_close,
    set_journal_mode_wal,
    set_small_page_cache,
)
from .database_tuning import DEFAULT_TUNING, DatabaseTuning
from .file_identity import OpenFile
from .files.file_creation import prepare_file
from .files.foreign_file import refuse_foreign
from .files.private_file import real_path
from .fork_gate import turn
from .migrate import (
    Migration,
    MigrationReport,
    check_version,
    known_migrations,
    migrate,
    refuse_older,
)
from .sqlite_errors import READ_ONLY, label_of, raise_translated
from .weak_list import WeakList

__all__ = ["Database"]

# A new connection counts its data_version from the start again. After a fork, the child's versions
# must differ from the parent's; this exceeds the number of commits that one observer sees.
FORK_STEP = 1 << 40

_log = logging.getLogger("aqe.sqlite")


# Connections inherited by a fork are kept: closing one in the child could checkpoint the parent's.
_inherited: list[Connection] = []


class Database:
    """A database file, or one in memory when ``path`` is None.

    A file or folder that cannot be written is opened for reading.

    Args:
        path: The file. A new one is private to the user (0600). No folder is created but ``.aqe``.
        durability: ``full`` survives a power cut; ``normal`` survives the death of the process.
        create: Create the file if there is none. If False, it must be there already, and our
            tables are not added to those of another program.
        upgrade: Upgrade an older file to the current schema; if False, an older file is refused.
        migrations: The steps of the schema. Default: those of this version of aqe.
        tuning: Deadlines and sizes.

    Attributes:
        path: The absolute path, links followed; None in memory.
        read_only: Whether the file can only be read.
        has_vectors: Whether sqlite-vec is loaded; without it, searches use full text only.
        migration: The schema versions before and after opening the file.

    Raises:
        ValueError: ``durability`` is unknown.
        DatabaseError: The file cannot be opened, upgraded or used; see ``errors.py``.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        durability: Durability = "full",
        create: bool = True,
        upgrade: bool = True,
        migrations: Sequence[Migration] | None = None,
        tuning: DatabaseTuning = DEFAULT_TUNING,
    ) -> None:
        require_one_of("durability", durability, get_args(Durability))
        self.path = None if path is None else real_path(Path(path))
        self._durability = durability
        self._tuning = tuning
        self._local = threading.local()
        self._connections: WeakList[Connection] = WeakList()
        # The threads of an in-memory database share one connection.
        self._shared = threading.RLock() if self.path is None else nullcontext()
        self._memory: Connection | None = None
        self._observer: Connection | None = None
        self._file: OpenFile | None = None
        self._observer_lock = threading.Lock()
        self._forks = 0
        self._longest_log = tuning.long_log_bytes
        self._closed = False
        self.read_only = False
        self._immutable = False
        if self.path is not None:
            prepare_file(self.path, create=create)
            self.read_only = not is_writable(self.path)
            self._file = OpenFile(self.path)
        steps = known_migrations() if migrations is None else migrations
        _open_databases.add(self)
        started = time.monotonic()
        try:
            with turn():
                if self.path is not None:
                    refuse_foreign(self.path, steps, holds_bank=not create)
                    self._immutable = self.read_only and needs_immutable(self.path)
                self.migration = self._migrate(steps, upgrade=upgrade and not self.read_only)
                self.has_vectors = has_vector_extension(self.connection())
        except (apsw.Error, UnicodeDecodeError) as error:
            self.close()
            raise_translated(error, self.path, since=started)
        except BaseException:
            self.close()
            raise
        if not self.has_vectors:
            _log.warning(
                "sqlite-vec is missing or cannot be loaded: embeddings are stored, but searches use"
                " full text only; install it: pip install sqlite-vec"
            )

    def connection(self) -> Connection:
        """Returns this thread's connection, opened on first use.

        Raises:
            ClosedError: The database was closed.
            DatabaseError: The database cannot be opened.
            DatabaseMovedError: The file at the path is no longer the one that was opened.
        """
        if self._closed:
            raise ClosedError(f"{self.label} was closed; open it again", path=self.path)
        if self.path is None:
            if self._memory is None:
                self._memory = self._open()
            return self._memory
        existing: Connection | None = getattr(self._local, "connection", None)
        if existing is None:
            existing = self._local.connection = self._open()
        if self._file is not None:
            self._file.require_in_place()
        return existing

    @property
    def label(self) -> str:
        """The path as text, or ``:memory:``."""
        return label_of(self.path)

    @contextmanager
    def read(self, *, deadline_s: float | None = None) -> Iterator[apsw.Connection]:
        """Yields a connection on which every query sees the same state of the database.

        Args:
            deadline_s: Limit on the processor time of the queries. Default: the tuning's.

        Raises:
            DatabaseError: The database cannot be read, or the queries exceeded the limit.
        """
        limit_s = self._tuning.read_deadline_s if deadline_s is None else deadline_s
        with self._using() as connection:
            deadline = time.thread_time() + limit_s
            connection.set_progress_handler(
                lambda: time.thread_time() > deadline, self._tuning.progress_steps
            )
            connection.transaction = mine = object()
            try:
                connection.execute("begin")
                yield connection
            finally:
                if connection.transaction is mine:
                    if connection.in_transaction:
                        connection.execute("rollback")
                    connection.set_progress_handler(None)
                    connection.transaction = None

    @contextmanager
    def write(self) -> Iterator[apsw.Connection]:
        """Yields a connection inside one immediate transaction: all of it is committed, or nothing.

        Raises:
            DatabaseReadOnlyError: The file or its folder cannot be written.
            DatabaseBusyError: Others held the write lock past the deadline of ``DatabaseTuning``.
            DatabaseMovedError: The file at the path is no longer the one that was opened; what was
                to be written is not there.
            DatabaseError: The database cannot be written. An error of the commit itself leaves the
                outcome unknown, so a retry must be idempotent.
        """
        if self.read_only:
            raise DatabaseReadOnlyError(READ_ONLY.format(path=self.path), path=self.path)
        with self._using() as connection:
            if self._file is not None:
                self._file.require_whole_log(connection)
            connection.transaction = mine = object()
            try:
                retry_while_busy(partial(connection.execute, "begin immediate"), self._tuning)
                if self._file is not None:
                    self._file.require_side_files(connection)
                yield connection
                if connection.transaction is not mine:
                    raise DatabaseError(
                        f"{self.label}: another transaction of this thread ended this one; nothing"
                        " was stored",
                        path=self.path,
                    )
                connection.execute("commit")
            finally:
                if connection.transaction is mine:
                    if connection.in_transaction:
                        connection.execute("rollback")
                    connection.transaction = None
            if self._file is not None:  # before the caller says that it is stored
                self._file.require_in_place()
                self._file.require_side_files(connection)
                self._longest_log = shorten_long_log(connection, self._longest_log, self._tuning)

    @contextmanager
    def _using(self) -> Iterator[Connection]:
        """Yields this thread's connection without a transaction; translates SQLite's errors.

        A transaction is still open here only if a signal interrupted its end.

        Raises:
            DatabaseError: The database cannot be opened or used.
        """
        with turn(), self._shared:
            started = time.monotonic()
            try:
                connection = self.connection()
                if connection.transaction is not None:
                    if connection.in_transaction:
                        connection.execute("rollback")
                    connection.set_progress_handler(None)
                    connection.transaction = None
                yield connection
            except (apsw.Error, UnicodeDecodeError) as error:
                raise_translated(error, self.path, since=started)

    def content_version(self) -> int:
        """Returns a number that changes with any commit of any thread or process.

        SQLite's ``data_version`` moves on a connection when another one commits
        (https://sqlite.org/pragma.html#pragma_data_version), so one connection is kept that never
        writes. An in-memory database has a single connection, whose own changes count.

        Raises:
            DatabaseError: The database was closed, or cannot be read.
        """
        with turn(), self._observer_lock:
            started = time.monotonic()
            try:
                connection = self.connection()  # refuses a closed database
                if self.path is None:
                    return connection.total_changes()
                if self._observer is None:
                    self._observer = self._open()
                version: int = self._observer.pragma("data_version")
                return version + self._forks * FORK_STEP
            except (apsw.Error, UnicodeDecodeError) as error:
                raise_translated(error, self.path, since=started)

    @staticmethod
    def sqlite_memory_bytes() -> int:
        """Returns the bytes that SQLite holds in this process, for all databases."""
        return apsw.memory_used()

    def truncate_wal(self) -> bool:
        """Checkpoints and truncates the WAL; returns whether it is now empty.

        Deleted content is overwritten in the file, but stays in the WAL until this is done. Other
        readers and writers can prevent it.

        Raises:
            DatabaseError: The database was closed, or cannot be opened.
        """
        with turn():
            return self.path is None or shorten_log(self.connection())

    def erase_free_space(self) -> bool:
        """Rewrites the file without what was deleted; returns whether the WAL is empty as well.

        Secure deletion overwrites what is deleted, but not the copies that SQLite leaves in the
        free space of a page when it moves rows to another one. Needs the size of the file again.

        https://sqlite.org/lang_vacuum.html

        Raises:
            DatabaseBusyError: Others held the write lock past the deadline of ``DatabaseTuning``.
            DatabaseError: The file cannot be written.
        """
        with self._using() as connection:
            retry_while_busy(partial(connection.execute, "vacuum"), self._tuning)
        return self.truncate_wal()

    def release(self) -> None:
        """Closes this thread's connection; call it before a thread ends.

        Otherwise the connection is dropped without a checkpoint. The next use opens another.
        """
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            self._connections.discard(connection)
            with turn():
                close_connection(connection, self._file)

    def close(self) -> None:
        """Closes every thread's connection; idempotent, also after an interrupt."""
        self._closed = True
        for connection in self._connections:
            self._connections.discard(connection)
            with turn():
                close_connection(connection, self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> Connection:
        connection = open_connection(
            self.path,
            durability=self._durability,
            read_only=self.read_only,
            immutable=self._immutable,
        )
        self._connections.add(connection)
        set_checkpoint_on_close(connection, False)
        if self._file is not None and not self.read_only:
            self._file.note_side_files(connection)
        if len(self._connections) > self._tuning.roomy_connections:
            set_small_page_cache(connection)
        return connection

    def _migrate(self, steps: Sequence[Migration], *, upgrade: bool) -> MigrationReport:
        connection = self.connection()
        version = check_version(connection, steps, self.path)  # before anything is written
        if not upgrade:
            refuse_older(version, steps, self.path)
            return MigrationReport(version, version)
        # Not all of it waits by itself.
        retry_while_busy(partial(set_journal_mode_wal, connection), self._tuning)
        return migrate(connection, path=self.path, transaction=self.write, steps=steps)

    def _forget_inherited(self) -> None:
        """After a fork, sets the parent's connections aside in the child, which opens its own."""
        _inherited.extend(self._connections)
        self._connections = WeakList()
        self._local = threading.local()
        self._observer = None
        self._forks += 1


_open_databases: WeakList[Database] = WeakList()


def _after_fork_in_child() -> None:
    for database in _open_databases:
        database._forget_inherited()


def _close_at_exit() -> None:
    for database in _open_databases:
        database.close()


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_close_at_exit)
