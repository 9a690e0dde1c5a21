"""Promise 30: no signal, whenever it comes, leaves a transaction open or loses what was stored.

Handlers that raise are what Ctrl-C does, and time limits such as pytest-timeout's.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import apsw
import pytest

from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    Database,
    PatternUsageContext,
    Task,
    TaskResult,
    TestPattern,
)

# Python swallows what a handler raises while a generator is freed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SEED = 20261125
STORED = 60

Call = Callable[[], object]


class Interrupted(BaseException):
    """Raised by the handlers of this test."""


def interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted


def make(id: str) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert signal('{id}')\n",
        tags=["signal"],
    )


@dataclass
class World:
    """A bank and an engine over one file, and what they have acknowledged."""

    path: Path
    database: Database
    bank: QEReasoningBank
    engine: LearningEngine
    numbers: Iterator[int] = field(default_factory=count)
    stored: set[str] = field(default_factory=set)
    uses: int = 0
    learned: set[str] = field(default_factory=set)
    interrupts: int = 0

    def store(self) -> None:
        id = f"new-{next(self.numbers)}"
        self.bank.store_pattern(make(id))
        self.stored.add(id)

    def store_many(self) -> None:
        ids = [f"new-{next(self.numbers)}" for _ in range(5)]
        self.bank.store_patterns([make(id) for id in ids])
        self.stored.update(ids)

    def use(self) -> None:
        self.bank.record_usage("p1", PatternUsageContext(success=True, agent_id="a"))
        self.uses += 1

    def learn(self) -> None:
        id = f"experience-{next(self.numbers)}"
        result = TaskResult(success=True, action=AgentAction(strategy="fast"))
        self.engine.learn_from_execution(Task(type="unit"), result, experience_id=id)
        self.learned.add(id)

    def search(self) -> None:
        self.bank.search(f"signal {next(self.numbers)}")

    def calls(self, folder: Path) -> dict[str, Call]:
        bank, engine = self.bank, self.engine
        return {
            "store_pattern": self.store,
            "store_patterns": self.store_many,
            "record_usage": self.use,
            "learn_from_execution": self.learn,
            "search": self.search,
            "search by text": lambda: bank.search(f"s {next(self.numbers)}", mode="text"),
            "search again": lambda: bank.search("signal"),
            "get_pattern": lambda: bank.get_pattern("p1"),
            "get_provenance": lambda: bank.get_provenance("p1"),
            "get_usage": lambda: bank.get_usage("p1"),
            "list_patterns": bank.list_patterns,
            "search_by_tags": lambda: bank.search_by_tags(["signal"]),
            "find_similar_patterns": lambda: bank.find_similar_patterns("p1"),
            "get_statistics": bank.get_statistics,
            "get_version_history": lambda: bank.get_version_history("p1"),
            "restore_version": lambda: bank.restore_version("changed", 1),
            "delete_pattern": lambda: bank.delete_pattern("none"),
            "forget": lambda: bank.forget(agent_id="nobody"),
            "export_patterns": lambda: bank.export_patterns(folder / "out.jsonl"),
            "import_patterns": lambda: bank.import_patterns(folder / "in.jsonl"),
            "save_to_registry": lambda: bank.save_to_registry(folder / "registry"),
            "load_from_registry": lambda: bank.load_from_registry(folder / "registry"),
            "reindex": bank.reindex,
            "check": bank.check,
            "repair": bank.repair,
            "recommend_strategy": lambda: engine.recommend_strategy(Task(type="unit")),
            "select_action": lambda: engine.select_action(Task(type="unit"), ["fast", "slow"]),
            "get_analytics": engine.get_analytics,
            "get_q_value": lambda: engine.get_q_value(Task(type="unit"), "fast"),
            "set_enabled": lambda: engine.set_enabled(True),
            "flush": engine.flush,
            "export": engine.export,
        }

    def require_usable(self) -> None:
        """Fails unless nothing is locked and the same objects go on."""
        other = apsw.Connection(str(self.path))
        other.set_busy_timeout(200)
        other.execute("begin immediate; rollback")
        other.close()
        assert not self.database.connection().in_transaction
        assert self.bank.get_pattern("p1") is not None

    def require_complete(self) -> None:
        """Fails unless a new opener finds everything that was acknowledged."""
        mine = self.engine.export()
        with Database(self.path) as database:
            bank = QEReasoningBank(database, encoder=HashingEncoder(64))
            assert bank.check() == []
            assert self.stored <= {pattern.id for pattern in bank.list_patterns(limit=None)}
            pattern = bank.get_pattern("p1")
            assert pattern is not None
            assert self.uses <= pattern.usage_count <= self.uses + self.interrupts
            fresh = LearningEngine("signalled", database).export()
            assert fresh == mine, "the learner in memory has left the history"
            assert self.learned <= {row.experience_id for row in fresh["experiences"]}


@pytest.fixture
def world(path: Path, tmp_path: Path) -> Iterator[World]:
    with Database(path, durability="normal") as database:
        bank = QEReasoningBank(database, encoder=HashingEncoder(64))
        bank.store_patterns([make(f"p{number}") for number in range(STORED)])
        bank.store_pattern(make("changed"))
        bank.store_pattern(
            replace(make("changed"), template="def test_it():\n    assert later()\n")
        )
        bank.export_patterns(tmp_path / "in.jsonl")
        bank.save_to_registry(tmp_path / "registry")
        created = World(path, database, bank, LearningEngine("signalled", database))
        created.use()
        created.learn()
        created.search()
        yield created


def interrupted_at(call: Call, step: int) -> bool:
    """Runs a call, interrupts it at a step; returns whether it came to that step.

    Steps are the places where CPython runs signal handlers: the start of a function, and the return
    from one that is written in C.
    """
    steps = count(1)

    def raise_at(frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_return") and next(steps) == step:
            sys.setprofile(None)
            raise Interrupted

    try:
        sys.setprofile(raise_at)
        call()
    except Interrupted:
        return True
    finally:
        sys.setprofile(None)
    return next(steps) > step


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_signals_at_every_step(
    stride: int, world: World, tmp_path: Path, promise: Callable[..., None]
) -> None:
    calls = world.calls(tmp_path)
    total = 0
    for name in (
        "record_usage",
        "learn_from_execution",
        "get_pattern",
        "search",
        "search by text",
        "set_enabled",
        "recommend_strategy",
        "delete_pattern",
    ):
        for step in count(1 + total % stride, stride):
            if not interrupted_at(calls[name], step):
                break
            total += 1
            world.interrupts += 1
            world.require_usable()
    world.require_complete()
    promise(30, f"{total:,} of the steps of 8 calls: 0 locks held, 0 lost", part="every step")
    assert total > 100


def send_interrupt(signum: int, frame: FrameType | None) -> None:
    """Sends SIGINT when the alarm rings."""
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("signals", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_signals(signals: int, world: World, tmp_path: Path, promise: Callable[..., None]) -> None:
    rng = random.Random(SEED)
    calls = world.calls(tmp_path)
    before = {number: signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGINT)}
    signal.signal(signal.SIGINT, interrupt)
    try:
        for call in calls.values():
            for number in range(signals):
                signal.signal(signal.SIGALRM, send_interrupt if number % 2 else interrupt)
                until_interrupted(call, rng.uniform(0.0005, 0.02))
                world.interrupts += 1
                world.require_usable()
    finally:
        for restored, handler in before.items():
            signal.signal(restored, handler)
    world.require_complete()
    promise(
        30,
        f"{signals} SIGINT and SIGALRM at random moments in each of {len(calls)} calls:"
        f" {world.interrupts:,} interrupted, 0 locks held, 0 acknowledged lost",
        part="random",
        seed=SEED,
    )


def until_interrupted(call: Call, delay_s: float) -> None:
    """Repeats a call until an alarm interrupts it; Python may swallow one, so it rings again."""
    try:
        signal.setitimer(signal.ITIMER_REAL, delay_s, 0.5)
        while True:
            call()
    except Interrupted:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_an_interrupted_end_that_is_kept_does_not_end_a_later_transaction(world: World) -> None:
    """As in an interactive session, which keeps the last exception with its frames."""
    transaction = world.database.write()
    transaction.__enter__()  # its end never comes
    world.use()
    with world.database.write() as connection:
        connection.execute("insert into bank_facts (key, value) values ('a', 'b')")
        del transaction
        assert connection.in_transaction
    with world.database.read() as connection:
        assert connection.execute("select value from bank_facts where key = 'a'").get == "b"


def test_a_transaction_inside_another_ends_that_one_with_an_error(world: World) -> None:
    with pytest.raises(Exception, match="nothing was stored"), world.database.write():
        world.bank.get_pattern("p1")
