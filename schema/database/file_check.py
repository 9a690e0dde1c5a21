"""Checks the file with SQLite's own checks: pages, indexes, references, free space, WAL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import apsw

from ..records.record import Record

__all__ = [
    "FileFacts",
    "Problem",
    "RepairAction",
    "check_file",
    "file_facts",
    "rebuild_indexes",
    "unreadable",
]

# What fixes a problem: rebuilding derived data, setting a row aside, copying what can be read into
# a new file, or nothing that a program can do.
RepairAction = Literal["rebuild", "quarantine", "salvage", "none"]

# More messages would add nothing.
MAX_MESSAGES = 100
# Messages of integrity_check about a table whose rows are sound but whose index is not.
_INDEX_MARKS = ("missing from index", "wrong # of entries in index", "non-unique entry in index")


@dataclass(frozen=True, slots=True, repr=False)
class Problem(Record):
    """A fault of the database.

    Attributes:
        area: One of file, index, references, row, words, vectors, vector_file, embedding,
            keys, counters, encoder, learning.
        message: What is wrong, in one line.
        repair: The action that fixes it.
        subject: Id of the pattern or agent concerned; empty if it concerns all.
    """

    area: str
    message: str
    repair: RepairAction
    subject: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class FileFacts(Record):
    """Sizes of the file and its WAL."""

    size_bytes: int
    wal_bytes: int
    pages: int
    free_pages: int


def check_file(connection: apsw.Connection) -> list[Problem]:
    """Returns the faults that SQLite finds, including the structure of the full-text index.

    https://sqlite.org/pragma.html#pragma_integrity_check
    https://sqlite.org/fts5.html#the_integrity_check_command
    """
    problems: list[Problem] = []
    with unreadable(problems, "words", "rebuild"):
        # Without a search first, FTS5 compares the index with its structure as this connection
        # remembers it, and reports another connection's commit as damage.
        connection.execute(
            "select rowid from patterns_fts where patterns_fts match 'x' limit 1"
        ).fetchall()
    with unreadable(problems, "file", "salvage"):
        for (message,) in connection.execute(f"pragma integrity_check({MAX_MESSAGES})"):
            if message != "ok":
                problems.append(_problem(str(message)))
    with unreadable(problems, "references", "salvage"):
        for table, rowid, parent, _ in connection.execute("pragma foreign_key_check"):
            text = f"row {rowid} of {table} refers to a missing row of {parent}"
            problems.append(Problem("references", text, "rebuild"))
    return problems


def file_facts(connection: apsw.Connection, path: Path | None) -> FileFacts:
    """Returns the sizes of the file; for an in-memory database, those of its pages."""
    pages = int(connection.pragma("page_count"))
    size = pages * int(connection.pragma("page_size"))
    log = None if path is None else path.with_name(path.name + "-wal")
    wal = log.stat().st_size if log is not None and log.exists() else 0
    return FileFacts(size, wal, pages, int(connection.pragma("freelist_count")))


def rebuild_indexes(connection: apsw.Connection) -> None:
    """Rebuilds every index of an ordinary table from its rows."""
    connection.execute("reindex")


@contextmanager
def unreadable(
    problems: list[Problem], area: str, repair: RepairAction, subject: str = ""
) -> Iterator[None]:
    """Records an error while reading as a problem, so that the check of the rest continues."""
    try:
        yield
    except (apsw.InterruptError, apsw.BusyError):
        raise
    except (apsw.Error, UnicodeDecodeError) as error:
        problems.append(Problem(area, f"cannot be read: {error}", repair, subject))


def _problem(message: str) -> Problem:
    line = " ".join(message.split())
    if line.startswith("fts5:") or "patterns_fts" in line:
        return Problem("words", line, "rebuild")
    if any(mark in line for mark in _INDEX_MARKS):
        return Problem("index", line, "rebuild")
    if "CHECK constraint failed" in line or "NOT NULL" in line or "non-" in line:
        return Problem("row", line, "quarantine")
    return Problem("file", line, "salvage")
