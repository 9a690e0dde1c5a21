"""What SQLite itself can tell about a file: its pages, indexes, references, free room and log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import apsw

__all__ = [
    "FileFacts",
    "Problem",
    "RepairAction",
    "check_file",
    "file_facts",
    "rebuild_indexes",
    "unreadable",
]

# What mends a problem: making derived data anew, setting a row aside, copying what can be read into
# a new file, or nothing that a program can do.
RepairAction = Literal["rebuild", "quarantine", "salvage", "none"]

# More of them say no more.
MAX_MESSAGES = 100
# What integrity_check says of a table whose rows are sound: its index is not, and can be rebuilt.
_INDEX_MARKS = ("missing from index", "wrong # of entries in index", "non-unique entry in index")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it must be.

    Attributes:
        area: What it concerns: file, index, references, row, words, vectors, embedding, keys,
            counters, encoder, learning.
        message: What is wrong, in one line.
        repair: What would fix it.
        subject: The pattern or agent that it concerns; empty when it concerns all.
    """

    area: str
    message: str
    repair: RepairAction
    subject: str = ""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """How the file is filled. ``wal_bytes`` is the log of commits that are not yet in it."""

    size_bytes: int
    wal_bytes: int
    pages: int
    free_pages: int


def check_file(connection: apsw.Connection) -> list[Problem]:
    """Returns what SQLite finds wrong, the full-text index's own structure included."""
    problems: list[Problem] = []
    with unreadable(problems, "words", "rebuild"):
        # Without a search first, FTS5 compares the index with its structure as this connection
        # remembers it, and takes another connection's commit for damage.
        connection.execute(
            "select rowid from patterns_fts where patterns_fts match 'x' limit 1"
        ).fetchall()
    with unreadable(problems, "file", "salvage"):
        for (message,) in connection.execute(f"pragma integrity_check({MAX_MESSAGES})"):
            if message != "ok":
                problems.append(_problem(str(message)))
    with unreadable(problems, "references", "salvage"):
        for table, rowid, parent, _ in connection.execute("pragma foreign_key_check"):
            text = f"row {rowid} of {table} refers to a row of {parent} that is not there"
            problems.append(Problem("references", text, "rebuild"))
    return problems


def file_facts(connection: apsw.Connection, path: Path | None) -> FileFacts:
    """Returns size and fill of the file; of a database in memory, its pages."""
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
    """Turns an error of reading into a problem, so that the check of the rest goes on."""
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
