"""A log without its database: it is kept and named, never deleted or applied to another file."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.schema import Database, DatabaseError, DatabaseOpenError, back_up, restore
from aqe.schema.database.files.side_files import holds_frames

from ..facts import keys, put


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put_and_die(path: Path) -> None:
    database = Database(path)
    put(database, "logged")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def log(path: Path) -> Path:
    """The WAL that a killed process left next to ``path``."""
    with Database(path) as database:
        put(database, "first")
    child = multiprocessing.get_context("fork").Process(target=put_and_die, args=(path,))
    child.start()
    child.join()
    left = path.with_name(path.name + "-wal")
    assert holds_frames(left)
    return left


@pytest.mark.parametrize("content", [None, b""])
def test_an_orphan_log_is_kept_and_named(
    path: Path, log: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    before = digest(log)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with caplog.at_level(logging.WARNING), Database(path) as database:
        assert keys(database) == []
    kept = [file for file in path.parent.glob("bank.db.orphan-*-wal") if digest(file) == before]
    assert len(kept) == 1
    assert [record for record in caplog.messages if str(kept[0]) in record] != []


def test_an_orphan_journal_is_kept(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = path.with_name(path.name + "-journal")
    journal.write_bytes(b"journal" * 100)
    before = digest(journal)
    with caplog.at_level(logging.WARNING):
        Database(path).close()
    assert [digest(file) for file in path.parent.glob("bank.db.orphan-*-journal")] == [before]
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("command", [["patterns", "list"], ["db", "check"], ["memory", "stats"]])
def test_a_command_that_reads_refuses_an_orphan_log(
    path: Path, log: Path, command: list[str]
) -> None:
    before = digest(log)
    path.unlink()
    result = CliRunner().invoke(app, [*command, "--db", str(path)])
    assert isinstance(result.exception, DatabaseOpenError)
    assert "its log is left (bank.db-wal)" in str(result.exception)
    assert digest(log) == before
    assert not path.exists()


def test_many_openers_of_an_orphan_log_lose_nothing(path: Path, log: Path) -> None:
    before = digest(log)
    path.unlink()
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=put_one, args=(path, f"k{n}")) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
    with Database(path) as database:
        assert keys(database) == ["k0", "k1", "k2", "k3"]
    assert [digest(file) for file in path.parent.glob("bank.db.orphan-*-wal")] == [before]


def put_one(path: Path, key: str) -> None:
    with Database(path) as database:
        put(database, key)


def test_restore_names_the_kept_log(path: Path, log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    path.unlink()
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).write_bytes(b"left over " * 10)
    result = CliRunner().invoke(app, ["db", "restore", str(copy), "--db", str(path)])
    assert result.exit_code == 0
    assert "its log is kept:" in result.stdout
    with Database(path) as database:
        assert keys(database) == ["first", "logged"]


def test_a_file_that_is_no_log_is_kept_by_restore(path: Path, tmp_path: Path) -> None:
    with Database(path) as database:
        put(database, "first")
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    other = path.with_name(path.name + "-wal")
    other.write_bytes(b"not a log, but somebody's file" * 10)
    report = restore(copy, path)
    assert [file.read_bytes()[:9] for file in report.side_files] == [b"not a log"]
    assert report.replaced is not None
    with Database(path) as database:
        assert keys(database) == ["first"]


def test_a_rolled_back_journal_is_not_applied_to_the_restored_file(
    path: Path, tmp_path: Path
) -> None:
    with Database(path) as database:
        put(database, "first")
    copy = tmp_path / "copy.db"
    back_up(path, copy)
    journal = path.with_name(path.name + "-journal")
    journal.write_bytes(bytes(512))  # as journal_mode=persist leaves it
    report = restore(copy, path)
    assert [file.name.endswith("-journal") for file in report.side_files] in ([], [True])
    assert not journal.exists()


def test_a_backup_next_to_a_leftover_log_keeps_it_out(path: Path, log: Path) -> None:
    target = path.with_name("copy.db")
    left = target.with_name("copy.db-wal")
    left.write_bytes(log.read_bytes())
    before = digest(left)
    result = CliRunner().invoke(app, ["db", "backup", str(target), "--db", str(path), "--json"])
    assert result.exit_code == 0, result.output
    assert not left.exists()
    assert [digest(file) for file in path.parent.glob("copy.db.replaced-*-wal")] == [before]
    with Database(target) as database:
        assert keys(database) == ["first", "logged"]


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_backup_refuses_the_database_as_its_own_copy(path: Path, end: str) -> None:
    Database(path).close()
    with pytest.raises(DatabaseError, match="is the database itself or its log"):
        back_up(path, path.with_name(path.name + end), overwrite=True)
    Database(path).close()
