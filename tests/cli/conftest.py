"""Shared by the tests of commands: a terminal to print on, and somebody who answers questions."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank

from .command_line import Aqe, command_line

SUITE = {
    "test_cart.py": '''
def test_total_adds_prices(cart):
    """The total is the sum of the prices."""
    cart.add(3)
    assert cart.total == 3


def test_total_is_the_sum_of_prices(cart):
    """The total adds the prices up."""
    cart.add(4)
    assert cart.total == 4
''',
    "test_mail.py": """
import unittest


class MailTest(unittest.TestCase):
    def test_sends_mail(self):
        self.assertEqual(send("a"), 1)
""",
}


class Keyboard(io.StringIO):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes stdout a terminal of so wide, without colours, so that its text can be measured."""

    def make(columns: int) -> None:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", "40")

    return make


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes stdin a terminal on which this was typed."""

    def make(text: str) -> None:
        monkeypatch.setattr("sys.stdin", Keyboard(text))

    return make


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two test files with a bank of them, which is the working folder."""
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    (folder / "tests").mkdir()
    for name, text in SUITE.items():
        (folder / "tests" / name).write_text(text)
    (folder / ".aqe").mkdir()
    monkeypatch.chdir(folder)
    for variable in ("AQE_DB", "AQE_LIMIT", "AQE_FORMAT", "AQE_FRAMEWORK", "AQE_DEBUG"):
        monkeypatch.delenv(variable, raising=False)
    with QEReasoningBank(folder / ".aqe" / "aqe.db", encoder=HashingEncoder(64)) as bank:
        bank.extract([folder / "tests"])
    return folder


@pytest.fixture
def aqe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Aqe:
    """Runs the command in the working folder."""
    return command_line(monkeypatch, capsys)
