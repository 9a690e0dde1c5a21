"""Shared by all tests: a small deterministic encoder that counts its work, banks, a way to start
a second process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Database, TestPattern

SOURCE = Path(__file__).resolve().parents[1] / "src"

# The machines that run this are shared and slow at times; a property is no measure of speed.
settings.register_profile("aqe", deadline=None, print_blob=True)
settings.load_profile("aqe")


class CountingEncoder(HashingEncoder):
    """The hashing encoder at 64 dimensions, with a count of what it was asked for."""

    def __init__(self, dimension: int = 64) -> None:
        super().__init__(dimension)
        self.batches: list[int] = []
        self.queries = 0

    @property
    def texts(self) -> int:
        """Documents embedded so far."""
        return sum(self.batches)

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.batches.append(len(texts))
        return super().encode(texts)

    def encode_query(self, text: str) -> npt.NDArray[np.float32]:
        self.queries += 1
        return super().encode_query(text)


@pytest.fixture
def encoder() -> CountingEncoder:
    """A fast encoder that counts its batches and texts."""
    return CountingEncoder()


@pytest.fixture
def other_encoder() -> CountingEncoder:
    """An encoder of another width than ``encoder``."""
    return CountingEncoder(32)


def make_pattern(name: Any = "test_login_succeeds", **changes: Any) -> TestPattern:
    """Returns a pattern; ``changes`` replaces its fields."""
    function = name if str(name).isidentifier() else "test_it"
    fields: dict[str, Any] = {
        "name": name,
        "category": "unit",
        "framework": "pytest",
        "language": "python",
        "description": f"Checks that {name} holds.",
        "template": f"def {function}():\n    assert 1 + 1 == 2\n",
    }
    return TestPattern(**(fields | changes))


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., str]:
    """Runs git in a folder below the test's, without the settings of this machine."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **{
            f"GIT_{role}_{part}": "a@b"
            for role in ("AUTHOR", "COMMITTER")
            for part in ("NAME", "EMAIL")
        },
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }

    def run(folder: str, *arguments: str) -> str:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path / folder, env=environment, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    return run


@pytest.fixture
def pattern() -> Callable[..., TestPattern]:
    """Makes a pattern of a name and the fields that differ."""
    return make_pattern


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's database goes; nothing is there yet."""
    return tmp_path / "bank.db"


@pytest.fixture
def empty(path: Path) -> Path:
    """A new database without any row of ours."""
    Database(path).close()
    return path


@pytest.fixture
def bank(path: Path, encoder: CountingEncoder) -> Iterator[QEReasoningBank]:
    """An empty bank in a file."""
    with QEReasoningBank(path, encoder=encoder, durability="normal") as opened:
        yield opened


@pytest.fixture
def memory_bank(encoder: CountingEncoder) -> Iterator[QEReasoningBank]:
    """An empty bank in memory."""
    with QEReasoningBank(encoder=encoder) as opened:
        yield opened


@pytest.fixture
def start_python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python on a script in a process of its own; killed with the test if still there."""
    started: list[subprocess.Popen[str]] = []

    def start(
        script: str, *arguments: object, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # with what it started itself
        process.communicate()


@pytest.fixture
def run_python(
    start_python: Callable[..., subprocess.Popen[str]],
) -> Callable[..., str]:
    """Runs a script in a process of its own; returns what it printed, fails if it failed."""

    def run(script: str, *arguments: object) -> str:
        process = start_python(script, *arguments)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        return output

    return run
