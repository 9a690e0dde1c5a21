"""The full-text index, made anew: derived from the rows, so it may be dropped."""

from __future__ import annotations

import re

import apsw

from .migrate import known_migrations

__all__ = ["create_word_index"]

_STATEMENT = re.compile(r"^create virtual table patterns_fts .*?;$", re.MULTILINE | re.DOTALL)


def create_word_index(connection: apsw.Connection) -> None:
    """Makes ``patterns_fts`` anew and empty, as the migration made it."""
    statements = [found for step in known_migrations() for found in _STATEMENT.findall(step.sql)]
    connection.execute("drop table if exists patterns_fts")
    connection.execute(statements[-1])
    connection.execute("insert into patterns_fts (patterns_fts, rank) values ('secure-delete', 1)")
