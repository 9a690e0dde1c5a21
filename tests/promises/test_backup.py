"""Promise 14: a backup taken while others write restores, and is whole or not there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Database, DatabaseBusyError, DatabaseError, TestPattern, back_up, restore


def make(id: str) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert keep('{id}')\n",
    )


def write_forever(path: Path, writer: int) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal") as bank:
        for number in range(1_000_000):
            assert bank.store_pattern(make(f"w{writer}-{number}")).status == "created"
            time.sleep(0.02)  # four agents in a hurry; the copies are checked row by row


@pytest.mark.parametrize("count", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_backup_beside_writers(
    count: int,
    path: Path,
    tmp_path: Path,
    forked: Callable[..., int],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    Database(path).close()
    writers = [forked(write_forever, path, writer) for writer in range(4)]
    sizes = []
    for number in range(count):
        copy = tmp_path / f"copy-{number}.db"
        sizes.append(back_up(path, copy).patterns)
        sound(copy)
        _require_prefixes(copy)
        for end in ("", "-wal", "-shm"):
            copy.with_name(copy.name + end).unlink(missing_ok=True)
    for writer in writers:
        assert os.waitpid(writer, os.WNOHANG) == (0, 0), "a writer failed"
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
    last = tmp_path / "last.db"
    report = back_up(path, last)
    target = tmp_path / "restored.db"
    assert restore(last, target).patterns == report.patterns
    sound(target)
    promise(
        14,
        f"{count} backups while 4 processes write, {sizes[0]} to {sizes[-1]} patterns: all"
        " sound, each a prefix of every writer's work; 0 writers failed",
    )
    assert sizes == sorted(sizes)


def _require_prefixes(copy: Path) -> None:
    """Fails on gaps: each writer stores its patterns in order, so a copy of one moment has none."""
    connection = apsw.Connection(str(copy))
    found: dict[str, list[int]] = {}
    for (id,) in connection.execute("select id from patterns"):
        writer, number = str(id).split("-")
        found.setdefault(writer, []).append(int(number))
    connection.close()
    for numbers in found.values():
        assert sorted(numbers) == list(range(len(numbers)))


def test_restore_keeps_what_it_replaces(path: Path, tmp_path: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(make("first"))
        copy = tmp_path / "copy.db"
        back_up(path, copy)
        bank.store_pattern(make("second"))
    report = restore(copy, path)
    assert report.replaced is not None
    for file, ids in ((path, {"first"}), (report.replaced, {"first", "second"})):
        with QEReasoningBank(file, encoder=HashingEncoder(64)) as bank:
            assert {pattern.id for pattern in bank.list_patterns()} == ids


def test_restore_refuses_while_others_have_the_file_open(
    path: Path, tmp_path: Path, forked: Callable[..., int], joined: Callable[[list[int]], None]
) -> None:
    Database(path).close()
    copy = tmp_path / "copy.db"
    back_up(path, copy)

    def refused() -> None:
        with pytest.raises(DatabaseBusyError, match="open in other processes"):
            restore(copy, path)

    ready, go_on = os.pipe()
    holder = forked(_hold, path, go_on)
    os.read(ready, 1)
    joined([forked(refused)])
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    assert not list(tmp_path.glob("*.partial*"))
    restore(copy, path)


def _hold(path: Path, ready: int) -> None:
    with Database(path) as database, database.read() as connection:
        connection.execute("select 1 from patterns").get  # noqa: B018
        os.write(ready, b"x")
        signal.pause()


def test_backup_never_overwrites_and_leaves_no_half_file(path: Path, tmp_path: Path) -> None:
    Database(path).close()
    target = tmp_path / "taken.db"
    target.write_text("mine")
    with pytest.raises(DatabaseError, match="exists"):
        back_up(path, target)
    assert target.read_text() == "mine"
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DatabaseError, match="damaged"):
        back_up(path, tmp_path / "new.db")
    assert {file.name for file in tmp_path.iterdir()} <= {"bank.db", "taken.db"} | {
        "bank.db-wal",
        "bank.db-shm",
    }
    back_up_of_nothing = tmp_path / "nothing.db"
    with pytest.raises(DatabaseError, match="no database at"):
        back_up(back_up_of_nothing, tmp_path / "new.db")
