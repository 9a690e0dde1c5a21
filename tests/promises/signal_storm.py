"""Interrupts the calls of a bank and an engine: ``signal_storm.py steps|random NUMBER DATABASE``.

A program of its own, run by ``test_signals.py``: a tracer such as that of coverage has locks, which
an interrupt would leave locked.
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

SEED = 20261125
STORED = 60
STEPPED = (
    "record_usage",
    "learn_from_execution",
    "get_pattern",
    "search",
    "search by text",
    "set_enabled",
    "recommend_strategy",
    "delete_pattern",
)

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

    def calls(self) -> dict[str, Call]:
        bank, engine, folder = self.bank, self.engine, self.path.parent
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


def open_world(path: Path) -> World:
    """Fills a bank and teaches an engine over the same file."""
    database = Database(path, durability="normal")
    bank = QEReasoningBank(database, encoder=HashingEncoder(64))
    bank.store_patterns([make(f"p{number}") for number in range(STORED)])
    bank.store_pattern(make("changed"))
    bank.store_pattern(replace(make("changed"), template="def test_it():\n    assert later()\n"))
    bank.export_patterns(path.with_name("in.jsonl"))
    bank.save_to_registry(path.with_name("registry"))
    created = World(path, database, bank, LearningEngine("signalled", database))
    created.use()
    created.learn()
    created.search()
    return created


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


def interrupt_every_step(world: World, stride: int) -> int:
    """Interrupts eight calls at every ``stride``-th of their steps; returns how many."""
    calls = world.calls()
    total = 0
    for name in STEPPED:
        for step in count(1 + total % stride, stride):
            if not interrupted_at(calls[name], step):
                break
            total += 1
            world.interrupts += 1
            world.require_usable()
    world.require_complete()
    return total


def send_interrupt(signum: int, frame: FrameType | None) -> None:
    """Sends SIGINT when the alarm rings."""
    signal.raise_signal(signal.SIGINT)


def interrupt_at_random(world: World, signals: int) -> int:
    """Interrupts each call at random moments; returns how many calls there are."""
    rng = random.Random(SEED)
    calls = world.calls()
    signal.signal(signal.SIGINT, interrupt)
    for call in calls.values():
        for number in range(signals):
            signal.signal(signal.SIGALRM, send_interrupt if number % 2 else interrupt)
            until_interrupted(call, rng.uniform(0.0005, 0.02))
            world.interrupts += 1
            world.require_usable()
    world.require_complete()
    return len(calls)


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


if __name__ == "__main__":
    kind, number, file = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    opened = open_world(file)
    done = {"steps": interrupt_every_step, "random": interrupt_at_random}[kind](opened, number)
    print(done, opened.interrupts)
