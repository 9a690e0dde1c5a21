"""The full-text index is kept in one piece, whatever else happens to the bank meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.storage.sqlite import text_index_merge as text_index_upkeep
from aqe.retrieval.storage.sqlite.text_index_merge import merge_text_index, segment_pages
from aqe.schema import Database, DatabaseError, TestPattern

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
        assert sum(others) < text_index_upkeep.WORTHWHILE_SHARE * largest
    check_index(database)


def test_closing_joins_what_was_stored_one_by_one(
    bank: QEReasoningBank, database: Database
) -> None:
    store_one_by_one(bank, 0, 15)
    assert len(pages(database)) > 2
    before = answers(bank)
    bank.close()
    assert len(pages(database)) == 1
    assert answers(bank) == before
    check_index(database)


def test_a_few_new_words_in_a_large_bank_wait(bank: QEReasoningBank, database: Database) -> None:
    bank.store_patterns(pattern(number) for number in range(10 * BATCH))
    store_one_by_one(bank, 10 * BATCH, 3)
    before = pages(database)
    bank.close()
    assert pages(database) == before
    assert len(before) > 1


def test_an_empty_bank_has_nothing_to_join(database: Database) -> None:
    assert not merge_text_index(database)


def test_others_write_between_the_steps(
    bank: QEReasoningBank, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_one_by_one(bank, 0, 40)
    monkeypatch.setattr(text_index_upkeep, "PAGES_AT_ONCE", 1)
    merge, steps = text_index_upkeep._merge, 0

    def merge_and_write(database: Database, at_once: int) -> bool:
        nonlocal steps
        steps += 1
        if steps <= 2:
            bank.store_pattern(pattern(1_000 + steps))
        return merge(database, at_once)

    monkeypatch.setattr(text_index_upkeep, "_merge", merge_and_write)
    assert merge_text_index(database)
    assert steps > 2
    assert len(answers(bank)) == 42
    check_index(database)


def test_a_merge_that_is_cut_off_loses_nothing_and_is_taken_up(
    bank: QEReasoningBank, database: Database
) -> None:
    store_one_by_one(bank, 0, 40)
    before = answers(bank)
    assert text_index_upkeep._merge(database, -1)
    check_index(database)
    assert answers(bank) == before
    assert merge_text_index(database)
    assert len(pages(database)) == 1
    assert answers(bank) == before
    check_index(database)


def test_what_cannot_be_tidied_up_is_stored_all_the_same(
    bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(database: Database) -> bool:
        raise DatabaseError("the database is locked")

    monkeypatch.setattr("aqe.retrieval.storage.sqlite.store.merge_text_index", locked)
    with caplog.at_level(logging.WARNING, logger="aqe"):
        report = bank.store_patterns(pattern(number) for number in range(3))
    assert [result.status for result in report.results] == ["created"] * 3
    assert "searches go on: the database is locked" in caplog.text
    assert len(answers(bank)) == 3
