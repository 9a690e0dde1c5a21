"""The full-text index is kept in one piece, whatever else happens to the bank meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.storage.sqlite import StorageTuning
from aqe.retrieval.storage.sqlite.text_index import merge_text_index, segment_pages
from aqe.schema import Database, TestPattern

QUERY = "refuses a wrong password"
BATCH = 40


def pattern(number: int) -> TestPattern:
    words = " ".join(f"word{number * step % 977}" for step in range(1, 60))
    return TestPattern(
        id=f"p{number:04d}",
        name=f"refuses password {number}",
        description=words,
        category="unit",
        framework="pytest",
        language="python",
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "aqe.db") as database:
        yield database


@pytest.fixture
def bank(database: Database) -> Iterator[QEReasoningBank]:
    with QEReasoningBank(database, encoder=HashingEncoder()) as bank:
        yield bank


def pages(database: Database) -> list[int]:
    with database.read() as connection:
        return segment_pages(connection)


def answers(bank: QEReasoningBank, limit: int = 50) -> list[tuple[str, float]]:
    found = bank.search(QUERY, mode="text", limit=limit, group=False)
    return [(match.pattern.id, match.score) for match in found]


def check_index(database: Database) -> None:
    """Raises if FTS5 finds that its index and what was indexed differ."""
    with database.write() as connection:
        connection.execute(
            "insert into patterns_fts (patterns_fts, rank) values ('integrity-check', 1)"
        )


def store_one_by_one(bank: QEReasoningBank, first: int, count: int) -> None:
    for number in range(first, first + count):
        bank.store_pattern(pattern(number))


def test_batches_keep_the_index_in_few_pieces(bank: QEReasoningBank, database: Database) -> None:
    for first in range(0, 10 * BATCH, BATCH):
        bank.store_patterns(pattern(number) for number in range(first, first + BATCH))
        largest, *others = pages(database)
        assert sum(others) < StorageTuning().merge_share * largest
    check_index(database)


def test_closing_joins_what_was_stored_one_by_one(
    bank: QEReasoningBank, database: Database
) -> None:
    store_one_by_one(bank, 0, 15)
    assert len(pages(database)) > 2
    before = answers(bank)
    bank.close()
    assert len(pages(database)) == 1
    assert answers(QEReasoningBank(database)) == before
    check_index(database)


def test_a_few_new_words_in_a_large_bank_wait(bank: QEReasoningBank, database: Database) -> None:
    bank.store_patterns(pattern(number) for number in range(10 * BATCH))
    store_one_by_one(bank, 10 * BATCH, 3)
    before = pages(database)
    bank.close()
    assert pages(database) == before
    assert len(before) > 1


def test_an_empty_bank_has_nothing_to_join(database: Database) -> None:
    assert not merge_text_index(database, StorageTuning())


class WritesBetween:
    """A database between whose first two write transactions another pattern is stored."""

    def __init__(self, database: Database, bank: QEReasoningBank) -> None:
        self.steps = 0
        self.read = database.read
        self._database = database
        self._bank = bank

    @contextmanager
    def write(self) -> Iterator[apsw.Connection]:
        self.steps += 1
        if self.steps <= 2:
            self._bank.store_pattern(pattern(1_000 + self.steps))
        with self._database.write() as connection:
            yield connection


def test_others_write_between_the_steps(bank: QEReasoningBank, database: Database) -> None:
    store_one_by_one(bank, 0, 40)
    between: Any = WritesBetween(database, bank)
    assert merge_text_index(between, StorageTuning(merge_pages=1))
    assert between.steps > 2
    assert len(answers(bank)) == 42
    check_index(database)


def test_a_merge_that_is_cut_off_loses_nothing_and_is_taken_up(
    bank: QEReasoningBank, database: Database
) -> None:
    store_one_by_one(bank, 0, 40)
    before = answers(bank)
    with database.write() as connection:  # the first step of a merge, as if killed after it
        connection.execute("insert into patterns_fts (patterns_fts, rank) values ('merge', -1)")
    check_index(database)
    assert answers(bank) == before
    assert merge_text_index(database, StorageTuning())
    assert len(pages(database)) == 1
    assert answers(bank) == before
    check_index(database)


def test_what_cannot_be_tidied_up_is_stored_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder lies where the vector file should be written."""
    (tmp_path / "aqe.db.vectors").mkdir()
    tuning = StorageTuning(max_cached_vectors=2)
    path = tmp_path / "aqe.db"
    with (
        caplog.at_level(logging.WARNING, logger="aqe"),
        QEReasoningBank(path, encoder=HashingEncoder(), storage_tuning=tuning) as bank,
    ):
        report = bank.store_patterns(pattern(number) for number in range(3))
        assert [result.status for result in report.results] == ["created"] * 3
        assert "the indexes are not tidied up, searches continue: " in caplog.text
        assert len(answers(bank)) == 3
