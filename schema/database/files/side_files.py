"""Knows the files that SQLite keeps next to a database: its logs and the index of the WAL.

A log belongs to the file that it was written for. SQLite goes by its name alone: it applies a log
to whatever file has the name, and deletes the log of a missing or empty file
(https://sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use).
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import DatabaseBusyError
from ...records.patterns import utc_now

__all__ = [
    "FRAME_HEADER_BYTES",
    "SIDE_FILES",
    "WAL_HEADER_BYTES",
    "folder_lock",
    "free_name",
    "holds_frames",
    "move_side_files",
    "orphaned_logs",
    "side_file",
    "size_of",
]

SIDE_FILES = ("-wal", "-shm", "-journal")
WAL_MAGIC = 0x377F0683
# https://sqlite.org/fileformat2.html#the_write_ahead_log
WAL_HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
FOLDER_DEADLINE_S = 30.0
FOLDER_PAUSE_S = 0.02


def side_file(path: Path, end: str) -> Path:
    """Returns the path of a side file; ``end`` is one of ``SIDE_FILES``."""
    return path.with_name(path.name + end)


def size_of(path: Path) -> int:
    """Returns the size of a file in bytes; 0 if there is none."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def orphaned_logs(path: Path) -> tuple[Path, ...]:
    """Returns the logs with content next to a database that is missing or empty.

    A rollback journal next to an empty file is left out: another process may be creating the
    database at this moment. Its first page is in the file before there is a WAL.
    """
    if size_of(path):
        return ()
    ends = ("-wal",) if path.exists() else ("-wal", "-journal")
    return tuple(file for end in ends if size_of(file := side_file(path, end)))


def holds_frames(log: Path) -> bool:
    """Returns whether a WAL has a valid header and something behind it.

    SQLite ignores any other content, and overwrites it with the next commit.

    https://sqlite.org/fileformat2.html#the_write_ahead_log
    """
    try:
        with log.open("rb") as stream:
            content = stream.read(WAL_HEADER_BYTES + 1)
    except FileNotFoundError:
        return False
    if len(content) <= WAL_HEADER_BYTES:
        return False
    words = struct.unpack_from(">8I", content)
    order = ">" if words[0] & 1 else "<"
    first = second = 0
    for left, right in struct.iter_unpack(f"{order}2I", content[:24]):
        first = (first + left + second) & 0xFFFFFFFF
        second = (second + right + first) & 0xFFFFFFFF
    return words[0] | 1 == WAL_MAGIC and (first, second) == words[6:]


def move_side_files(path: Path, aside: Path) -> tuple[Path, ...]:
    """Renames every side file of ``path`` to that of ``aside``; returns the new paths.

    Raises:
        OSError: One cannot be renamed.
    """
    moved = []
    for end in SIDE_FILES:
        source = side_file(path, end)
        if os.path.lexists(source):
            source.rename(side_file(aside, end))
            moved.append(side_file(aside, end))
    return tuple(moved)


def free_name(path: Path, label: str) -> Path:
    """Returns the name under which a file is kept: ``<name>.<label>-<time>``."""
    stamp = utc_now().strftime("%Y%m%dT%H%M%S.%fZ")
    return path.with_name(f"{path.name}.{label}-{stamp}")


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Lets one process at a time move the files of a database; ends with the process.

    The lock is on the folder, since closing any handle on the database would drop SQLite's locks.

    Raises:
        DatabaseBusyError: Another process held it too long.
        OSError: The folder cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _wait_for_lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + FOLDER_DEADLINE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise DatabaseBusyError(
                    f"{folder} was locked by another process too long; try again, or see which"
                    f" with: fuser {folder}",
                    path=folder,
                ) from error
        time.sleep(FOLDER_PAUSE_S)
