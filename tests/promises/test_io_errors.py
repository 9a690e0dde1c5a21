"""Promise 5: an I/O error at any place is survived: nothing acknowledged is lost, nothing corrupt.

SQLite's N-loop: the work is run once to count its file operations, then repeatedly with the
n-th of them failing, through a VFS written in Python, which cannot intercept shared memory.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    AqeError,
    Database,
    PatternUsageContext,
    Task,
    TaskResult,
    TestPattern,
)

SEED = 20260918
KINDS = ("ioerr", "full", "torn")


class Faults:
    """The operation that fails, and how; 0 counts without failing."""

    def __init__(self) -> None:
        self.count = self.at = 0
        self.kind = "ioerr"

    def due(self, *, kinds: tuple[str, ...]) -> bool:
        self.count += 1
        return self.count == self.at and self.kind in kinds

    def raise_(self, code: int) -> None:
        error = apsw.exception_for(apsw.SQLITE_FULL if self.kind == "full" else code)
        raise error


class FaultyFile(apsw.VFSFile):
    """A file whose n-th operation fails."""

    def __init__(self, name: apsw.URIFilename | str, flags: list[int], faults: Faults) -> None:
        super().__init__("unix", name, flags)
        self._faults = faults

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        if self._faults.due(kinds=("ioerr",)):
            self._faults.raise_(apsw.SQLITE_IOERR_READ)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._faults.due(kinds=KINDS):
            if self._faults.kind == "torn":
                super().xWrite(data[: len(data) // 2], offset)
            self._faults.raise_(apsw.SQLITE_IOERR_WRITE)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._faults.due(kinds=("ioerr", "full")):
            self._faults.raise_(apsw.SQLITE_IOERR_FSYNC)
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        if self._faults.due(kinds=("ioerr",)):
            self._faults.raise_(apsw.SQLITE_IOERR_TRUNCATE)
        super().xTruncate(size)


class FaultyVFS(apsw.VFS):
    """A VFS with faults over the system's; becomes the default."""

    def __init__(self, faults: Faults) -> None:
        super().__init__("faulty", "unix", makedefault=True)
        self._faults = faults

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return FaultyFile(name or "", flags, self._faults)


def pattern(id: str, word: str = "holds") -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert {word}('{id}')\n",
    )


def steps(database: Database) -> list[tuple[str, Callable[[], object]]]:
    """The work: everything that writes, each step safe to repeat."""
    bank = QEReasoningBank(database, encoder=HashingEncoder(64))
    engine = LearningEngine("worker", database)
    result = TaskResult(success=True, action=AgentAction(strategy="fast"))
    return [
        ("store a", lambda: bank.store_pattern(pattern("a"))),
        ("update old", lambda: bank.store_pattern(pattern("old", "still"))),
        ("store b c", lambda: bank.store_patterns([pattern("b"), pattern("c")])),
        (
            "learn",
            lambda: engine.learn_from_execution(
                Task(id="t", type="unit", description="d"), result, experience_id="e"
            ),
        ),
        ("use", lambda: bank.record_usage("old", PatternUsageContext(success=True))),
        ("delete", lambda: bank.delete_pattern("doomed")),
        ("search", lambda: bank.find_pattern("holds old")),
        ("store d", lambda: bank.store_pattern(pattern("d"))),
    ]


DONE: dict[str, str] = {
    "store a": "select count(*) = 1 from patterns where id = 'a'",
    "update old": "select version = 2 from patterns where id = 'old'",
    "store b c": "select count(*) = 2 from patterns where id in ('b', 'c')",
    "learn": "select count(*) = 1 from learning_history where experience_id = 'e'",
    "use": "select usage_count >= 1 from patterns where id = 'old'",
    "delete": "select count(*) = 0 from patterns where id = 'doomed'",
    "search": "select 1",
    "store d": "select count(*) = 1 from patterns where id = 'd'",
}


def work(path: Path) -> tuple[set[str], set[str]]:
    """Runs all steps; returns those that were acknowledged and those that raised our errors."""
    acknowledged, failed = set(), set()
    try:
        with Database(path, durability="full") as database:
            for name, step in steps(database):
                try:
                    step()
                    acknowledged.add(name)
                except AqeError:
                    failed.add(name)
    except AqeError:
        failed.add("open")
    except apsw.Error:  # closing a connection whose log cannot be written
        failed.add("close")
    return acknowledged, failed


def loop(
    template: Path, folder: Path, share: float, seed: int, sound: Callable[[Path], None]
) -> None:
    """Fails each operation in turn, in a process of its own: the VFS is process-wide."""
    faults = Faults()
    vfs = FaultyVFS(faults)
    path = folder / "bank.db"
    rng = random.Random(seed)
    points = lost = repeated = raised = 0
    shutil.copy(template, path)
    work(path)
    total = faults.count
    for kind in KINDS:
        for n in range(1, total + 1):
            if rng.random() > share:
                continue
            for old in folder.glob("bank.db*"):
                old.unlink()
            shutil.copy(template, path)
            faults.count, faults.at, faults.kind = 0, n, kind
            acknowledged, failed = work(path)
            faults.at = 0
            points += 1
            raised += bool(failed)
            with Database(path) as database, database.read() as connection:
                lost += sum(not connection.execute(DONE[name]).get for name in acknowledged)
            sound(path)
            again, failed = work(path)
            repeated += bool(failed) or len(again) != len(DONE)
            sound(path)
    del vfs
    (folder / "figure").write_text(f"{total} {points} {raised} {lost} {repeated}")


@pytest.mark.parametrize("share", [0.012, pytest.param(0.7, marks=pytest.mark.slow)])
def test_io_errors(
    share: float,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    template = tmp_path / "template.db"
    with QEReasoningBank(template, encoder=HashingEncoder(64)) as bank:
        bank.store_patterns([pattern("old"), pattern("doomed"), pattern("other")])
    folder = tmp_path / "work"
    os.mkdir(folder)
    joined([forked(loop, template, folder, share, SEED, sound)])
    total, points, raised, lost, repeated = map(int, (folder / "figure").read_text().split())
    promise(
        5,
        f"{points} points of {total} operations x {len(KINDS)} kinds: {raised} raised one of our"
        f" errors, {lost} acknowledged lost, 0 corrupt, {repeated} failed when repeated",
        seed=SEED,
    )
    assert lost == repeated == 0
    assert raised > 0
