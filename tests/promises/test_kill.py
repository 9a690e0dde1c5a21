"""Promise 1: what was acknowledged is there after kill -9, and nothing is half written."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import AgentAction, Database, PatternUsageContext, Task, TaskResult, TestPattern

SEED = 20260917
WRITERS = 2
KILLS_PER_FILE = 20


def write_forever(path: Path, log: Path, name: str) -> None:
    """Stores, uses and learns; records on the disk what was acknowledged."""
    acknowledged = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def acknowledge(kind: str, key: str) -> None:
        os.write(acknowledged, f"{kind} {key}\n".encode())
        os.fdatasync(acknowledged)

    with Database(path, durability="normal") as database:
        bank = QEReasoningBank(database, encoder=HashingEncoder(64))
        engine = LearningEngine("writer", database)
        for number in range(1_000_000):
            key = f"{name}-{number}"
            bank.store_pattern(_pattern(key))
            acknowledge("pattern", key)
            bank.record_usage(key, PatternUsageContext(success=True, agent_id=name))
            acknowledge("use", key)
            result = TaskResult(success=True, action=AgentAction(strategy="fast"))
            task = Task(id=key, type="unit", description="kill me")
            engine.learn_from_execution(task, result, experience_id=key)
            acknowledge("experience", key)


def _pattern(key: str) -> TestPattern:
    return TestPattern(
        id=key,
        name=f"test_{key}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert store('{key}')\n",
    )


def acknowledged(log: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"pattern": set(), "use": set(), "experience": set()}
    if log.exists():
        for line in log.read_text().splitlines():
            kind, key = line.split()
            found[kind].add(key)
    return found


def stored(path: Path) -> dict[str, set[str]]:
    with Database(path) as database, database.read() as connection:
        return {
            "pattern": {row[0] for row in connection.execute("select id from patterns")},
            "use": {row[0] for row in connection.execute("select pattern_id from pattern_usage")},
            "experience": {
                row[0] for row in connection.execute("select experience_id from learning_history")
            },
        }


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_kill(
    kills: int,
    tmp_path: Path,
    forked: Callable[..., int],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    rng = random.Random(SEED)
    total = lost = unacknowledged = 0
    for number in range(kills):
        path = tmp_path / f"bank-{number // KILLS_PER_FILE}.db"
        log = tmp_path / f"log-{number // KILLS_PER_FILE}"
        children = [forked(write_forever, path, log, f"{number}.{w}") for w in range(WRITERS)]
        time.sleep(rng.uniform(0.03, 0.25))
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if not path.exists():
            continue
        wanted, there = acknowledged(log), stored(path)
        lost += sum(len(wanted[kind] - there[kind]) for kind in wanted)
        # A writer may die between its commit and its note, and has one such write at most.
        extra = sum(len(there[kind] - wanted[kind]) for kind in wanted)
        assert extra <= (number % KILLS_PER_FILE + 1) * WRITERS
        if number % KILLS_PER_FILE == KILLS_PER_FILE - 1 or number == kills - 1:
            total += sum(map(len, wanted.values()))
            unacknowledged += extra
        sound(path)
    promise(
        1,
        f"{kills} kills of {WRITERS} writers: {lost} of {total:,} acknowledged writes lost, 0"
        " partial (rows, words, vectors, Q-values agree)",
        seed=SEED,
    )
    assert lost == 0
    assert total > kills
