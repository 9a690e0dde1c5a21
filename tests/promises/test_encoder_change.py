"""Promise 16: another encoder is noticed; vectors of two encoders are never compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import EncoderMismatchError, TestPattern


class RenamedEncoder(HashingEncoder):
    """An encoder of the same width and another name, as a new model of a family."""

    @property
    def name(self) -> str:
        return "another-model"


@pytest.mark.parametrize("other", [HashingEncoder(32), RenamedEncoder(64)])
def test_encoder_change(
    other: HashingEncoder,
    path: Path,
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        for number in range(60):
            bank.store_pattern(
                TestPattern(
                    name=f"test_{number}",
                    category="unit",
                    framework="pytest",
                    language="python",
                    template=f"def test_it():\n    assert size({number})\n",
                )
            )
    stranger = QEReasoningBank(path, encoder=other)
    for use in (
        lambda: stranger.find_pattern("size"),
        lambda: stranger.store_pattern(make("test_new")),
        lambda: stranger.initialize(),
    ):
        with pytest.raises(EncoderMismatchError, match="aqe patterns reindex"):
            use()
    stranger.close()
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.reindex(other)
    with QEReasoningBank(path, encoder=other) as bank:
        assert len(bank.find_pattern("size")) == 10
        with bank.database.read() as connection:
            counts = connection.execute(
                "select count(*), sum(length(embedding) = 4 * :dimension),"
                " count(distinct encoder_rowid) from pattern_embeddings",
                {"dimension": other.dimension},
            ).fetchall()
    assert counts == [(60, 60, 1)]
    sound(path)
    promise(
        16,
        "search, store and open refused; after reindex 0 of 60 vectors are of the old one",
        part=f"{other.name} {other.dimension}",
    )


def make(name: str) -> TestPattern:
    return TestPattern(
        name=name,
        category="unit",
        framework="pytest",
        language="python",
        template=f"def {name}(): ...",
    )
