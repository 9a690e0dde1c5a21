"""Finds out whether a WAL was written for the file that it lies next to.

SQLite goes by the name alone, so a file that was copied over a database whose log was left is mixed
with that log. A log does not name its file, but both hold the header of the database with its
change counter (https://sqlite.org/fileformat2.html#file_change_counter). The header in the file is
the one from before the log or one that the log has; a commit raises the counter by one at most.
Copies that aqe writes start from a random counter (``stamp_copy``).
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw

from ...errors import DatabaseOpenError
from .side_files import FRAME_HEADER_BYTES, WAL_HEADER_BYTES, holds_frames, side_file

__all__ = ["HEADER_BYTES", "owns_log", "read_header", "refuse_stray_log", "stamp_copy"]

# https://sqlite.org/fileformat2.html#the_database_header
HEADER_BYTES = 100
COUNTER_AT = 24
VALID_FOR_AT = 92
LOOKS = 5
LOOK_PAUSE_S = 0.02


def refuse_stray_log(path: Path) -> None:
    """Refuses a database next to the WAL of another file.

    Looks only if the file was written, copied or renamed after the log, as it is where a copy was
    put over it. Files that others are writing change between two looks.

    Raises:
        DatabaseOpenError: They do not belong together; neither is changed.
    """
    log = side_file(path, "-wal")
    seen: set[tuple[bytes, int]] = set()
    for _ in range(LOOKS):
        written_ns = _written_before(log, path)
        if written_ns is None or owns_log(path):
            return
        seen.add((read_header(path), written_ns))
        if len(seen) > 1:
            return
        time.sleep(LOOK_PAUSE_S)
    raise DatabaseOpenError(
        f"{log} was written for another file than {path}, which was copied or moved there; using"
        f" both would mix them: put the copy there with: aqe db restore FILE, or move {log.name}"
        " away",
        path=path,
    )


def owns_log(path: Path) -> bool:
    """Returns whether the WAL next to a file, if it holds anything, belongs to the file."""
    log = side_file(path, "-wal")
    if not holds_frames(log):
        return True
    own = _counter(read_header(path))
    first: int | None = None
    with suppress(FileNotFoundError):  # another process has moved the log into the file
        for counter in _counters(log):
            if first is None:
                first = counter
            if own in (counter, (first - 1) & 0xFFFFFFFF):
                return True
    return first is None or own is None


def read_header(path: Path) -> bytes:
    """Returns the header of a database, which may be shorter; empty if it cannot be read.

    Read through SQLite, which keeps its locks on the file; another handle would drop them.
    """
    flags = [apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_MAIN_DB, 0]
    try:
        file = apsw.VFSFile("", str(path), flags)
    except apsw.CantOpenError:  # opening it says why
        return b""
    try:
        return bytes(file.xRead(HEADER_BYTES, 0))
    except apsw.IOError:
        return b""
    finally:
        file.xClose()


def stamp_copy(path: Path) -> None:
    """Gives a complete copy a random change counter, so that no older log can be taken for its own.

    Any value is valid. The second place says which change the size in the header belongs to.

    Raises:
        OSError: The file cannot be written.
    """
    stamp = os.urandom(4)
    with path.open("r+b") as file:
        for at in (COUNTER_AT, VALID_FOR_AT):
            file.seek(at)
            file.write(stamp)


def _written_before(log: Path, path: Path) -> int | None:
    """Returns when the log was written; None if that was after the file was, or there is no log."""
    try:
        written_ns = log.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return written_ns if written_ns <= path.stat().st_ctime_ns else None


def _counter(header: bytes) -> int | None:
    if len(header) < HEADER_BYTES:
        return None
    return int.from_bytes(header[COUNTER_AT : COUNTER_AT + 4])


def _counters(log: Path) -> Iterator[int]:
    """Yields the change counter of each first page in a WAL, in order."""
    with log.open("rb") as stream:
        header = stream.read(WAL_HEADER_BYTES)
        if len(header) < WAL_HEADER_BYTES:
            return
        (page_bytes,) = struct.unpack_from(">I", header, 8)
        salts = header[16:24]
        while len(frame := stream.read(FRAME_HEADER_BYTES)) == FRAME_HEADER_BYTES:
            if frame[8:16] != salts:  # left over from before the log was last emptied
                return
            if frame[:4] == b"\0\0\0\1":
                page = stream.read(HEADER_BYTES)
                if (counter := _counter(page)) is not None:
                    yield counter
                stream.seek(page_bytes - len(page), os.SEEK_CUR)
            else:
                stream.seek(page_bytes, os.SEEK_CUR)
