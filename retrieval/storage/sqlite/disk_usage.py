"""Measures disk usage by file and table, and frees disk space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import apsw

from ....schema import Database
from .storage_tuning import StorageTuning
from .text_index import erase_deleted_text, has_deleted_text, optimize_text_index
from .vector_cache import read_marker
from .vector_file import vector_file_path

__all__ = ["CleanUpReport", "DiskUsage", "TableSize", "clean_up", "measure_disk_usage"]

# Measuring tables reads every page of the file.
DEADLINE_S = 120.0
# FTS5 stores an index in shadow tables with its name as prefix.
_INDEX = "patterns_fts"


@dataclass(frozen=True, slots=True)
class TableSize:
    """Bytes of a table with its indexes; a search index counts as one table."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Disk usage of a database.

    Attributes:
        database_bytes: Size of the file; ``free_bytes`` of it are free pages.
        wal_bytes: Size of the write-ahead log.
        vector_file_bytes: Size of the vector file; 0 if there is none.
        vector_file_vectors: Vectors in it, as the database records; None without a record of it.
        vector_file_changes: Embeddings changed since it was written.
        wants_vector_file: Whether the bank has more vectors than are held in memory.
        tables: Sizes, largest first; None if SQLite was built without ``dbstat``.
    """

    database_bytes: int
    free_bytes: int
    wal_bytes: int
    vector_file_bytes: int
    vector_file_vectors: int | None
    vector_file_changes: int | None
    wants_vector_file: bool
    tables: tuple[TableSize, ...] | None


@dataclass(frozen=True, slots=True)
class CleanUpReport:
    """Disk usage before and after; ``wal_busy`` if readers kept the WAL from being emptied."""

    before: DiskUsage
    after: DiskUsage
    wal_busy: bool


def measure_disk_usage(database: Database, tuning: StorageTuning | None = None) -> DiskUsage:
    """Returns the disk usage of a database."""
    max_cached = (tuning or StorageTuning()).max_cached_vectors
    with database.read(deadline_s=DEADLINE_S) as connection:
        page = int(connection.pragma("page_size"))
        pages, free = connection.pragma("page_count"), connection.pragma("freelist_count")
        marker = read_marker(connection)
        embeddings = connection.execute("select count(*) from pattern_embeddings").get
        changes = None
        if marker is not None:
            changes = connection.execute(
                "select count(*) from embedding_changes where change > :change",
                {"change": marker.change},
            ).get
        tables = _tables(connection)
    path = database.path
    return DiskUsage(
        database_bytes=page * int(pages),
        free_bytes=page * int(free),
        wal_bytes=0 if path is None else _size(path.with_name(path.name + "-wal")),
        vector_file_bytes=0 if path is None else _size(vector_file_path(path)),
        vector_file_vectors=None if marker is None else marker.count,
        vector_file_changes=changes,
        wants_vector_file=embeddings > max_cached,
        tables=tables,
    )


def clean_up(database: Database, *, vacuum: bool = False) -> CleanUpReport:
    """Erases deleted text, merges the text index, updates planner statistics, empties the WAL.

    Deletes nothing that was stored or learned.

    Args:
        vacuum: Also rewrite the file without free pages; needs that much disk space again.
    """
    before = measure_disk_usage(database)
    with database.write() as connection:
        if has_deleted_text(connection):
            erase_deleted_text(connection)
        optimize_text_index(connection)
    connection = database.connection()
    connection.pragma("optimize")
    if vacuum:
        connection.execute("vacuum")
    busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone() or (0,)
    return CleanUpReport(before, measure_disk_usage(database), bool(busy))


def _tables(connection: apsw.Connection) -> tuple[TableSize, ...] | None:
    if not connection.execute("select 1 from pragma_module_list where name = 'dbstat'").get:
        return None
    sizes: dict[str, int] = {}
    rows = connection.execute(
        "select coalesce(s.tbl_name, d.name), d.pgsize from dbstat d"
        " left join sqlite_schema s on s.name = d.name where d.aggregate = true"
    )
    for name, size in rows:
        owner = _INDEX if str(name).startswith(_INDEX) else str(name)
        sizes[owner] = sizes.get(owner, 0) + int(str(size))
    return tuple(
        TableSize(name, size)
        for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
