"""``aqe improve``: cycles, the loop from two terminals, and what it says when there is nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.learning import LearningEngine, SQLiteLearningBackend, request_stop, standard_stages
from aqe.schema import Database, Task, TaskResult, utc_now

from .learning_cli import run, run_json

START = """
import sys
from aqe.cli.learn.improve_commands import app
app(["start", "--db", sys.argv[1], "--interval", sys.argv[2], *sys.argv[3:]])
"""


def wait_for_cycle(path: Path) -> None:
    for _ in range(200):
        if path.exists():
            with SQLiteLearningBackend(path) as backend, backend.reading() as reader:
                if reader.improvement_status(limit=1).last_closed is not None:
                    return
        time.sleep(0.05)
    raise AssertionError("no cycle within 10 seconds")


def test_cycle_says_what_it_did(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        for _ in range(12):
            engine.learn_from_execution(Task(type="t"), TaskResult(success=True, action="s"))
    output = run(path, "improve", "cycle").stdout
    assert "cycle 1 done" in output
    assert "t : s promoted" in " ".join(output.split())
    document = run_json(path, "improve", "cycle")
    assert document["cycle"]["status"] == "done"
    assert [stage["stage"] for stage in document["cycle"]["stages"]] == [
        stage.name for stage in standard_stages()
    ]


def test_cycle_that_fails_ends_with_1(path: Path) -> None:
    with Database(path) as database, database.write() as connection:
        connection.execute("drop table failure_patterns")  # the stage "suggest" reads it
    output = " ".join(run(path, "improve", "cycle", code=1).stdout.split())
    assert "failed: DatabaseError: cannot use" in output
    assert run_json(path, "improve", "cycle", code=1)["cycle"]["status"] == "failed"
    output = " ".join(run(path, "improve", "status").stdout.split())
    assert "last error: cycle 2, suggest: DatabaseError: cannot use" in output
    assert "last success: never" in output
    assert run_json(path, "improve", "status")["last_error"]["stage"] == "suggest"


def test_status_before_anything_happened(empty: Path) -> None:
    output = run(empty, "improve", "status").stdout
    assert "never started" in output
    assert "no data" in output
    document = run_json(empty, "improve", "status")
    assert (document["running"], document["loop"], document["cycles"]) == (False, None, 0)


def test_status_shows_stages_and_standings(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        engine.learn_from_execution(Task(type="t"), TaskResult(success=True, action="s"))
    run(path, "improve", "cycle")
    output = " ".join(run(path, "improve", "status").stdout.split())
    assert "1 cycle;" in output
    assert "strategies: 1 candidate" in output
    assert run_json(path, "improve", "status")["standings"] == {"candidate": 1}


def test_stop_without_a_loop_says_so(empty: Path) -> None:
    assert "nothing to stop" in run(empty, "improve", "stop").stdout
    assert run_json(empty, "improve", "stop")["was_running"] is False


@pytest.mark.parametrize("interval", ["0", "-1", "inf", "nan"])
def test_start_refuses_an_interval(path: Path, interval: str) -> None:
    result = run(path, "improve", "start", "--interval", interval, code=2)
    assert "'--interval'" in result.stderr


def test_loop_is_stopped_from_another_terminal(
    path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    loop = start_python(START, path, 60, "--json")
    wait_for_cycle(path)
    status = run_json(path, "improve", "status")
    assert (status["running"], status["loop"]["process_id"]) == (True, loop.pid)
    assert "the loop has run since" in run(path, "improve", "status").stdout
    assert f"asked process {loop.pid}" in run(path, "improve", "stop").stdout
    output, errors = loop.communicate(timeout=15)
    assert loop.returncode == 0, errors
    assert json.loads(output)["ended"] == "stopped"
    assert "it was stopped at" in run(path, "improve", "status").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_loop_ends_well_on_a_signal(
    path: Path, start_python: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    loop = start_python(START, path, 60)
    wait_for_cycle(path)
    loop.send_signal(number)
    output, errors = loop.communicate(timeout=15)
    assert loop.returncode == 0, errors
    assert "the loop was interrupted" in output
    assert "cycle 1 done" in output


def test_loop_that_was_killed_is_told_dead_and_can_be_started_again(
    path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    loop = start_python(START, path, 60)
    wait_for_cycle(path)
    loop.kill()
    loop.communicate()
    assert "it died" in run(path, "improve", "status").stdout
    assert "nothing to stop" in run(path, "improve", "stop").stdout
    again = start_python(START, path, 60)
    for _ in range(200):
        if run_json(path, "improve", "status")["running"]:
            break
        time.sleep(0.05)
    run(path, "improve", "stop")
    again.communicate(timeout=15)
    assert again.returncode == 0


def test_start_runs_in_this_process_too(path: Path) -> None:
    """The same command, stopped by a request that another thread sends after the first cycle."""

    def stop_after_a_cycle() -> None:
        wait_for_cycle(path)
        with SQLiteLearningBackend(path) as backend:
            request_stop(backend, now=utc_now())

    other = threading.Thread(target=stop_after_a_cycle)
    other.start()
    assert "the loop was stopped" in run(path, "improve", "start").stdout
    other.join()
