"""A log next to a file that it was not written for is refused, and one that belongs never is."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import shutil
import signal
from pathlib import Path

import pytest

from aqe.schema import Database, DatabaseOpenError, back_up, restore
from aqe.schema.database.files.log_owner import owns_log, refuse_stray_log

from ..facts import keys, put

SEED = 911


def put_and_die(path: Path, first: int, count: int, checkpoint: bool) -> None:
    database = Database(path)
    for number in range(first, first + count):
        put(database, f"k{number:04}", "x" * 3000)
        if checkpoint and number == first + count // 2:
            database.connection().wal_checkpoint()
    os.kill(os.getpid(), signal.SIGKILL)


def killed_writer(path: Path, first: int, count: int, *, checkpoint: bool = False) -> None:
    arguments = (path, first, count, checkpoint)
    child = multiprocessing.get_context("fork").Process(target=put_and_die, args=arguments)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def state(path: Path) -> list[str]:
    files = (path, Path(f"{path}-wal"))
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def content(path: Path) -> list[str]:
    with Database(path) as database:
        return keys(database)


@pytest.fixture
def mixed(path: Path, tmp_path: Path) -> Path:
    """A backup copied over a database whose log was left."""
    with Database(path) as database:
        put(database, "first")
    back_up(path, tmp_path / "copy.db")
    killed_writer(path, 0, 50)
    path.unlink()
    shutil.copy(tmp_path / "copy.db", path)
    return path


def test_a_copy_next_to_the_log_of_the_old_file_is_refused(mixed: Path) -> None:
    before = state(mixed)
    with pytest.raises(DatabaseOpenError, match="was written for another file"):
        Database(mixed)
    assert state(mixed) == before


def test_a_copy_is_good_once_the_log_is_moved_away(mixed: Path) -> None:
    for end in ("-wal", "-shm"):
        Path(f"{mixed}{end}").rename(f"{mixed}.away{end}")
    assert content(mixed) == ["first"]


def test_restore_keeps_the_log_of_another_file_apart(mixed: Path, tmp_path: Path) -> None:
    log = state(mixed)[1]
    report = restore(tmp_path / "copy.db", mixed)
    (kept,) = (file for file in report.side_files if file.name.endswith("-wal"))
    assert ".orphan-" in kept.name
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == log
    assert report.replaced is not None
    assert content(mixed) == content(report.replaced) == ["first"]


def test_an_older_file_next_to_a_newer_log_is_refused(path: Path, tmp_path: Path) -> None:
    with Database(path) as database:
        put(database, "first")
    shutil.copy(path, tmp_path / "older.db")
    for number in range(3):
        with Database(path) as database:
            put(database, f"later{number}", "x" * 9000)
    killed_writer(path, 0, 20)
    os.replace(tmp_path / "older.db", path)
    with pytest.raises(DatabaseOpenError, match="was written for another file"):
        Database(path)


@pytest.mark.parametrize("rounds", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_a_log_of_its_own_is_never_refused(path: Path, rounds: int) -> None:
    """Killed after any number of commits, with and without a checkpoint in between."""
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    wanted: list[str] = []
    for number in range(rounds):
        count = rng.randrange(1, 60)
        killed_writer(path, number * 100, count, checkpoint=rng.random() < 0.5)
        os.utime(path)  # the log is older than the file
        assert owns_log(path)
        refuse_stray_log(path)
        wanted += [f"k{key:04}" for key in range(number * 100, number * 100 + count)]
        if rng.random() < 0.5:
            assert content(path) == wanted
    assert content(path) == wanted
