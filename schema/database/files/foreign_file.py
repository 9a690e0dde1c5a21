"""Recognises the database of another program without changing it or its side files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import apsw

from ...errors import DatabaseOpenError, SchemaVersionError
from ..connection import APPLICATION_ID, open_connection
from ..migrate import Migration, check_version
from ..sqlite_errors import ANOTHER_PATH
from .log_owner import HEADER_BYTES, read_header
from .side_files import side_file, size_of

__all__ = ["refuse_foreign"]

# https://sqlite.org/fileformat2.html#the_database_header
APPLICATION_ID_AT = slice(68, 72)
MAGIC = b"SQLite format 3\0"


def refuse_foreign(
    path: Path,
    steps: Sequence[Migration],
    *,
    holds_bank: bool,
    advice: str = ANOTHER_PATH,
) -> None:
    """Refuses a database that this version of aqe must not change, before a connection may.

    A connection that can write moves a leftover log into the file when it is closed. Call it inside
    the thread's ``turn``.

    Args:
        path: The file.
        steps: All steps of the schema that this version knows.
        holds_bank: Refuse a file with only other people's tables too; otherwise ours are added.
        advice: Ends the error messages.

    Raises:
        SchemaVersionError: It belongs to another program, or comes from a newer version.
        DatabaseOpenError: It has only other people's tables.
    """
    header = read_header(path)
    application = int.from_bytes(header[APPLICATION_ID_AT])
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC) or application == APPLICATION_ID:
        return
    if application:
        raise SchemaVersionError(
            f"{path} belongs to another program (application_id {application:#x}); {advice}",
            path=path,
        )
    try:
        is_foreign = _has_only_other_tables(path, steps, advice)
    except (apsw.Error, UnicodeDecodeError, DatabaseOpenError):
        return  # damaged or in use: opening it says more
    if is_foreign and holds_bank:
        raise DatabaseOpenError(
            f"{path} holds tables of another program and no pattern bank; {advice}", path=path
        )


def _has_only_other_tables(path: Path, steps: Sequence[Migration], advice: str) -> bool:
    """Returns whether the file has tables, but none of ours.

    With a log, the file alone may be between two states, so it is read with its log.
    """
    has_log = any(size_of(side_file(path, end)) for end in ("-wal", "-journal"))
    connection = open_connection(path, read_only=True, immutable=not has_log, advice=advice)
    try:
        version = check_version(connection, steps, path, advice=advice)
        return version == 0 and connection.execute("select 1 from sqlite_schema").get is not None
    finally:
        connection.close()
