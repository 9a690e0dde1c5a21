"""Promise 4: agents that write, people who search, a backup and a check at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.learning import LearningEngine
from aqe.maintenance import check_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    Database,
    PatternUsageContext,
    Task,
    TaskResult,
    TestPattern,
    back_up,
)

LOG_LIMIT = 64 * 1024 * 1024


def write(path: Path, name: str, seconds: float, out: Path) -> None:
    done, ends = 0, time.monotonic() + seconds
    result = TaskResult(success=True, action=AgentAction(strategy="fast"))
    with Database(path, durability="normal") as database:
        bank = QEReasoningBank(database, encoder=HashingEncoder(64))
        engine = LearningEngine(name, database)
        while time.monotonic() < ends:
            id = f"{name}-{done}"
            pattern = TestPattern(
                id=id,
                name=f"test_{id}",
                category="unit",
                framework="pytest",
                language="python",
                template=f"def test_it():\n    assert mixed('{id}')\n",
            )
            assert bank.store_pattern(pattern).status == "created"
            bank.record_usage(id, PatternUsageContext(success=True, agent_id=name))
            engine.learn_from_execution(Task(id=id, type="unit", description="d"), result)
            done += 1
    out.write_text(str(done))


def ask(path: Path, name: str, seconds: float, out: Path) -> None:
    done, ends = 0, time.monotonic() + seconds
    with QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal") as bank:
        while time.monotonic() < ends:
            assert len(bank.find_pattern(f"mixed {name} {done}")) <= 10
            done += 1
    out.write_text(str(done))


def copy(path: Path, name: str, seconds: float, out: Path) -> None:
    done, ends = 0, time.monotonic() + seconds
    while time.monotonic() < ends:
        back_up(path, out.with_suffix(".db"), overwrite=True)
        done += 1
        time.sleep(0.5)
    out.write_text(str(done))


def check(path: Path, name: str, seconds: float, out: Path) -> None:
    done, ends = 0, time.monotonic() + seconds
    while time.monotonic() < ends:
        assert check_database(path).problems == ()
        done += 1
        time.sleep(0.5)
    out.write_text(str(done))


@pytest.mark.parametrize(
    ("each", "seconds"), [(2, 2.0), pytest.param(6, 60.0, marks=pytest.mark.slow)]
)
def test_mixed_load(
    each: int,
    seconds: float,
    path: Path,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    Database(path).close()
    roles = [(write, f"writer{n}") for n in range(each)] + [(ask, f"asker{n}") for n in range(each)]
    roles += [(copy, "copier"), (check, "checker")]
    joined([forked(role, path, name, seconds, tmp_path / name) for role, name in roles])
    log = path.with_name(path.name + "-wal")
    log_bytes = log.stat().st_size if log.exists() else 0
    sound(path)
    counts = {name: int((tmp_path / name).read_text()) for _, name in roles}
    promise(
        4,
        f"{seconds:.0f} s: {sum(v for k, v in counts.items() if k.startswith('writer')):,} rounds"
        f" of store, use and learn, {sum(v for k, v in counts.items() if k.startswith('asker')):,}"
        f" searches, {counts['copier']} backups, {counts['checker']} checks: 0 errors, log"
        f" {log_bytes / 1e6:.1f} MB, sound",
    )
    assert log_bytes <= LOG_LIMIT
