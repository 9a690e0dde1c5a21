"""The seam between the learning engine and its database: no SQL of learning stands elsewhere.

``LearningStore`` opens transactions; what it gives are the rows of one transaction, a small class
for each kind, in the files ``rows_*``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import apsw

from ....schema import Database
from .agent_table import AgentRows
from .cycle_tables import ImprovementRows
from .daily_table import AnalyticsRows
from .experience_table import HistoryRows
from .q_value_table import ValueRows
from .record_tables import PatternRows
from .standing_columns import StandingRows

__all__ = ["LearningRows", "LearningStore"]

# An export reads every row; a search must not.
EXPORT_DEADLINE_S = 600.0


class LearningRows:
    """Everything the learning engine stores, as one transaction sees it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.agents = AgentRows(connection)
        self.history = HistoryRows(connection)
        self.values = ValueRows(connection)
        self.patterns = PatternRows(connection)
        self.analytics = AnalyticsRows(connection)
        self.standing = StandingRows(connection)
        self.improvement = ImprovementRows(connection)


class LearningStore:
    """Transactions on the learning engine's tables.

    Args:
        database: An open database, the path of one, or None for one in memory. One that was
            opened here is closed with the store; it waits for the process, not for the disk:
            an acknowledged experience survives kill -9.

    Raises:
        DatabaseError: The database cannot be opened.
    """

    def __init__(self, database: Database | str | Path | None) -> None:
        self._owned = not isinstance(database, Database)
        self.database = (
            database if isinstance(database, Database) else Database(database, durability="normal")
        )

    @property
    def label(self) -> str:
        """The path as text, or ``:memory:``."""
        return self.database.label

    @contextmanager
    def reading(self, *, long: bool = False) -> Iterator[LearningRows]:
        """Gives one state of all rows; ``long`` for work that goes through the whole history."""
        if long:
            with self.database.read(deadline_s=EXPORT_DEADLINE_S) as connection:
                yield LearningRows(connection)
        else:
            with self.database.read() as connection:
                yield LearningRows(connection)

    @contextmanager
    def writing(self) -> Iterator[LearningRows]:
        """Gives all rows inside one immediate transaction: all of it is committed, or nothing."""
        with self.database.write() as connection:
            yield LearningRows(connection)

    def close(self) -> None:
        """Closes the database if it was opened here."""
        if self._owned:
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
