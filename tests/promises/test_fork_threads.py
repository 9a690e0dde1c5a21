"""Promise 32: a fork next to threads that use the database gives a child that can use it too."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import AgentAction, Database, Task, TaskResult, TestPattern, back_up

TIMEOUT_S = 30
RESULT = TaskResult(success=True, action=AgentAction(strategy="fast"))


def make(id: str) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert fork('{id}')\n",
    )


def work(kind: str, bank: QEReasoningBank, engine: LearningEngine, stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        if kind == "store":
            bank.store_pattern(make(f"thread-{threading.get_ident()}-{number}"))
        elif kind == "search":
            bank.search(f"fork {number}")
        elif kind == "learn":
            engine.learn_from_execution(Task(type="unit"), RESULT)
        else:
            with Database(bank.database.path) as database, database.read() as connection:
                connection.execute("select count(*) from patterns").fetchall()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("kind", ["store", "search", "learn", "open"])
@pytest.mark.parametrize("forks", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_fork_threads(kind: str, forks: int, path: Path, promise: Callable[..., None]) -> None:
    bank = QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal")
    bank.store_patterns([make(f"p{number}") for number in range(100)])
    engine = LearningEngine("forker", bank.database)
    bank.search("fork")
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(kind, bank, engine, stop)) for _ in range(2)]
    for thread in threads:
        thread.start()
    codes = []
    try:
        for number in range(forks):
            time.sleep(0.01)
            child = os.fork()
            if child == 0:
                signal.alarm(TIMEOUT_S)
                code = 1
                try:
                    stored = bank.store_pattern(make(f"child-{number}")).status == "created"
                    bank.search(f"child {number}")
                    learned = engine.learn_from_execution(Task(type="unit"), RESULT).learned
                    code = 0 if stored and learned else 2
                finally:
                    os._exit(code)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    promise(32, f"{codes.count(0)} of {forks} children stored, searched and learned", part=kind)
    assert codes == [0] * forks
    children = {f"child-{number}" for number in range(forks)}
    assert children <= {pattern.id for pattern in bank.list_patterns(limit=None)}
    assert bank.check() == []
    bank.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_during_a_long_transaction_gives_a_child_with_a_clear_error(
    path: Path, tmp_path: Path
) -> None:
    database = Database(path)
    started, stop = threading.Event(), threading.Event()

    def hold() -> None:
        with database.read():
            started.set()
            stop.wait(TIMEOUT_S)

    thread = threading.Thread(target=hold)
    thread.start()
    started.wait(TIMEOUT_S)
    before = time.monotonic()
    child = os.fork()
    if child == 0:
        signal.alarm(TIMEOUT_S)
        try:
            back_up(path, tmp_path / "copy.db")
        except Exception as error:
            (tmp_path / "error").write_text(str(error))
        os._exit(0)
    waited_s = time.monotonic() - before
    stop.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert waited_s < 10
    assert (
        "was forked while another thread was using a database" in (tmp_path / "error").read_text()
    )
    with database.write():  # the parent continues
        pass
    database.close()
