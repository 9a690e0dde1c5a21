"""A backup that cannot be restored: the error names that file, not the database of ``--db``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from aqe.schema import (
    Database,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseOpenError,
    SchemaVersionError,
    back_up,
    restore,
)

from ..facts import keys, put


def write_text(bad: Path) -> None:
    bad.write_text("# not a database\n" * 100)


def write_foreign_application(bad: Path) -> None:
    connection = apsw.Connection(str(bad))
    connection.pragma("application_id", 7)
    connection.execute("create table t (x)")
    connection.close()


def write_foreign_tables(bad: Path) -> None:
    connection = apsw.Connection(str(bad))
    connection.execute("create table patterns (x)")
    connection.close()


def write_empty_database(bad: Path) -> None:
    bad.touch()


BAD_FILES = (
    (write_text, DatabaseOpenError, "is not an SQLite database"),
    (write_foreign_application, SchemaVersionError, "belongs to another program"),
    (write_foreign_tables, SchemaVersionError, "tables of another program"),
    (write_empty_database, DatabaseOpenError, "does not hold a pattern bank"),
    (lambda bad: None, DatabaseOpenError, "no backup at .*; check the path"),
    (Path.mkdir, DatabaseOpenError, "no backup at .*; check the path"),
)


@pytest.mark.parametrize(("write", "kind", "message"), BAD_FILES)
def test_restore_names_the_bad_backup_and_changes_nothing(
    path: Path,
    tmp_path: Path,
    write: Callable[[Path], None],
    kind: type[DatabaseError],
    message: str,
) -> None:
    with Database(path) as database:
        put(database, "kept")
    bad = tmp_path / "bad.db"
    write(bad)
    with pytest.raises(kind, match=message) as caught:
        restore(bad, path)
    assert caught.value.path == bad
    assert str(bad) in str(caught.value)
    assert "--db" not in str(caught.value)
    with Database(path) as database:
        assert keys(database) == ["kept"]
    assert not list(tmp_path.glob("*partial*"))


def test_restore_of_a_damaged_backup_asks_for_another(path: Path, tmp_path: Path) -> None:
    with Database(path) as database:
        for number in range(200):
            put(database, f"{number:04}", "x" * 500)
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    content = copy.read_bytes()
    copy.write_bytes(content[: len(content) // 2 // 4096 * 4096])
    with pytest.raises(DatabaseCorruptError, match="nothing was restored; give another backup"):
        restore(copy, path)


def test_backup_of_a_foreign_file_still_advises_another_database(tmp_path: Path) -> None:
    source = tmp_path / "notes.txt"
    write_text(source)
    with pytest.raises(DatabaseOpenError, match="give another path with --db"):
        back_up(source, tmp_path / "copy.db")


def test_backup_into_a_folder_that_cannot_be_written_is_one_clear_error(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database(path).close()

    def refused(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refused)
    with pytest.raises(DatabaseError, match=f"cannot write to {tmp_path}: Permission denied"):
        back_up(path, tmp_path / "copy.db")
