"""Builds and extends the vector file and records it in the database.

Vectors are read in short transactions, the file is written outside any transaction, and a last one
records its marker: writers wait only for that. Embeddings changed meanwhile have a higher change
number than the marker, so searches find them in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import apsw
import numpy as np

from ....models.vector import Vector
from ....schema import Database
from .pattern_table import json_text
from .storage_tuning import StorageTuning
from .vector_cache import last_change, read_marker, write_marker
from .vector_file import (
    VectorFile,
    VectorFileMarker,
    has_usearch,
    vector_file_path,
    write_vector_file,
)

__all__ = ["update_vector_file"]

READ_BATCH: Final = 2_048


def update_vector_file(
    database: Database,
    encoder_rowid: int,
    dimension: int,
    *,
    tuning: StorageTuning,
    min_changed: int | None = None,
) -> int:
    """Rebuilds or extends the vector file if worthwhile; returns the number of embeddings applied.

    There is no vector file for in-memory databases, for banks whose vectors all fit in memory, and
    without usearch.

    Args:
        min_changed: Changes that make an update worthwhile; None for the tuning's value. If given,
            the file is verified even if nothing changed.
    """
    path = None if database.path is None else vector_file_path(database.path)
    if path is None or not tuning.vector_file or not has_usearch():
        return 0
    with database.read() as connection:
        total = _count(connection, encoder_rowid)
        change = last_change(connection)
        marker = read_marker(connection)
    if total <= tuning.max_cached_vectors:
        return 0
    if marker is not None and marker.encoder_rowid != encoder_rowid:
        marker = None
    asked = min_changed is not None
    if marker is not None and not _is_sound(path, marker, dimension, read=asked):
        marker = None
    changed = None
    if marker is not None:
        changed = _changed(database, marker)
        if len(changed) < _worthwhile(total, min_changed, tuning):
            return 0
        replaced = len(changed) - max(0, total - marker.count)
        sound = asked or _is_sound(path, marker, dimension, read=True)
        if replaced > tuning.max_replaced * marker.count or not sound:
            changed = None
    count, digest = write_vector_file(
        path,
        dimension,
        _vectors(database, encoder_rowid, changed),
        extend=changed is not None,
        removed=changed or (),
    )
    with database.write() as connection:
        write_marker(connection, VectorFileMarker(change, encoder_rowid, count, digest))
    return count if changed is None else len(changed)


def _is_sound(path: Path, marker: VectorFileMarker, dimension: int, *, read: bool) -> bool:
    """Returns whether the file exists and, if ``read``, matches the marker."""
    if not read:
        return path.exists()
    return VectorFile.open(path, marker, dimension) is not None


def _changed(database: Database, marker: VectorFileMarker) -> list[int]:
    """Returns the rows whose current vector is not in the file."""
    with database.read() as connection:
        rows = connection.execute(
            "select pattern_rowid from embedding_changes where change > :since",
            {"since": marker.change},
        )
        return [int(str(row[0])) for row in rows]


def _worthwhile(total: int, min_changed: int | None, tuning: StorageTuning) -> int:
    if min_changed is not None:
        return max(1, min_changed)
    return max(tuning.min_changed, int(tuning.changed_share * total))


def _count(connection: apsw.Connection, encoder_rowid: int) -> int:
    count: int = connection.execute(
        "select count(*) from pattern_embeddings where encoder_rowid = :encoder",
        {"encoder": encoder_rowid},
    ).get
    return count


def _vectors(
    database: Database, encoder_rowid: int, rowids: list[int] | None
) -> Iterator[tuple[int, Vector]]:
    """Yields the unit vectors of these rows, or of all; each transaction reads a batch."""
    if rowids is None:
        with database.read() as connection:
            rowids = [
                row[0]
                for row in connection.execute(
                    "select pattern_rowid from pattern_embeddings where encoder_rowid = :encoder",
                    {"encoder": encoder_rowid},
                )
            ]
    for start in range(0, len(rowids), READ_BATCH):
        with database.read() as connection:
            rows = connection.execute(
                "select pattern_rowid, embedding from pattern_embeddings"
                " where encoder_rowid = :encoder"
                " and pattern_rowid in (select value from json_each(:rowids))",
                {
                    "encoder": encoder_rowid,
                    "rowids": json_text(rowids[start : start + READ_BATCH]),
                },
            )
            found: list[tuple[Any, Any]] = [(row[0], row[1]) for row in rows]
        for rowid, blob in found:
            vector = np.frombuffer(blob, dtype="<f4")
            yield rowid, np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
