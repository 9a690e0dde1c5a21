"""Counts the stored rows that hold secrets: in every text column of every table.

New versions redact before they store, so there are none; an earlier version knew fewer kinds. The
tables are read from the schema, so that a new one is not forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import apsw

from ..redaction.redaction import SEPARATOR, find_secrets

__all__ = ["StoredSecrets", "count_stored_secrets", "tables_with_text"]


class StoredSecrets(NamedTuple):
    """The number of rows of a table that hold secrets of a kind."""

    table: str
    kind: str
    rows: int


class _TextTable(NamedTuple):
    name: str
    columns: tuple[str, ...]


def count_stored_secrets(connection: apsw.Connection) -> tuple[StoredSecrets, ...]:
    """Returns which tables hold secrets of which kinds, in how many rows; by table and kind.

    Takes about as long as hashing the rows, which a check does as well.
    """
    found: Counter[tuple[str, str]] = Counter()
    for table in tables_with_text(connection):
        for text in _row_texts(connection, table):
            kinds = {secret.kind for secret in find_secrets(text)}
            found.update((table.name, kind) for kind in kinds)
    return tuple(StoredSecrets(*key, rows) for key, rows in sorted(found.items()))


def tables_with_text(connection: apsw.Connection) -> list[_TextTable]:
    """Returns the tables with their text columns, without those of indexes."""
    names = connection.execute(
        "select name from pragma_table_list where schema = 'main' and type = 'table'"
        " and name not like 'sqlite\\_%' escape '\\' order by name"
    ).fetchall()
    tables = [_TextTable(str(name), _text_columns(connection, str(name))) for (name,) in names]
    return [table for table in tables if table.columns]


def _text_columns(connection: apsw.Connection, table: str) -> tuple[str, ...]:
    rows = connection.execute(
        "select name from pragma_table_info(:table) where lower(type) = 'text' order by cid",
        {"table": table},
    ).fetchall()
    return tuple(str(name) for (name,) in rows)


def _row_texts(connection: apsw.Connection, table: _TextTable) -> Iterator[str]:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    for row in connection.execute(f'select {columns} from "{table.name}"'):
        yield SEPARATOR.join(text for text in row if isinstance(text, str))
