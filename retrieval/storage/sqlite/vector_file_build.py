"""Making and extending the file of vectors, and the marker by which the database knows it.

Read in short transactions, made outside of any, noted in one more: writers wait for the note alone.
What is written meanwhile has a higher change number than the marker, so searches look it up.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec
import numpy as np

from ....models import Vector
from ....schema import Database
from .filter_sql import json_text
from .vector_cache import MARKER_KEY, MAX_ROWS, last_change, read_marker
from .vector_file import (
    VectorFile,
    VectorFileMarker,
    has_usearch,
    vector_file_path,
    write_vector_file,
)

__all__ = ["update_vector_file"]


# What is not in the file costs each process memory and a scan; taking it in costs 0.2 ms a vector.
MIN_CHANGED: Final = 2_000
CHANGED_SHARE: Final = 0.1
# A file of which this share was replaced or removed is made anew: usearch keeps their places.
MAX_REPLACED: Final = 0.2
READ_BATCH: Final = 2_048


def update_vector_file(
    database: Database, encoder_rowid: int, dimension: int, *, least_changed: int | None = None
) -> int:
    """Writes the file anew or extends it when that is worth it; returns the embeddings taken in.

    Banks that fit in memory have none, nor do banks in memory or machines without usearch.
    """
    path = None if database.path is None else vector_file_path(database.path)
    if path is None or not has_usearch():
        return 0
    with database.read() as connection:
        total = _count(connection, encoder_rowid)
        change = last_change(connection)
        marker = read_marker(connection)
    if total <= MAX_ROWS:
        return 0
    if marker is not None and marker.encoder_rowid != encoder_rowid:
        marker = None
    asked = least_changed is not None  # then the file is looked at even if nothing changed
    if marker is not None and not _is_sound(path, marker, dimension, read=asked):
        marker = None
    changed = None
    if marker is not None:
        changed = _changed(database, marker)
        if len(changed) < _worthwhile(total, least_changed):
            return 0
        replaced = len(changed) - max(0, total - marker.count)
        sound = asked or _is_sound(path, marker, dimension, read=True)
        if replaced > MAX_REPLACED * marker.count or not sound:
            changed = None
    count, digest = write_vector_file(
        path,
        dimension,
        _vectors(database, encoder_rowid, changed),
        extend=changed is not None,
        removed=changed or (),
    )
    new = VectorFileMarker(change, encoder_rowid, count, digest)
    with database.write() as connection:
        connection.execute(
            "insert into bank_facts (key, value) values (:key, :value)"
            " on conflict (key) do update set value = excluded.value",
            {"key": MARKER_KEY, "value": msgspec.json.encode(new).decode()},
        )
    return count if changed is None else len(changed)


def _is_sound(path: Path, marker: VectorFileMarker, dimension: int, *, read: bool) -> bool:
    """Returns whether the file is there and, having read it, the one that the marker describes."""
    if not read:
        return path.exists()
    return VectorFile.open(path, marker, dimension) is not None


def _changed(database: Database, marker: VectorFileMarker) -> list[int]:
    """Returns the row numbers that the file lacks or knows wrongly."""
    with database.read() as connection:
        rows = connection.execute(
            "select pattern_rowid from embedding_changes where change > :since",
            {"since": marker.change},
        )
        return [int(str(row[0])) for row in rows]


def _worthwhile(total: int, least_changed: int | None) -> int:
    if least_changed is not None:
        return max(1, least_changed)
    return max(MIN_CHANGED, int(CHANGED_SHARE * total))


def _count(connection: apsw.Connection, encoder_rowid: int) -> int:
    count: int = connection.execute(
        "select count(*) from pattern_embeddings where encoder_rowid = :encoder",
        {"encoder": encoder_rowid},
    ).get
    return count


def _vectors(
    database: Database, encoder_rowid: int, rowids: list[int] | None
) -> Iterator[tuple[int, Vector]]:
    """Yields the unit vectors of these rows, or of all, a batch in each transaction."""
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
