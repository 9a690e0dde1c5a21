"""Builds and extends the vector file and records it in the database.

Vectors are read in short transactions, the file is written outside any transaction, and a last one
records its marker: writers wait only for that. Embeddings changed meanwhile have a higher change
number than the marker, so searches find them in memory.
"""

from __future__ import annotations

import logging
import mmap
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import apsw
import numpy as np

from ....models.vector import Vector
from ....schema import Database, Problem
from .embedding_table import encoder_in_use
from .pattern_table import json_text
from .storage_tuning import StorageTuning
from .vector_cache import forget_marker, last_change, read_marker, write_marker
from .vector_file import (
    UnusableVectorFileError,
    VectorFile,
    VectorFileMarker,
    WrittenVectorFile,
    has_usearch,
    vector_file_path,
    written_vector_file,
)

__all__ = ["check_vector_file", "repair_vector_file", "update_vector_file"]

READ_BATCH: Final = 2_048

_log = logging.getLogger("aqe")


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
    if marker is not None and not _is_usable(path, marker, dimension, read=min_changed is not None):
        marker = None
    changed: list[int] = []
    content = None
    if marker is not None:
        changed = _changed(database, marker)
        if len(changed) < _worthwhile(total, min_changed, tuning):
            return 0
        replaced = len(changed) - max(0, total - marker.count)
        if replaced <= tuning.max_replaced * marker.count:
            content = _content(path, marker, dimension)
    if content is None:
        vectors, removed = _vectors(database, encoder_rowid, None), []
    else:
        vectors, removed = _vectors(database, encoder_rowid, changed), changed
    with written_vector_file(
        path, dimension, vectors, extended=content, removed=removed
    ) as written:
        if min_changed is not None:
            _clear_folder(path)
        _publish(database, path, written, written.marker(change, encoder_rowid))
    return written.count if content is None else len(changed)


def check_vector_file(connection: apsw.Connection, database: Path | None) -> list[Problem]:
    """Returns the problem of a database's vector file, if it has one that cannot be used.

    A large bank without a record of a vector file is sound: the file is created when the bank is
    next written.
    """
    marker = read_marker(connection)
    used = encoder_in_use(connection)
    if database is None or marker is None or used is None or not has_usearch():
        return []
    if marker.encoder_rowid != used.rowid:
        return []
    path = vector_file_path(database)
    try:
        VectorFile.open(path, marker, used.identity.dimension)
    except UnusableVectorFileError as error:
        return [Problem("vector_file", f"{path} {error}", "rebuild")]
    return []


def repair_vector_file(database: Database, *, tuning: StorageTuning) -> bool:
    """Rebuilds a vector file that cannot be used; returns whether there was one.

    The record of a file that the bank no longer needs is removed. A folder at its place is removed
    if it is empty, and moved aside otherwise.
    """
    with database.read() as connection:
        problems = check_vector_file(connection, database.path)
        used = encoder_in_use(connection)
    if not problems or used is None:
        return False
    dimension = used.identity.dimension
    if not update_vector_file(database, used.rowid, dimension, tuning=tuning, min_changed=1):
        with database.write() as connection:
            forget_marker(connection)
    return True


def _is_usable(path: Path, marker: VectorFileMarker, dimension: int, *, read: bool) -> bool:
    """Returns whether there is a regular file and, if ``read``, it is the recorded one."""
    if not read:
        return path.is_file() and not path.is_symlink()
    return _content(path, marker, dimension) is not None


def _content(path: Path, marker: VectorFileMarker, dimension: int) -> mmap.mmap | None:
    """Returns the verified content of the file; None if it has to be rebuilt."""
    try:
        return VectorFile.open(path, marker, dimension).content
    except UnusableVectorFileError as error:
        _log.info("rebuilding the vector file: %s %s", path, error)
        return None


def _publish(
    database: Database, path: Path, written: WrittenVectorFile, marker: VectorFileMarker
) -> None:
    """Replaces the file and records it in one transaction.

    A search that opens the file between the two would find another one than is recorded.
    """
    with database.write() as connection:
        write_marker(connection, marker)
        os.replace(written.partial, path)


def _clear_folder(path: Path) -> None:
    """Removes an empty folder at the place of the file, and moves any other one aside."""
    if path.is_symlink() or not path.is_dir():
        return
    try:
        path.rmdir()
    except OSError:
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.aside")
        path.rename(aside)
        _log.warning("a folder was at the place of the vector file; it is now %s", aside)


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
