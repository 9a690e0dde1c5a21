"""Copies the readable rows of a damaged database into a new one.

Only rows of ordinary tables are copied, since indexes and vectors are derived from them. A row that
no longer fits its table is kept as JSON in ``repair_quarantine``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import apsw

from ...errors import DatabaseCorruptError
from ...records.patterns import utc_now
from ..connection import open_connection
from ..database import Database
from .backup import partial_database
from .file_replacement import KeptFiles, put_in_place
from .private_file import copy_mode, real_path

__all__ = ["SalvageReport", "salvage", "salvage_in_place"]

_READ_ERRORS = (apsw.Error, UnicodeDecodeError)
# Written by the migrations of the new file.
_OWN = frozenset({"schema_migrations", "sqlite_sequence"})
# Shadow tables of the indexes, which look like ordinary tables once the index itself is
# lost, and tables that SQLite creates itself.
_DERIVED = ("patterns_fts", "patterns_vec", "sqlite_")


@dataclass(frozen=True, slots=True)
class SalvageReport:
    """Counts of copied rows, and the places where rows are missing.

    Attributes:
        copied: Rows copied into their table.
        quarantined: Rows that do not fit their table, kept in ``repair_quarantine``.
        gaps: Places where an unknown number of rows cannot be read.
    """

    copied: int
    quarantined: int
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    has_rowid: bool

    @property
    def quoted(self) -> str:
        return _quoted(self.name)


def salvage(damaged: Path, target: apsw.Connection) -> SalvageReport:
    """Copies every readable row of a damaged file into a new database of the current schema.

    Tables of other programs in the file are created there and copied too.

    Args:
        damaged: The file; it is only read.
        target: A connection to the new database, outside a transaction.

    Raises:
        DatabaseCorruptError: Not even the list of its tables can be read.
        DatabaseOpenError: The file is not a database, or cannot be opened.
    """
    try:
        source = open_connection(damaged, read_only=True)
    except apsw.CorruptError as error:
        _raise_hopeless(damaged, error)
    try:
        _create_foreign_tables(source, target, damaged)
        target.pragma("foreign_keys", False)
        copied, quarantined, gaps = 0, 0, []
        with target:
            for table in _tables(target):
                if not _columns(source, table.name):
                    continue
                copier = _Copier(source, target, table)
                copier.run()
                copied += copier.copied
                quarantined += copier.quarantined
                gaps += copier.gaps
        return SalvageReport(copied, quarantined, tuple(gaps))
    finally:
        target.pragma("foreign_keys", True)
        source.close()


def salvage_in_place(path: Path) -> tuple[SalvageReport, KeptFiles]:
    """Replaces a damaged file with a new one that holds its readable rows.

    Returns:
        What was copied, and the new paths of the damaged file and of its logs.

    Raises:
        DatabaseCorruptError: Not even the list of its tables can be read.
        DatabaseBusyError: Other processes have the database open.
        DatabaseError: The file cannot be replaced.
    """
    path = real_path(path)
    with partial_database(path) as partial:
        with Database(partial) as fresh:
            report = salvage(path, fresh.connection())
            fresh.connection().pragma("journal_mode", "delete")  # a single file, without a WAL
        copy_mode(path, partial)
        return report, put_in_place(partial, path, "damaged")


class _Copier:
    """Copies one table: from its start to the first damage, then from its end backwards."""

    def __init__(self, source: apsw.Connection, target: apsw.Connection, table: _Table) -> None:
        self.copied = self.quarantined = 0
        self.gaps: list[str] = []
        self._source = source
        self._target = target
        known = _columns(source, table.name)
        self._columns = tuple(column for column in table.columns if column in known)
        self._table = table
        self._error: Exception | None = None

    def run(self) -> None:
        if not self._table.has_rowid:
            self._unordered()
            return
        last = self._forward(-(1 << 63))
        if last is None:
            return
        first = self._backward(last)
        place = "after the start" if last == -(1 << 63) else f"after row {last}"
        end = "" if first is None else f" and before row {first}"
        self.gaps.append(f"{self._table.name}: rows {place}{end} cannot be read")

    def _forward(self, last: int) -> int | None:
        """Copies in order; returns the last row before unreadable pages, None at the end."""
        while True:
            for row in self._select(last, ""):
                self._insert(row[1:])
                last = row[0]
            if self._error is None:
                return None
            following = self._next(last) if isinstance(self._error, UnicodeDecodeError) else None
            if following is None:
                return last
            self._keep_bytes(following)
            last = following

    def _backward(self, last: int) -> int | None:
        """Copies from the end back to the damage; returns the first row that was reached."""
        first = None
        for row in self._select(last, " desc"):
            self._insert(row[1:])
            first = row[0]
        return first

    def _unordered(self) -> None:
        backwards = ", ".join(f"{_quoted(column)} desc" for column in self._columns)
        for order in ("", f" order by {backwards}"):
            query = f"select {_list(self._columns)} from {self._table.quoted}{order}"
            for row in self._readable(query, {}):
                self._insert(row)
            if self._error is None:
                return
        self.gaps.append(f"{self._table.name}: some rows cannot be read")

    def _select(self, after: int, order: str) -> Iterator[tuple[Any, ...]]:
        return self._readable(
            f"select rowid, {_list(self._columns)} from {self._table.quoted}"
            f" where rowid > :after order by rowid{order}",
            {"after": after},
        )

    def _readable(self, query: str, values: dict[str, int]) -> Iterator[tuple[Any, ...]]:
        """Yields rows until one cannot be read; keeps the error of reading, raises any other."""
        self._error = None
        cursor: apsw.Cursor | None = None
        while True:
            try:
                cursor = cursor or self._source.execute(query, values)
                row = next(cursor, None)
            except _READ_ERRORS as error:
                self._error = error
                return
            if row is None:
                return
            yield row

    def _next(self, last: int) -> int | None:
        try:
            value = self._source.execute(
                f"select rowid from {self._table.quoted} where rowid > :last"
                " order by rowid limit 1",
                {"last": last},
            ).get
        except _READ_ERRORS:
            return None
        return None if value is None else int(value)

    def _insert(self, row: tuple[Any, ...]) -> None:
        marks = ", ".join("?" for _ in row)
        try:
            self._target.execute(
                f"insert or replace into {self._table.quoted} ({_list(self._columns)})"
                f" values ({marks})",
                row,
            )
            self.copied += 1
        except apsw.ConstraintError as error:
            values = [value.hex() if isinstance(value, bytes) else value for value in row]
            self._quarantine(values, str(error))

    def _keep_bytes(self, rowid: int) -> None:
        hexed = ", ".join(f"hex({_quoted(column)})" for column in self._columns)
        query = f"select {hexed} from {self._table.quoted} where rowid = :rowid"
        row = next(self._readable(query, {"rowid": rowid}), None)
        self._quarantine(list(row or ()), "holds bytes that are not text (all values as hex)")

    def _quarantine(self, values: list[Any], reason: str) -> None:
        content = json.dumps({self._table.name: [dict(zip(self._columns, values, strict=False))]})
        self._target.execute(
            "insert into repair_quarantine (pattern_id, reason, content, quarantined_at)"
            " values (:name, :reason, :content, :now)",
            {
                "name": f"{self._table.name} row",
                "reason": reason,
                "content": content,
                "now": utc_now().isoformat(),
            },
        )
        self.quarantined += 1


def _create_foreign_tables(source: apsw.Connection, target: apsw.Connection, path: Path) -> None:
    known = {table.name for table in _tables(target)} | _OWN
    try:
        found = source.execute(
            "select s.name, s.sql from sqlite_schema s join pragma_table_list l"
            " on l.name = s.name and l.schema = 'main' where l.type = 'table'"
        ).fetchall()
    except _READ_ERRORS as error:
        _raise_hopeless(path, error)
    for name, sql in found:
        if name not in known and sql and not str(name).startswith(_DERIVED):
            target.execute(str(sql))


def _raise_hopeless(path: Path, error: Exception) -> NoReturn:
    raise DatabaseCorruptError(
        f"not even the list of tables of {path} can be read ({error}); put a backup in its place"
        " with: aqe db restore FILE",
        path=path,
        found=str(error),
    ) from error


def _tables(connection: apsw.Connection) -> list[_Table]:
    rows = connection.execute(
        "select name, wr from pragma_table_list where schema = 'main' and type = 'table'"
        " and name not like 'sqlite\\_%' escape '\\'"
    ).fetchall()
    return [
        _Table(str(name), tuple(_columns(connection, str(name))), not without_rowid)
        for name, without_rowid in rows
        if name not in _OWN
    ]


def _columns(connection: apsw.Connection, table: str) -> list[str]:
    """Returns the stored columns; generated ones are not copied."""
    try:
        rows = connection.execute(
            "select name from pragma_table_xinfo(:table) where hidden = 0", {"table": table}
        ).fetchall()
    except _READ_ERRORS:
        return []
    return [str(row[0]) for row in rows]


def _list(columns: tuple[str, ...]) -> str:
    return ", ".join(map(_quoted, columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
