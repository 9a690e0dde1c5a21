"""Caches vectors in memory: all of a small bank, or those missing from its vector file.

Each backend object has one cache, which its threads share. A search updates it from the change
numbers in the database, read in the transaction of the search, so that it cannot be stale.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw
import msgspec
import numpy as np
import numpy.typing as npt

from ....models.vector import Vector
from ....schema import EncoderIdentity
from ....schema.database.fork_gate import turn
from ..storage_values import VectorStatistics
from .storage_tuning import StorageTuning
from .vector_file import (
    UnusableVectorFileError,
    VectorFile,
    VectorFileMarker,
    has_usearch,
    vector_file_path,
)

__all__ = [
    "EncoderRow",
    "Keys",
    "VectorCache",
    "VectorView",
    "forget_marker",
    "last_change",
    "read_marker",
    "write_marker",
]

Keys = npt.NDArray[np.int64]

# Minimum growth of the matrix in rows; otherwise it grows by a quarter.
MIN_GROWTH: Final = 256
MARKER_KEY: Final = "vector_file"

_log = logging.getLogger("aqe")


class EncoderRow(NamedTuple):
    """An encoder and its row number in the bank."""

    rowid: int
    identity: EncoderIdentity


@dataclass(frozen=True, slots=True)
class VectorView:
    """The vectors of one state of the database; immutable.

    Attributes:
        rowids: ``(n,)`` row numbers of ``matrix``; -1 where a vector was replaced or deleted.
        matrix: ``(n, dim)`` float32, unit rows.
        file: The vector file with the other vectors, if there is one.
        superseded: Rows whose vector in the file is outdated.
    """

    rowids: Keys
    matrix: Vector
    file: VectorFile | None
    superseded: frozenset[int]

    def current(self, rowids: Keys) -> Keys:
        """Returns the rows, ``(m,)``, whose vector in the file is current."""
        if not self.superseded:
            return rowids
        return rowids[~np.isin(rowids, np.fromiter(self.superseded, dtype=np.int64))]


class VectorCache:
    """A view of the database's vectors that each search brings up to date.

    Args:
        database: The database file; None for an in-memory database, which has no vector file.
    """

    def __init__(self, database: Path | None, tuning: StorageTuning) -> None:
        self._path = None if database is None else vector_file_path(database)
        self._tuning = tuning
        self._lock = threading.Lock()
        self._asked = False
        self._state: _State | None = None

    def view(
        self, connection: apsw.Connection, encoder: EncoderRow
    ) -> tuple[VectorView | None, str]:
        """Returns the vectors as this transaction sees them, or None, and the reason.

        None for the first search, unless there is a vector file: for a process that searches once,
        scanning the table is faster than loading all vectors. Also None if they do not fit, or if
        another thread has already loaded a later state.
        """
        with self._lock:
            marker = read_marker(connection)
            if not self._asked and marker is None:
                self._asked = True
                return None, "the first search of a process does not wait for vectors to load"
            self._asked = True
            if marker is not None and marker.encoder_rowid != encoder.rowid:
                marker = None
            dimension = encoder.identity.dimension
            key = (encoder.rowid, dimension, marker)
            if self._state is None or self._state.key != key:
                max_rows = self._tuning.max_cached_vectors
                self._state = _State(key, self._file(marker, dimension), max_rows)
            return self._state.view(connection)

    def statistics(self) -> VectorStatistics:
        """Returns the number and size of the cached vectors."""
        with turn(), self._lock:
            state = self._state
            if state is None:
                return VectorStatistics(0, 0, 0)
            return VectorStatistics(
                rows=state.rows,
                bytes=state.held_bytes,
                file_vectors=0 if state.file is None else len(state.file),
            )

    def _file(self, marker: VectorFileMarker | None, dimension: int) -> VectorFile | None:
        if marker is None or self._path is None or not self._tuning.vector_file:
            return None
        if not has_usearch():
            _log.info("usearch is not installed; %s is not used", self._path)
            return None
        try:
            return VectorFile.open(self._path, marker, dimension)
        except UnusableVectorFileError as error:
            _log.warning(
                "the vector file %s %s; searches scan every vector until it is rebuilt:"
                " aqe db repair",
                self._path,
                error,
            )
            return None


class _State:
    """The vectors of one encoder that are not in its file, up to a change number."""

    def __init__(
        self,
        key: tuple[int, int, VectorFileMarker | None],
        file: VectorFile | None,
        max_rows: int,
    ) -> None:
        self.key = key
        self.file = file
        self._max_rows = max_rows
        self._encoder_rowid, self._dimension, marker = key
        self._change = marker.change if marker is not None and file is not None else 0
        self._loaded = file is not None
        self._matrix = np.empty((0, self._dimension), dtype=np.float32)
        self._rowids = np.empty(0, dtype=np.int64)
        self._superseded: frozenset[int] = frozenset()

    @property
    def rows(self) -> int:
        """Number of rows in memory, replaced ones included."""
        return len(self._rowids)

    @property
    def held_bytes(self) -> int:
        """Bytes of the arrays and of the file, and an estimate for the set of superseded rows."""
        file = 0 if self.file is None else len(self.file.content)
        return self._matrix.nbytes + self._rowids.nbytes + 64 * len(self._superseded) + file

    def view(self, connection: apsw.Connection) -> tuple[VectorView | None, str]:
        """Returns the view of the connection's transaction; see ``VectorCache.view``."""
        change = last_change(connection)
        if change < self._change:
            return None, "another thread has moved on to a later state"
        if (not self._loaded or change > self._change) and not self._load(connection):
            return None, f"more than {self._max_rows:,} vectors are not in a vector file"
        self._loaded, self._change = True, change
        view = VectorView(
            self._rowids, self._matrix[: len(self._rowids)], self.file, self._superseded
        )
        held = "all vectors fit in memory" if self.file is None else "the bank has a vector file"
        return view, held

    def _load(self, connection: apsw.Connection) -> bool:
        """Applies the changes since the last call; returns False if they exceed the limit."""
        if self._loaded:
            source = (
                " from embedding_changes c left join pattern_embeddings e"
                " on e.pattern_rowid = c.pattern_rowid and e.encoder_rowid = :encoder"
                " where c.change > :change"
            )
            rowid = "c.pattern_rowid"
        else:
            source = " from pattern_embeddings e where e.encoder_rowid = :encoder"
            rowid = "e.pattern_rowid"
        values = {
            "encoder": self._encoder_rowid,
            "change": self._change,
            "most": self._max_rows + 1,
        }
        if not self._loaded:
            del values["change"]
        count = connection.execute(
            f"select count(*) from (select 1{source} limit :most)", values
        ).get
        if count + (len(self._rowids) if self._loaded else 0) > self._max_rows:
            return self._compacted() and self._load(connection)
        del values["most"]
        rows = connection.execute(f"select {rowid}, e.embedding{source}", values)
        self._take([(row[0], row[1]) for row in rows])
        return True

    def _compacted(self) -> bool:
        """Drops replaced rows; returns whether there were any."""
        alive = self._rowids >= 0
        if alive.all():
            return False
        self._matrix = self._matrix[: len(alive)][alive]
        self._rowids = self._rowids[alive]
        return True

    def _take(self, changed: Sequence[tuple[int, Any]]) -> None:
        """Applies changed rows with their stored embeddings; None for deleted ones."""
        changed_rowids = np.array([rowid for rowid, _ in changed], dtype=np.int64)
        kept = np.where(np.isin(self._rowids, changed_rowids), -1, self._rowids)
        if self.file is not None:
            self._superseded |= set(changed_rowids.tolist())
        present = [(rowid, blob) for rowid, blob in changed if blob is not None]
        added = np.frombuffer(b"".join(blob for _, blob in present), dtype="<f4")
        added = added.reshape(len(present), self._dimension)
        count, total = len(kept), len(kept) + len(present)
        if total > len(self._matrix):
            room = total + max(MIN_GROWTH, count // 4 if count else 0)
            grown = np.empty((room, self._dimension), dtype=np.float32)
            grown[:count] = self._matrix[:count]
            self._matrix = grown
        # A view does not include rows beyond its count, so appending changes no view.
        if present:
            norms = np.linalg.norm(added, axis=1, keepdims=True)
            self._matrix[count:total] = added / norms
        new = np.array([rowid for rowid, _ in present], dtype=np.int64)
        self._rowids = np.concatenate([kept, new])


def last_change(connection: apsw.Connection) -> int:
    """Returns the number of the last change of an embedding."""
    number = connection.execute(
        "select seq from sqlite_sequence where name = 'embedding_changes'"
    ).get
    return int(number or 0)


def read_marker(connection: apsw.Connection) -> VectorFileMarker | None:
    """Returns the database's record of its vector file; None without one."""
    text = connection.execute(
        "select value from bank_facts where key = :key", {"key": MARKER_KEY}
    ).get
    return None if text is None else msgspec.json.decode(text, type=VectorFileMarker)


def write_marker(connection: apsw.Connection, marker: VectorFileMarker) -> None:
    """Records the vector file that belongs to the database."""
    connection.execute(
        "insert into bank_facts (key, value) values (:key, :value)"
        " on conflict (key) do update set value = excluded.value",
        {"key": MARKER_KEY, "value": msgspec.json.encode(marker).decode()},
    )


def forget_marker(connection: apsw.Connection) -> None:
    """Removes the database's record of its vector file, which then is not used."""
    connection.execute("delete from bank_facts where key = :key", {"key": MARKER_KEY})
