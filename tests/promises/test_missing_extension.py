"""Promise 19: without sqlite-vec, words are searched with a warning, and no vector is lost."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.maintenance import check_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import TestPattern


def make(id: str) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert vanish('{id}')\n",
    )


def test_missing_extension(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_patterns([make("one"), make("two")])
    find = importlib.util.find_spec
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(
            importlib.util,
            "find_spec",
            lambda name, package=None: None if name == "sqlite_vec" else find(name, package),
        )
        with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
            assert {match.pattern.id for match in bank.find_pattern("vanish")} == {"one", "two"}
            bank.store_pattern(make("three"))
            assert len(bank.find_pattern("vanish")) == 3
        warned = [record for record in caplog.records if "sqlite-vec is missing" in record.message]
        problems = check_database(path).problems
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        found = bank.search("vanish three", mode="vector")
        assert len(found) == 3
    sound(path)
    promise(
        19,
        f"{len(warned)} warning an opening, check fails ({len(problems)} problems), 3 of 3 vectors"
        " there when it is back",
    )
    assert len(warned) == 1
    assert any(problem.area == "vectors" for problem in problems)
