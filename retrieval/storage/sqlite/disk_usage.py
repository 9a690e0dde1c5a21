"""Measures a database file and the files next to it by table, and gives room back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import apsw

from ....schema import Database
from .storage_tuning import StorageTuning
from .text_index import optimize_text_index
from .vector_cache import read_marker
from .vector_file import vector_file_path

__all__ = ["CleanUp", "FileMemory", "TableMemory", "clean_up", "file_memory"]

# Sizes by table are found by reading every page.
DEADLINE_S = 120.0
# FTS5 and vec0 keep an index in tables of their own, named after it.
_INDEXES = ("patterns_fts", "patterns_vec")


@dataclass(frozen=True, slots=True)
class TableMemory:
    """Bytes of a table with its indexes; a search index counts as one table."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class FileMemory:
    """What a database takes on disk.

    Attributes:
        database_bytes: The file; ``free_bytes`` of it are pages that later writes will use.
        wal_bytes: The write-ahead log beside it.
        vector_file_bytes: The derived file of vectors; 0 when there is none.
        vector_file_vectors: Those that the database says are in it; None when it knows of none.
        vector_file_changes: Embeddings changed since.
        wants_vector_file: The bank is too large to be held in memory.
        tables: By size, largest first; None when this SQLite cannot tell.
    """

    database_bytes: int
    free_bytes: int
    wal_bytes: int
    vector_file_bytes: int
    vector_file_vectors: int | None
    vector_file_changes: int | None
    wants_vector_file: bool
    tables: tuple[TableMemory, ...] | None


@dataclass(frozen=True, slots=True)
class CleanUp:
    """What upkeep gave back. ``wal_busy``: others were reading, so the log could not be emptied."""

    before: FileMemory
    after: FileMemory
    wal_busy: bool


def file_memory(database: Database, tuning: StorageTuning | None = None) -> FileMemory:
    """Returns what the database takes on disk."""
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
    return FileMemory(
        database_bytes=page * int(pages),
        free_bytes=page * int(free),
        wal_bytes=0 if path is None else _size(path.with_name(path.name + "-wal")),
        vector_file_bytes=0 if path is None else _size(vector_file_path(path)),
        vector_file_vectors=None if marker is None else marker.count,
        vector_file_changes=changes,
        wants_vector_file=embeddings > max_cached,
        tables=tables,
    )


def clean_up(database: Database, *, vacuum: bool = False) -> CleanUp:
    """Merges the word index, refreshes the planner's statistics, empties the log.

    Nothing that was learned or stored is deleted.

    Args:
        vacuum: Also rewrite the file without its free pages; needs as much room again.
    """
    before = file_memory(database)
    with database.write() as connection:
        optimize_text_index(connection)
    connection = database.connection()
    connection.pragma("optimize")
    if vacuum:
        connection.execute("vacuum")
    busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone() or (0,)
    return CleanUp(before, file_memory(database), bool(busy))


def _tables(connection: apsw.Connection) -> tuple[TableMemory, ...] | None:
    if not connection.execute("select 1 from pragma_module_list where name = 'dbstat'").get:
        return None
    sizes: dict[str, int] = {}
    rows = connection.execute(
        "select coalesce(s.tbl_name, d.name), d.pgsize from dbstat d"
        " left join sqlite_schema s on s.name = d.name where d.aggregate = true"
    )
    for name, size in rows:
        owner = next((index for index in _INDEXES if str(name).startswith(index)), str(name))
        sizes[owner] = sizes.get(owner, 0) + int(str(size))
    return tuple(
        TableMemory(name, size)
        for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
