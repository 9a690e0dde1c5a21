"""Type checks that make a table readable for SQLite before 3.37 and as strict as before."""

from __future__ import annotations

import apsw
import pytest

from aqe.schema.migrations.column_types import with_type_checks

STRICT = """create table things (
  number  integer primary key,  -- a text comment, with a comma
  name    text not null default 'nobody', "share" real, flag integer check (flag in (0, 1)),
  content blob,
  label   text not null generated always as (name || ':' || number) virtual,
  unique (name, share)
) strict"""
SOUND = {"name": "a", "share": 1, "flag": 1, "content": b"x"}


@pytest.fixture
def connection() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    connection.execute(with_type_checks(STRICT))
    return connection


def insert(connection: apsw.Connection, values: dict[str, object]) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(f"insert into things ({names}) values ({marks})", values)


def test_with_type_checks_takes_what_a_strict_table_takes(connection: apsw.Connection) -> None:
    assert not connection.execute("select strict from pragma_table_list('things')").get
    insert(connection, SOUND)
    insert(connection, {"name": "nothing else"})
    found = connection.execute("select number, name, typeof(share), label from things").fetchall()
    assert found == [(1, "a", "real", "a:1"), (2, "nothing else", "null", "nothing else:2")]


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("name", b"x"), ("share", "much"), ("share", b"x"), ("flag", "yes"), ("content", "text")],
)
def test_with_type_checks_refuses_what_a_strict_table_refuses(
    connection: apsw.Connection, column: str, wrong: object
) -> None:
    with pytest.raises(apsw.ConstraintError, match="CHECK"):
        insert(connection, SOUND | {column: wrong})


def test_with_type_checks_keeps_without_rowid(connection: apsw.Connection) -> None:
    sql = "create table pairs (\n  key text primary key\n) strict, without rowid"
    connection.execute(with_type_checks(sql))
    assert connection.execute("select wr, strict from pragma_table_list('pairs')").get == (1, 0)


def test_a_checked_column_can_be_dropped_and_renamed(connection: apsw.Connection) -> None:
    connection.execute("alter table things drop column content")
    connection.execute("alter table things rename column flag to switch")
    with pytest.raises(apsw.ConstraintError, match="CHECK"):
        connection.execute("insert into things (name, switch) values ('a', 'on')")


@pytest.mark.parametrize(
    "sql", ["create table t (name text)", "create view v as select 1", "create table strict (x)"]
)
def test_with_type_checks_leaves_other_statements(sql: str) -> None:
    assert with_type_checks(sql) == sql
