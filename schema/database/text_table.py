"""Rebuilds the table of the full-text index, which is derived from the rows."""

from __future__ import annotations

import re

import apsw

from .migrate import known_migrations

__all__ = ["create_word_index"]

_STATEMENT = re.compile(r"^create virtual table patterns_fts .*?;$", re.MULTILINE | re.DOTALL)


def create_word_index(connection: apsw.Connection) -> None:
    """Replaces ``patterns_fts`` by an empty one, as the last migration that defines it says.

    https://sqlite.org/fts5.html
    """
    statements = [
        statement for step in known_migrations() for statement in _STATEMENT.findall(step.sql)
    ]
    connection.execute("drop table if exists patterns_fts")
    connection.execute(statements[-1])
    connection.execute("insert into patterns_fts (patterns_fts, rank) values ('secure-delete', 1)")
