"""Promise 18: a fork with an open bank harms neither parent nor child."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
        template=f"def test_it():\n    assert fork('{id}')\n",
    )


@pytest.mark.parametrize("forks", [15, pytest.param(100, marks=pytest.mark.slow)])
def test_fork(
    forks: int,
    path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    bank = QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal").initialize()
    bank.store_pattern(make("first"))

    def child(number: int) -> None:
        assert bank.get_pattern("first") is not None
        assert bank.store_pattern(make(f"child-{number}")).status == "created"
        assert bank.find_pattern("fork")
        bank.close()

    for number in range(forks):
        process = forked(child, number)
        assert bank.store_pattern(make(f"parent-{number}")).status == "created"
        joined([process])
        assert bank.get_pattern(f"child-{number}") is not None
    stored = bank.get_statistics().patterns
    bank.close()
    sound(path)
    promise(18, f"{forks} forks with an open bank: {stored - 1} of {2 * forks} patterns stored")
    assert stored == 2 * forks + 1
