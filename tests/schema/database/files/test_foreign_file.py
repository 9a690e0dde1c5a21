"""A database of another program: not a byte of it changes until it is decided to add our tables."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from pathlib import Path

import apsw
import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.schema import AqeError, Database

from ..facts import keys, put


def write_notes(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("create table notes (text); insert into notes values ('mine')")
    connection.close()


def write_notes_in_wal_mode(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.execute("create table notes (text); insert into notes values ('mine')")
    connection.close()


def write_notes_and_die(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.execute("create table notes (text)")
    connection.wal_checkpoint()
    connection.execute("insert into notes values ('mine')")
    os.kill(os.getpid(), signal.SIGKILL)


def write_notes_with_a_log(path: Path) -> None:
    child = multiprocessing.get_context("fork").Process(target=write_notes_and_die, args=(path,))
    child.start()
    child.join()


def write_other_application(path: Path) -> None:
    write_notes_with_a_log(path)
    connection = apsw.Connection(str(path))
    connection.pragma("application_id", 0x12345678)
    connection.close()


def state(path: Path) -> dict[str, str]:
    files = (file for file in path.parent.glob(f"{path.name}*") if not file.name.endswith("-shm"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


COMMANDS = (
    ("patterns", "list"),
    ("patterns", "search", "adds numbers"),
    ("patterns", "stats"),
    ("patterns", "show", "p"),
    ("patterns", "delete", "p"),
    ("patterns", "reindex"),
    ("patterns", "export", "{folder}/out.json"),
    ("patterns", "forget", "--agent", "a"),
    ("learn", "status"),
    ("learn", "history", "--agent", "a"),
    ("learn", "analytics"),
    ("learn", "export"),
    ("agents", "list"),
    ("improve", "status"),
    ("memory", "stats"),
    ("memory", "cleanup"),
    ("db", "check"),
    ("db", "repair"),
    ("db", "backup", "{folder}/copy.db"),
)


@pytest.mark.parametrize(
    "write",
    [write_notes, write_notes_in_wal_mode, write_notes_with_a_log, write_other_application],
)
def test_commands_leave_a_foreign_file_as_it_is(path: Path, tmp_path: Path, write: object) -> None:
    assert callable(write)
    write(path)
    before = state(path)
    for command in COMMANDS:
        arguments = [part.format(folder=tmp_path) for part in command]
        result = CliRunner().invoke(app, [*arguments, "--db", str(path)])
        assert isinstance(result.exception, (AqeError, SystemExit)), command
        assert result.exit_code != 0, command
        if isinstance(result.exception, AqeError):
            assert "another program" in str(result.exception), command
            assert "\n" not in str(result.exception), command
        assert state(path) == before, command


@pytest.mark.parametrize("write", [write_notes, write_notes_in_wal_mode, write_notes_with_a_log])
def test_a_foreign_file_that_is_given_as_a_file_stays_as_it_is(
    path: Path, tmp_path: Path, write: object
) -> None:
    assert callable(write)
    foreign = tmp_path / "foreign.db"
    write(foreign)
    before = state(foreign)
    commands = (["patterns", "import"], ["patterns", "store"], ["db", "restore"])
    for command in commands:
        result = CliRunner().invoke(app, [*command, str(foreign), "--db", str(path)])
        assert isinstance(result.exception, AqeError), command
        assert str(foreign) in str(result.exception) or foreign.name in str(result.exception)
        assert "\n" not in str(result.exception)
        assert state(foreign) == before, command


@pytest.mark.parametrize("write", [write_notes, write_notes_in_wal_mode, write_notes_with_a_log])
def test_a_file_with_other_tables_gets_ours_on_a_write(path: Path, write: object) -> None:
    assert callable(write)
    write(path)
    with Database(path) as database:
        put(database, "a")
    with Database(path, create=False) as database, database.read() as connection:
        assert connection.execute("select text from notes").get == "mine"
    with Database(path) as database:
        assert keys(database) == ["a"]
