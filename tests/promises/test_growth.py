"""Promise 15: the file does not grow without reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank, SQLitePatternBackend
from aqe.retrieval.storage.sqlite.pattern_selection import iterate_patterns
from aqe.retrieval.storage.sqlite.text_index import put_text
from aqe.schema import TestPattern


def make(number: int, word: str) -> TestPattern:
    return TestPattern(
        id=f"p{number}",
        name=f"test_{number}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert {word}({number}) == {number}\n",
    )


@pytest.mark.parametrize(
    ("count", "rounds"), [(300, 4), pytest.param(2_000, 20, marks=pytest.mark.slow)]
)
def test_growth(count: int, rounds: int, path: Path, promise: Callable[..., None]) -> None:
    encoder = HashingEncoder(384)
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_patterns(make(number, "first") for number in range(count))
    start = path.stat().st_size
    for round_ in range(rounds):
        with QEReasoningBank(path, encoder=encoder) as bank, bank.database.write() as connection:
            # As if each text had changed: embedded again, without a version that rightly stays.
            connection.execute("update pattern_embeddings set text_hash = text_hash || 'x'")
        with QEReasoningBank(path, encoder=HashingEncoder(384)) as bank:
            backend = SQLitePatternBackend(bank.database)
            backend.open(bank.encoder_identity)
            with backend.reading() as session:
                patterns = list(iterate_patterns(session.connection))
            for begin in range(0, count, 100):
                with backend.writing() as session:
                    for rowid, pattern in patterns[begin : begin + 100]:
                        vector = encoder.encode([pattern.template + str(round_)])[0]
                        put_text(session.connection, rowid, pattern)
                        session.embeddings.put(rowid, vector, "hash")
    ratio = path.stat().st_size / start
    promise(
        15, f"{rounds} rounds of embedding {count:,} again: {ratio:.2f} x the size", part="update"
    )
    assert ratio <= 1.3


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_growth_by_deletes(count: int, path: Path, promise: Callable[..., None]) -> None:
    """Deletes a pattern and stores another, again and again, in a bank of 1,000."""
    size = min(1_000, count)
    with QEReasoningBank(path, encoder=HashingEncoder(384), durability="normal") as bank:
        bank.store_patterns(make(number, "first") for number in range(size))
        start = bank.database.connection().pragma("page_count")
        for number in range(count):
            bank.delete_pattern(f"p{number}")
            bank.store_pattern(make(number + size, "first"))
        bank.reindex()
        ratio = bank.database.connection().pragma("page_count") / start
    promise(15, f"{count:,} deletes and inserts: {ratio:.2f} x the size", part="delete")
    assert ratio <= 1.5
