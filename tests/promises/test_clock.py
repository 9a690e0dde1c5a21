"""Promise 38: a clock that jumps, by years and in both directions, loses and breaks nothing.

The real clock of a process is changed by libfaketime (https://github.com/wolfcw/libfaketime); the
tests are skipped where it is not installed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.maintenance import check_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Database

SEED = 20261126
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
OFFSETS = ("+0", "-50y", "+70y", "+1d", "-1d", "+30", "-30", "-55y", "+9999d")
WORKER = """
import os, sys, time
from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import *

path, seconds = sys.argv[1], float(sys.argv[2])
until, number = time.monotonic() + seconds, 0
with Database(path, durability="normal") as database:
    bank = QEReasoningBank(database, encoder=HashingEncoder(64))
    engine = LearningEngine("clock", database)
    result = TaskResult(success=True, action=AgentAction(strategy="fast"))
    while time.monotonic() < until:
        id = f"p{number % 50}"
        pattern = TestPattern(id=id, name=f"test_{id}", category="unit", framework="pytest",
            language="python", template=f"def test_it():\\n    assert clock({number})\\n")
        bank.store_pattern(pattern)
        bank.record_usage(id, PatternUsageContext(success=True, agent_id="a"))
        engine.learn_from_execution(Task(type="unit"), result)
        assert bank.search(f"clock {number}")
        engine.get_analytics()
        bank.get_version_history(id)
        number += 1
        print(number, flush=True)
"""


@pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime")
@pytest.mark.parametrize("seconds", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_clock(seconds: int, path: Path, tmp_path: Path, promise: Callable[..., None]) -> None:
    rng = random.Random(SEED)
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(path), str(seconds)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    jumps = 0
    while worker.poll() is None:
        clock.with_suffix(".new").write_text(rng.choice(OFFSETS) + "\n")
        clock.with_suffix(".new").rename(clock)
        jumps += 1
        time.sleep(0.03)
    out, errors = worker.communicate()
    assert worker.returncode == 0, errors
    rounds = len(out.splitlines())
    assert rounds > 5
    assert check_database(path).problems == ()
    with Database(path) as database:
        bank = QEReasoningBank(database, encoder=HashingEncoder(64))
        uses = sum(len(bank.get_usage(f"p{number}")) for number in range(min(rounds, 50)))
        with database.read() as connection:
            learned = connection.execute("select count(*) from learning_history").get
            years = connection.execute(
                "select min(substr(used_at, 1, 4)) || ' to ' || max(substr(used_at, 1, 4))"
                " from pattern_usage"
            ).get
    promise(
        38,
        f"{jumps} jumps of the clock, years {years}, in {rounds} rounds of store,"
        f" use, learn, search: {rounds - learned} lost, 0 errors, sound",
        seed=SEED,
    )
    assert learned == rounds
    assert uses == rounds or rounds > 50
