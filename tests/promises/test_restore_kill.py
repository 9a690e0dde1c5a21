"""Promise 28: restore and repair, killed beside a leftover log, leave the old file or the new one.

A child is killed at every line of the code that moves files, and at random moments within SQLite.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, SimpleNamespace

import apsw
import pytest

from aqe.maintenance import repair_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import DatabaseError, TestPattern, back_up, restore
from aqe.schema.database.files import file_exchange, file_replacement

from .line_kill import kill_at_line

SEED = 20261125
TRACED = str(Path("database", "files", ""))
# Salvage copies row by row into a file that nobody sees yet; its random kills are enough.
ROWS = "salvage.py"
BACKED_UP = {f"p{number}" for number in range(20)}
ALL = {f"p{number}" for number in range(40)}
MODULES = (file_exchange, file_replacement)  # imported before lines are counted


def make(id: str) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert keep('{id}')\n" + "# long\n" * 60,
    )


def store(path: Path, ids: range) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(16)) as bank:
        bank.store_patterns([make(f"p{number}") for number in ids])


def store_and_die(path: Path) -> None:
    """Acknowledges 20 patterns, which are in the log alone when the process is killed."""
    bank = QEReasoningBank(path, encoder=HashingEncoder(16))
    bank.store_patterns([make(f"p{number}") for number in range(20, 40)])
    os.kill(os.getpid(), signal.SIGKILL)


def ids(path: Path) -> set[str]:
    connection = apsw.Connection(str(path))
    try:
        return {str(row[0]) for row in connection.execute("select id from patterns")}
    finally:
        connection.close()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def template(tmp_path: Path, forked: Callable[..., int]) -> Path:
    """A bank whose newest 20 patterns are in the log of a killed writer, and an older backup."""
    folder = tmp_path / "template"
    folder.mkdir()
    path = folder / "bank.db"
    store(path, range(20))
    back_up(path, folder / "copy.db")
    os.waitpid(forked(store_and_die, path), 0)
    assert Path(f"{path}-wal").stat().st_size
    return folder


def leave(path: Path) -> None:
    """The database with its log."""


def lose(path: Path) -> None:
    """The log alone."""
    path.unlink()


def empty(path: Path) -> None:
    """The log next to an empty file."""
    path.write_bytes(b"")


def spoil_header(path: Path) -> None:
    """The log next to what SQLite cannot open; the first page is not in the log."""
    path.write_bytes(b"x" * 100 + path.read_bytes()[100:])
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink()
    Path(f"{path}-wal").write_bytes(b"log of a lost file")


def spoil_page(path: Path) -> None:
    """A page of the file is lost, and the newest rows are in its log."""
    shutil.copytree(path.parent, folder := path.parent / "look")
    connection = apsw.Connection(str(folder / path.name))
    pages = connection.execute(
        "select pageno from dbstat where name = 'patterns' and pagetype = 'leaf' order by pageno"
    ).fetchall()
    connection.close()
    shutil.rmtree(folder)
    data = path.read_bytes()
    at = (int(str(pages[0][0])) - 1) * 4096
    path.write_bytes(data[:at] + bytes(4096) + data[at + 4096 :])


def restore_copy(path: Path) -> None:
    restore(path.with_name("copy.db"), path)


def repair(path: Path) -> None:
    repair_database(path)


def check_old_or_new(path: Path, log: str | None) -> str:
    """After a killed restore: the old state or the backup; nothing acknowledged is lost."""
    if not path.exists() or not path.stat().st_size or path.read_bytes()[:1] == b"x":
        assert log in {digest(file) for file in path.parent.glob("bank.db*-wal")}
        return "old"
    found = ids(path)
    if log is not None:
        assert found == BACKED_UP
        assert log in {digest(file) for file in path.parent.glob("bank.db.replaced-*-wal")}
        return "new"
    if found == ALL:
        return "old"
    assert found == BACKED_UP
    before = digest(path)
    kept = list(path.parent.glob("bank.db.replaced-*Z"))
    assert [ids(file) for file in kept] == [ALL]
    assert digest(path) == before  # opening one does not change the other
    return "new"


def check_repairable(path: Path, log: str | None) -> str:
    """After a killed repair: all that can be read of file and log is there, or repair finds it."""
    report = repair_database(path)
    assert report.after == ()
    assert len(ids(path)) > 20
    assert {f"p{number}" for number in range(20, 40)} <= ids(path)
    is_damaged = any(problem.repair == "salvage" for problem in report.before)
    return "old" if is_damaged else "new"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is killed, next to what, and what must hold afterwards."""

    name: str
    damage: Callable[[Path], None]
    act: Callable[[Path], None]
    check: Callable[[Path, str | None], str]
    keeps_log: bool = False
    exchanges: bool = True


SCENARIOS = (
    Scenario("restore", leave, restore_copy, check_old_or_new),
    Scenario("restore by copy", leave, restore_copy, check_old_or_new, exchanges=False),
    Scenario("restore over a lost file", lose, restore_copy, check_old_or_new, keeps_log=True),
    Scenario("restore over an empty file", empty, restore_copy, check_old_or_new, keeps_log=True),
    Scenario("restore over a lost header", spoil_header, restore_copy, check_old_or_new, True),
    Scenario("repair", spoil_page, repair, check_repairable),
    Scenario("repair by copy", spoil_page, repair, check_repairable, exchanges=False),
)


def moves_files(code: CodeType) -> bool:
    """Returns whether a line of this code is one to be killed at."""
    is_row = code.co_filename.endswith(ROWS) and code.co_name != "salvage_in_place"
    return TRACED in code.co_filename and not is_row


def act(scenario: Scenario, path: Path, line: int) -> None:
    if not scenario.exchanges:
        vars(ctypes)["CDLL"] = lambda *_, **__: SimpleNamespace()  # in the child alone
    if line:
        kill_at_line(line, moves_files)
    scenario.act(path)
    sys.settrace(None)


def prepare(template: Path, scenario: Scenario, number: int) -> tuple[Path, str | None]:
    path = template.with_name(f"{scenario.name}-{number}") / "bank.db"
    shutil.copytree(template, path.parent)
    scenario.damage(path)
    return path, digest(Path(f"{path}-wal")) if scenario.keeps_log else None


def settle(scenario: Scenario, path: Path, log: str | None, killed: int) -> tuple[str, bool]:
    """Waits for the child, checks what it left; returns that, and whether it was killed."""
    code = os.waitstatus_to_exitcode(os.waitpid(killed, 0)[1])
    assert code in (0, -signal.SIGKILL)
    assert all(file.stat().st_nlink == 1 for file in path.parent.iterdir())
    left = scenario.check(path, log)
    shutil.rmtree(path.parent)
    return left, code != 0


@pytest.mark.parametrize("every", [23, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_killed_at_every_line(
    every: int,
    scenario: Scenario,
    template: Path,
    forked: Callable[..., int],
    promise: Callable[..., None],
) -> None:
    counts = {"old": 0, "new": 0}
    line = every
    while True:
        path, log = prepare(template, scenario, line)
        left, was_killed = settle(scenario, path, log, forked(act, scenario, path, line))
        if not was_killed:
            break
        counts[left] += 1
        line += every
    promise(
        28,
        f"{sum(counts.values())} kills: {counts['old']} old, {counts['new']} new, 0 lost",
        part=f"{scenario.name}, at lines",
    )
    assert counts["old"] + counts["new"] >= 100 // every
    assert left == "new"


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("scenario", [SCENARIOS[0], SCENARIOS[5]], ids=lambda one: one.name)
def test_killed_at_a_random_moment(
    kills: int,
    scenario: Scenario,
    template: Path,
    forked: Callable[..., int],
    promise: Callable[..., None],
) -> None:
    rng = random.Random(SEED)
    path, log = prepare(template, scenario, 0)
    started = time.perf_counter()
    settle(scenario, path, log, forked(act, scenario, path, 0))
    longest = time.perf_counter() - started
    counts = {"old": 0, "new": 0}
    for number in range(1, kills + 1):
        path, log = prepare(template, scenario, number)
        child = forked(act, scenario, path, 0)
        time.sleep(rng.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        left, _ = settle(scenario, path, log, child)
        counts[left] += 1
    promise(
        28,
        f"{kills} kills: {counts['old']} old, {counts['new']} new, 0 lost",
        part=f"{scenario.name}, at random",
        seed=SEED,
    )


def test_a_restore_next_to_a_leftover_log_keeps_it_out(template: Path) -> None:
    path = template / "bank.db"
    path.unlink()
    log = digest(Path(f"{path}-wal"))
    report = restore(template / "copy.db", path)
    assert ids(path) == BACKED_UP
    assert report.replaced is None
    assert [digest(file) for file in report.side_files if file.name.endswith("-wal")] == [log]


def test_a_failed_exchange_is_undone(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = template / "bank.db"

    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(vars(ctypes), "CDLL", lambda *_, **__: SimpleNamespace(renameat2=refuse))
    with pytest.raises(DatabaseError, match="No space left"):
        restore(template / "copy.db", path)
    assert ids(path) == ALL
    assert not list(template.glob("*replaced*")) + list(template.glob(".*"))
