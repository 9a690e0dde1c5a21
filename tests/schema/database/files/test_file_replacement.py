"""Replacing a database: each kind of leftover, each way to fail, nothing lost."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import apsw
import pytest

from aqe.schema import (
    Database,
    DatabaseBusyError,
    DatabaseError,
    back_up,
    partial_file,
    put_in_place,
    restore,
)
from aqe.schema.database.files.side_files import folder_lock

from ..facts import FACT, keys, put


def in_child(function: Callable[..., object], *arguments: object) -> int | None:
    child = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    child.start()
    child.join()
    return child.exitcode


def put_and_die(path: Path) -> None:
    database = Database(path)
    for number in range(200):
        put(database, f"logged-{number:03}", "x" * 4000)
    os.kill(os.getpid(), signal.SIGKILL)


def write_half_and_die(path: Path) -> None:
    """Dies in a transaction in rollback mode: half of it is in the file, its undo in a journal."""
    connection = apsw.Connection(str(path))
    connection.pragma("cache_size", 5)
    connection.execute("begin immediate; update bank_facts set value = 'half'")
    for number in range(300):
        connection.execute(FACT, {"key": f"half-{number}", "value": "y" * 3000})
    os.kill(os.getpid(), signal.SIGKILL)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def copy(path: Path, tmp_path: Path) -> Path:
    """A backup with the key ``first``; the database has it too."""
    with Database(path) as database:
        put(database, "first", "whole")
    back_up(path, tmp_path / "copy.db")
    return tmp_path / "copy.db"


def content(path: Path) -> list[str]:
    with Database(path) as database:
        return keys(database)


def test_a_hot_journal_is_rolled_back_into_the_old_file(path: Path, copy: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "delete")
    connection.close()
    assert in_child(write_half_and_die, path) == -signal.SIGKILL
    assert Path(f"{path}-journal").stat().st_size
    report = restore(copy, path)
    assert not Path(f"{path}-journal").exists()
    assert report.replaced is not None
    for file in (path, report.replaced):
        with Database(file) as database, database.read() as reader:
            rows = reader.execute("select key, value from bank_facts").fetchall()
            assert rows == [("first", "whole")]


@pytest.mark.parametrize("exchanges", [True, False])
def test_the_kept_file_has_what_was_in_its_log(
    path: Path, copy: Path, exchanges: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_child(put_and_die, path) == -signal.SIGKILL
    if not exchanges:
        monkeypatch.setitem(vars(ctypes), "CDLL", lambda *_, **__: SimpleNamespace())
    report = restore(copy, path)
    assert report.replaced is not None
    assert content(path) == ["first"]
    assert len(content(report.replaced)) == 201
    assert {file.stat().st_nlink for file in path.parent.iterdir()} == {1}


def limited_restore(copy: Path, path: Path) -> None:
    """There is room for the copy, but not for the log in the old file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = copy.stat().st_size + 16_384
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    with pytest.raises(DatabaseError, match="nothing was replaced"):
        restore(copy, path)


def test_a_log_that_does_not_fit_stops_the_restore(path: Path, copy: Path) -> None:
    assert in_child(put_and_die, path) == -signal.SIGKILL
    assert in_child(limited_restore, copy, path) == 0
    assert not list(path.parent.glob("*replaced*"))
    assert len(content(path)) == 201


def test_a_failed_exchange_moves_the_log_back(
    path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"x" * 8192)
    log = Path(f"{path}-wal")
    log.write_bytes(b"a log")
    before = digest(path), digest(log)

    def renameat2(source: int, first: bytes, target: int, second: bytes, flags: int) -> int:
        if flags == 2:
            ctypes.set_errno(errno.EIO)
            return -1
        os.rename(first, second)
        return 0

    library = SimpleNamespace(renameat2=renameat2)
    monkeypatch.setitem(vars(ctypes), "CDLL", lambda *_, **__: library)
    with pytest.raises(DatabaseError, match="Input/output error"):
        restore(copy, path)
    assert (digest(path), digest(log)) == before
    assert {file.name for file in path.parent.iterdir()} == {path.name, log.name, copy.name}


def test_an_interrupt_while_the_old_file_is_copied_is_undone(
    path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(ctypes), "CDLL", lambda *_, **__: SimpleNamespace())

    def interrupted(*arguments: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.pread", interrupted)
        with pytest.raises(KeyboardInterrupt):
            restore(copy, path)
    assert content(path) == ["first"]
    assert {file.name for file in path.parent.iterdir()} == {path.name, copy.name}


def hold(path: Path, ready: int) -> None:
    with Database(path) as database, database.read() as connection:
        connection.execute("select 1 from patterns").fetchall()
        os.write(ready, b"x")
        time.sleep(60)


@pytest.mark.parametrize("action", ["restore", "backup"])
def test_a_file_that_others_have_open_is_not_replaced(path: Path, copy: Path, action: str) -> None:
    """Neither the database nor a copy that somebody uses."""
    used = path if action == "restore" else copy
    receive, send = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=hold, args=(used, send))
    child.start()
    os.read(receive, 1)
    before = digest(used)
    try:
        with pytest.raises(DatabaseBusyError, match="open in other processes"):
            restore(copy, path) if action == "restore" else back_up(path, copy, overwrite=True)
    finally:
        child.kill()
        child.join()
    assert digest(used) == before
    assert not list(path.parent.glob(".*.partial*"))


def test_a_file_that_appears_meanwhile_is_not_replaced(path: Path, copy: Path) -> None:
    with partial_file(path) as partial:
        partial.write_bytes(copy.read_bytes())
        with pytest.raises(DatabaseError, match="exists; nothing was changed"):
            put_in_place(partial, path, "replaced", overwrite=False)
    assert content(path) == ["first"]


def test_the_folder_lock_waits_for_its_holder(tmp_path: Path) -> None:
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    timer = threading.Timer(0.1, os.close, (holder,))
    timer.start()
    started = time.monotonic()
    with folder_lock(tmp_path):
        assert time.monotonic() - started > 0.05
    timer.join()


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_the_restored_file_has_the_mode_of_the_old_one(path: Path, copy: Path, mode: int) -> None:
    path.chmod(mode)
    restore(copy, path)
    assert path.stat().st_mode & 0o777 == mode
