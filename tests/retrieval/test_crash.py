"""A process killed while it stores: what was acknowledged is there, nothing is there in part."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import TestPattern

WRITER = """
import os, sys
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext, TestPattern

bank = QEReasoningBank(sys.argv[1], encoder=HashingEncoder(64), durability="normal").initialize()
acknowledged = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def acknowledge(line):
    os.write(acknowledged, line.encode() + b"\\n")
    os.fdatasync(acknowledged)
def pattern(id, round=0):
    return TestPattern(id=id, name=f"test {id}", category="unit", framework="pytest",
                       language="python", template=f"assert compute({round})", tags=["a", id])
acknowledge("ready")
for number in range(100_000):
    id = f"{sys.argv[3]}-{number}"
    bank.store_patterns([pattern(id), pattern(id + "-twin")])
    acknowledge(f"stored {id}")
    bank.record_usage(id, PatternUsageContext(success=True))
    acknowledge(f"used {id}")
    if number % 3 == 0:
        bank.store_pattern(pattern(id, round=1))
        acknowledge(f"changed {id}")
"""


@pytest.mark.slow
def test_kill_while_storing_loses_nothing_acknowledged(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    path, total = tmp_path / "bank.db", 0
    for point in range(20):
        acks = tmp_path / f"acks-{point}"
        process = start_python(WRITER, path, acks, point)
        deadline = time.monotonic() + 30
        while not (acks.exists() and acks.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.25))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        total += _check(path, acks.read_text().split("\n")[1:-1])
    print(f"{total} acknowledged")
    assert total > 100


def _check(path: Path, acknowledged: list[str]) -> int:
    """Holds the acknowledged changes against the bank and its indexes against each other."""
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        for line in acknowledged:
            what, id = line.split()
            stored = bank.get_pattern(id)
            assert stored is not None, line
            assert bank.get_pattern(f"{id}-twin") is not None, line
            if what == "used":
                assert stored.usage_count == 1, line
            if what == "changed":
                assert (stored.version, stored.template) == (2, "assert compute(1)"), line
        with bank.database.read() as connection:

            def count(sql: str) -> object:
                return connection.execute(f"select count(*) from {sql}").get

            patterns = count("patterns")
            for table in ("patterns_fts", "pattern_embeddings"):
                assert count(table) == patterns, table
            assert count("pattern_tags") == count("patterns") + count("patterns")  # type: ignore[operator]
            assert count("patterns where id like '%-twin'") == count(
                "patterns where id not like '%-twin'"
            )
            assert count("pattern_usage") == count("patterns where usage_count = 1")
            assert count("pattern_versions") == count("patterns where version = 2")
            assert connection.pragma("integrity_check") == "ok"
        last = bank.list_patterns(order="created", limit=1)
        if last:
            assert bank.search(last[0].name, limit=5)
    return len(acknowledged)


WRITER_IN_TURN = """
import sys
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext, TestPattern
with QEReasoningBank(sys.argv[1], encoder=HashingEncoder(64), durability="normal") as bank:
    for number in range(25):
        bank.store_pattern(TestPattern(
            id=f"{sys.argv[2]}-{number}", name=f"test {number}", category="unit",
            framework="pytest", language="python", template="x = 1"))
        bank.record_usage("shared", PatternUsageContext(success=number % 2 == 0))
"""


def test_processes_storing_and_using_at_once_lose_nothing(
    path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(
            TestPattern(
                id="shared", name="s", category="unit", framework="ava", language="javascript",
                template="x",
            )
        )  # fmt: skip
        processes = [start_python(WRITER_IN_TURN, path, number) for number in range(4)]
        for process in processes:
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
        shared = bank.get_pattern("shared")
        assert shared is not None
        assert (shared.usage_count, shared.success_rate) == (100, 0.52)
        assert bank.get_statistics().patterns == 101
        assert len(bank.search("test", limit=200, mode="vector")) == 101
