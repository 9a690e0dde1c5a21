"""Promise 29: a database that was deleted, moved or replaced while it was open is noticed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    DatabaseMovedError,
    PatternUsageContext,
    Task,
    TaskResult,
    TestPattern,
)


def make(id: str) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert moved('{id}')\n",
    )


def bank_at(path: Path) -> QEReasoningBank:
    return QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal")


def side(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def delete_all(path: Path) -> None:
    for file in list(path.parent.iterdir()):
        file.unlink()


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))
    path.parent.mkdir()


def fill(path: Path) -> None:
    with bank_at(path) as bank:
        bank.store_patterns([make(f"other-{number}") for number in range(5)])


def replace(path: Path) -> None:
    fill(path.with_name("other.db"))
    os.replace(path.with_name("other.db"), path)


def create_again(path: Path) -> None:
    """What a checkout of another branch does."""
    delete_all(path)
    fill(path)


KINDS: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "deleted with its WAL": delete_all,
    "folder moved": move_folder,
    "moved": lambda path: path.rename(path.with_name("moved.db")),
    "replaced": replace,
    "created again": create_again,
    "WAL deleted": lambda path: side(path, "-wal").unlink(),
    "WAL cut off": lambda path: os.truncate(side(path, "-wal"), 0),
    "WAL index deleted": lambda path: side(path, "-shm").unlink(),
    "WAL replaced": lambda path: Path(shutil.copy(path, side(path, "-wal.new"))).rename(
        side(path, "-wal")
    ),
}


def bank_writes(path: Path) -> Iterator[Callable[[], object]]:
    bank = bank_at(path)
    bank.store_pattern(make("kept"))
    bank.search("moved")
    yield lambda: None
    yield lambda: bank.store_pattern(make("more"))
    yield lambda: bank.record_usage("kept", PatternUsageContext(success=True))
    yield lambda: bank.delete_pattern("kept")
    yield bank.close


def engine_writes(path: Path) -> Iterator[Callable[[], object]]:
    engine = LearningEngine("mover", path)
    result = TaskResult(success=True, action=AgentAction(strategy="fast"))
    engine.learn_from_execution(Task(type="unit"), result)
    yield lambda: None
    yield lambda: engine.learn_from_execution(Task(type="unit"), result)
    yield lambda: engine.set_enabled(False)
    yield engine.flush
    yield engine.close


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("writes_of", [bank_writes, engine_writes])
def test_moved_file(
    kind: str,
    writes_of: Callable[[Path], Iterator[Callable[[], object]]],
    tmp_path: Path,
    promise: Callable[..., None],
) -> None:
    path = tmp_path / ".aqe" / "aqe.db"
    start, *writes, close = writes_of(path)
    start()
    KINDS[kind](path)
    for write in writes:
        with pytest.raises(DatabaseMovedError, match=r"while (it|aqe.db) was open") as caught:
            write()
        assert caught.value.path == path
    close()
    promise(29, f"{len(KINDS)} kinds x {len(writes)} writes of bank and engine: 0 acknowledged")


@pytest.mark.parametrize(
    "kind", ["deleted", "deleted with its WAL", "folder moved", "moved", "replaced"]
)
def test_moved_file_answers_no_search(kind: str, tmp_path: Path) -> None:
    path = tmp_path / ".aqe" / "aqe.db"
    bank = bank_at(path)
    bank.store_pattern(make("kept"))
    assert bank.search("moved")
    KINDS[kind](path)
    with pytest.raises(DatabaseMovedError):
        bank.search("moved")  # from the cache
    with pytest.raises(DatabaseMovedError):
        bank.get_pattern("kept")
    bank.close()


@pytest.mark.parametrize("kind", ["replaced", "created again"])
def test_closing_a_replaced_file_harms_neither_the_new_one_nor_its_wal(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / ".aqe" / "aqe.db"
    bank = bank_at(path)
    bank.store_pattern(make("kept"))
    KINDS[kind](path)
    if kind == "replaced":
        bank.close()
    with bank_at(path) as new:
        new.store_pattern(make("acknowledged"))
        if kind == "created again":
            bank.close()
        assert new.get_statistics().patterns == 6
    with bank_at(path) as again:
        assert again.get_pattern("acknowledged") is not None
        assert again.check() == []


@pytest.mark.parametrize("kind", ["WAL deleted", "WAL index deleted"])
def test_closing_after_a_side_file_was_deleted_keeps_what_was_acknowledged(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / ".aqe" / "aqe.db"
    bank = bank_at(path)
    bank.store_pattern(make("kept"))
    KINDS[kind](path)
    bank.close()
    with bank_at(path) as again:
        assert again.get_pattern("kept") is not None
        assert again.check() == []
