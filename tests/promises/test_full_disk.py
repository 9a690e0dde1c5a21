"""Promise 6: on a full disk a write happens whole or not at all, and what was there can be read."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank, StorageTuning
from aqe.schema import Database, DatabaseFullError, TestPattern


def patterns(prefix: str, count: int) -> list[TestPattern]:
    return [
        TestPattern(
            id=f"{prefix}{number}",
            name=f"test_{prefix}_{number}",
            category="unit",
            framework="pytest",
            language="python",
            template=f"def test_it():\n    assert total({number}) == {number * 7}\n",
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_full_disk(
    count: int,
    tmp_path: Path,
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    encoder = HashingEncoder(64)
    whole = tmp_path / "whole.db"
    unmerged = StorageTuning(merge_share=math.inf)  # the room that a merge takes is not needed
    with QEReasoningBank(whole, encoder=encoder, storage_tuning=unmerged) as bank:
        bank.store_patterns(patterns("old", 50))
        before = bank.database.connection().pragma("page_count")
        bank.store_patterns(patterns("new", count))
        after = bank.database.connection().pragma("page_count")
    refused = 0
    for level in (0.01, 0.25, 0.5, 0.75, 0.99):
        path = tmp_path / f"level-{level}.db"
        with Database(path) as database:
            bank = QEReasoningBank(database, encoder=encoder)
            bank.store_patterns(patterns("old", 50))
            limit = before + int((after - before) * level)
            database.connection().pragma("max_page_count", limit)
            with pytest.raises(DatabaseFullError, match=r"no room left .* nothing was changed"):
                bank.store_patterns(patterns("new", count))
            refused += 1
            assert bank.get_statistics().patterns == 50
            assert bank.find_pattern("total", limit=5)
        sound(path)
    path = tmp_path / "just-enough.db"
    with Database(path) as database:
        bank = QEReasoningBank(database, encoder=encoder)
        bank.store_patterns(patterns("old", 50))
        database.connection().pragma("max_page_count", after)
        assert len(bank.store_patterns(patterns("new", count)).results) == count
        assert bank.get_statistics().patterns == 50 + count
    sound(path)
    promise(6, f"{count:,} patterns at {refused} levels: 5 refused whole, 50 old rows there, found")
