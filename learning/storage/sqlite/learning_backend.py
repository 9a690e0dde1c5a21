"""Stores what was learned in an SQLite database: the default backend.

``SQLiteLearningTransaction`` combines one class for each group of tables, with its queries next to
the methods that run them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import apsw

from ....schema import Database
from ....schema.database.fork_gate import turn
from .cycle_tables import CycleTables
from .daily_table import DailyTable
from .experience_append import ExperienceAppend
from .experience_table import ExperienceTable
from .history_recount import HistoryRecount
from .record_tables import RecordTables

__all__ = ["SQLiteLearningBackend", "SQLiteLearningTransaction"]

# An export may read every row; the queries of an agent may not take that long.
LONG_DEADLINE_S = 600.0


class SQLiteLearningTransaction(
    ExperienceAppend,
    ExperienceTable,
    HistoryRecount,
    RecordTables,
    DailyTable,
    CycleTables,
):
    """Everything that was learned, as one open transaction of a connection sees it.

    Args:
        connection: Inside a transaction, which the caller ends.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection


class SQLiteLearningBackend:
    """Learning in an SQLite database; see ``LearningBackend``.

    Opened on first use. After ``close`` the next use opens the database again.

    Args:
        database: An open database, the path of one, or None for an in-memory one. A database
            opened here has durability ``normal``: commits survive kill -9, but not a power cut.
    """

    def __init__(self, database: Database | str | Path | None = None) -> None:
        self._source = database
        self._opened = database if isinstance(database, Database) else None
        self._opening = threading.Lock()

    @property
    def database(self) -> Database:
        """The database, opened if it was not yet.

        Raises:
            DatabaseError: The database cannot be opened.
        """
        opened = self._opened
        if opened is None:
            with turn(), self._opening:  # two threads must not open two databases in memory
                opened = self._opened
                if opened is None:
                    opened = self._opened = _open(self._source)
        return opened

    @property
    def label(self) -> str:
        """The path as text, or ``:memory:``."""
        return self.database.label

    @contextmanager
    def reading(self, *, long: bool = False) -> Iterator[SQLiteLearningTransaction]:
        """Opens a reading transaction.

        Args:
            long: Allow 600 s of processor time instead of 5.

        Yields:
            One state of everything that was learned.

        Raises:
            DatabaseError: The database cannot be opened or read.
        """
        deadline = {"deadline_s": LONG_DEADLINE_S} if long else {}
        with self.database.read(**deadline) as connection:
            yield SQLiteLearningTransaction(connection)

    @contextmanager
    def writing(self) -> Iterator[SQLiteLearningTransaction]:
        """Opens an immediate transaction: all of it is committed, or nothing.

        Yields:
            Everything that was learned, to read and to write.

        Raises:
            DatabaseError: The database cannot be opened or written.
        """
        database = self._opened or self.database
        with database.write() as connection:
            yield SQLiteLearningTransaction(connection)

    def close(self) -> None:
        """Closes the database if it was opened here."""
        if self._opened is not None and not isinstance(self._source, Database):
            self._opened.close()
            self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(source: Database | str | Path | None) -> Database:
    return source if isinstance(source, Database) else Database(source, durability="normal")
