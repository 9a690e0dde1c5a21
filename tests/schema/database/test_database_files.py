"""The opener: which files it creates, opens and refuses, and that a refused file is unchanged."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import apsw
import pytest

from aqe.schema import (
    Database,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseOpenError,
    DatabaseReadOnlyError,
    SchemaVersionError,
)

from .facts import keys, put


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_file_and_its_own_folder_are_private(tmp_path: Path) -> None:
    path = tmp_path / ".aqe" / "bank.db"
    before = os.umask(0o022)
    try:
        with Database(path) as database:
            put(database, "a")
            for file in path.parent.glob("bank.db*"):
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_a_gitignore_of_the_user_stays(tmp_path: Path) -> None:
    (tmp_path / ".aqe").mkdir()
    (tmp_path / ".aqe" / ".gitignore").write_text("!aqe.db\n")
    Database(tmp_path / ".aqe" / "aqe.db").close()
    assert (tmp_path / ".aqe" / ".gitignore").read_text() == "!aqe.db\n"


@pytest.mark.parametrize("name", ["typo/bank.db", "a/.aqe/aqe.db", ".aqe/deep/aqe.db"])
def test_no_folder_is_made_of_a_mistyped_path(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(DatabaseOpenError, match=f"there is no folder {path.parent}; create it"):
        Database(path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match=r"is a folder; give the path of a file"):
        Database(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseOpenError, match=r"cannot create"):
        Database(tmp_path / "file" / "bank.db")


def test_without_create_a_missing_file_is_refused(path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match=r"no database at"):
        Database(path, create=False)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"x", b"SQLite", b"# a text file\n" * 100, os.urandom(8192)])
def test_what_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DatabaseOpenError, match=r"is not an SQLite database; give another path"):
        Database(path)
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    with Database(path) as database:
        assert database.migration.before == 0


def test_a_truncated_file_is_reported_as_damaged(path: Path) -> None:
    with Database(path) as database:
        for number in range(200):
            put(database, f"{number:04}", "x" * 500)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 // 4096 * 4096])
    with pytest.raises(DatabaseCorruptError, match=r"is damaged"):  # noqa: SIM117
        with Database(path) as database:
            keys(database)


def test_a_foreign_application_is_refused_untouched(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.pragma("application_id", 0x12345678)
    other.execute("create table t (x); insert into t values (1)")
    other.close()
    before = sha256(path)
    with pytest.raises(
        SchemaVersionError, match=r"belongs to another program .application_id 0x12345678"
    ):
        Database(path)
    assert sha256(path) == before


def test_a_newer_file_is_refused_untouched(path: Path) -> None:
    Database(path).close()
    connection = apsw.Connection(str(path))
    connection.execute(
        "insert into schema_migrations select max(version) + 1, 'future', 'x', 'now'"
        " from schema_migrations"
    )
    connection.close()
    before = sha256(path)
    with pytest.raises(SchemaVersionError, match=r"made by a newer aqe.*The file was not touched"):
        Database(path)
    assert sha256(path) == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_other_peoples_tables_are_kept(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("create table notes (text); insert into notes values ('mine')")
    other.pragma("user_version", 7)
    other.close()
    with Database(path) as database:
        put(database, "a")
    with Database(path) as database, database.read() as connection:
        assert connection.execute("select text from notes").get == "mine"
        assert connection.pragma("user_version") == 7
        assert connection.pragma("application_id") == 0
    with Database(path) as database:
        assert keys(database) == ["a"]


@pytest.mark.parametrize("table", ["patterns", "q_values", "bank_facts"])
def test_a_foreign_table_under_our_name_is_refused_and_nothing_changed(
    path: Path, table: str
) -> None:
    other = apsw.Connection(str(path))
    other.execute(f"create table {table} (mine); insert into {table} values (1)")
    other.close()
    before = sha256(path)
    with pytest.raises(DatabaseError, match=r"tables of another program under our names") as caught:
        Database(path)
    assert "\n" not in str(caught.value)
    connection = apsw.Connection(str(path))
    assert connection.execute("select name from sqlite_schema").fetchall() == [(table,)]
    connection.close()
    assert sha256(path) == before


@pytest.mark.parametrize("columns", ["id", "version text", "version integer, name text"])
def test_a_foreign_schema_migrations_is_one_clear_error(path: Path, columns: str) -> None:
    other = apsw.Connection(str(path))
    other.execute(f"create table schema_migrations ({columns})")
    other.execute("insert into schema_migrations default values")
    other.close()
    with pytest.raises(DatabaseError) as caught:
        Database(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_read_only_database_refuses_a_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Database(path) as database:
        put(database, "a")
        database.connection().pragma("query_only", True)
        with pytest.raises(DatabaseReadOnlyError, match=r"is read-only; nothing was changed"):
            put(database, "b")
        assert keys(database) == ["a"]
