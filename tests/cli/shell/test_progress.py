"""A long command shows how far it is, on a terminal and in a log, and what Ctrl-C left stored."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from aqe.cli.shell.progress import ProgressLines

SOURCE = Path(__file__).resolve().parents[2] / "src"


class Clock:
    """Seconds that only a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(total: int | None, steps: list[tuple[float, int]]) -> list[str]:
    """Returns what is printed when counts are done at given seconds."""
    text, clock = io.StringIO(), Clock()
    progress = ProgressLines(Console(file=text), "reading", total, every_s=5, clock=clock)
    for seconds, count in steps:
        clock.now = seconds
        progress.advance(count)
    return text.getvalue().splitlines()


def test_a_log_gets_a_line_every_few_seconds() -> None:
    assert lines(100, [(1, 10), (6, 10), (8, 10), (12, 30)]) == [
        "reading: 20 of 100 in 6 s, about 24 s left",
        "reading: 60 of 100 in 12 s, about 8 s left",
    ]


def test_a_short_command_prints_no_line() -> None:
    assert lines(10, [(1, 5), (4, 5)]) == []


def test_without_a_total_no_time_left_is_said() -> None:
    assert lines(None, [(7, 5)]) == ["reading: 5 in 7 s"]
    assert lines(9, [(7, 0)]) == ["reading: 0 of 9 in 7 s"]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite of 3,000 tests, which takes a minute."""
    folder = tmp_path / "suite"
    folder.mkdir()
    for file in range(60):
        tests = [f"def test_{file}_{n}():\n    assert f({n}) == {n + file}\n" for n in range(50)]
        (folder / f"test_{file}.py").write_text("\n".join(tests))
    return folder


def command(suite: Path) -> list[str]:
    return [sys.executable, "-m", "aqe", "patterns", "extract", str(suite), "--db", "bank.db"]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(SOURCE), "COLUMNS": "100", "TERM": "xterm"}


def test_ctrl_c_says_what_is_stored(suite: Path, tmp_path: Path) -> None:
    running = subprocess.Popen(
        command(suite), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    bank = tmp_path / "bank.db-wal"
    while time.monotonic() < deadline and not (bank.exists() and bank.stat().st_size > 1_000_000):
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in said
    match = re.search(r"stopped: ([\d,]+) tests of [\d,]+ files stored", said)
    assert match, said
    stats = [sys.executable, "-m", "aqe", "patterns", "stats", "--json", "--db", "bank.db"]
    answer = subprocess.run(
        stats, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert f'"patterns": {match[1].replace(",", "")},' in answer.stdout


def test_a_terminal_shows_a_bar(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("def test_a():\n    assert f(3) == 4\n")
    reader, writer = pty.openpty()
    done = subprocess.run(
        command(tmp_path), cwd=tmp_path, env=environment(), stderr=writer, stdout=subprocess.PIPE
    )
    os.close(writer)
    shown = os.read(reader, 100_000).decode()
    os.close(reader)
    assert done.returncode == 0
    assert "reading test files" in shown
