"""Rows of the simplest table, for tests of the database itself."""

from __future__ import annotations

from aqe.schema import Database

FACT = "insert into bank_facts (key, value) values (:key, :value)"


def put(database: Database, key: str, value: str = "") -> None:
    with database.write() as connection:
        connection.execute(FACT, {"key": key, "value": value})


def keys(database: Database) -> list[str]:
    with database.read() as connection:
        return [row[0] for row in connection.execute("select key from bank_facts order by key")]
