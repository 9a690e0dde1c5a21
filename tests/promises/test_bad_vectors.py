"""Promise 12: an invalid embedding is refused, and the bank stays as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Database, TestPattern

DIMENSION = 64
Spoil = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


def _with(value: float) -> Spoil:
    def spoil(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        spoilt = vector.copy()
        spoilt[..., 3] = value
        return spoilt

    return spoil


BAD: dict[str, Spoil] = {
    "NaN": _with(float("nan")),
    "infinity": _with(float("inf")),
    "zero": lambda vector: np.zeros_like(vector),
    "short": lambda vector: vector[..., :-1],
    "long": lambda vector: np.concatenate([vector, vector[..., :1]], axis=-1),
    "float64": lambda vector: vector.astype(np.float64),
}


class SpoiltEncoder(HashingEncoder):
    """An encoder that returns invalid vectors on demand."""

    def __init__(self) -> None:
        super().__init__(DIMENSION)
        self.spoil: Spoil | None = None

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = super().encode(texts)
        return vectors if self.spoil is None else self.spoil(vectors)

    def encode_query(self, text: str) -> npt.NDArray[np.float32]:
        vector = super().encode_query(text)
        return vector if self.spoil is None else self.spoil(vector)


def make(id: str, word: str = "adds") -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert {word}('{id}')\n",
    )


ENTRIES: dict[str, Callable[[QEReasoningBank], object]] = {
    "store": lambda bank: bank.store_pattern(make("new")),
    "store many": lambda bank: bank.store_patterns([make("n1"), make("n2")]),
    "update": lambda bank: bank.store_pattern(make("old", "subtracts")),
    "import": lambda bank: bank.import_patterns(Path(bank.database.label + ".jsonl")),
    "query": lambda bank: bank.find_pattern("adds something"),
}


def content(database: Database) -> bytes:
    digest = hashlib.sha256()
    with database.read() as connection:
        for table in ("patterns", "pattern_embeddings", "patterns_fts"):
            for row in connection.execute(f"select * from {table}"):
                digest.update(repr(row).encode())
    return digest.digest()


def test_bad_vectors(path: Path, promise: Callable[..., None]) -> None:
    encoder = SpoiltEncoder()
    with QEReasoningBank(path, encoder=encoder) as bank:
        bank.store_patterns([make("imported")])
        bank.export_patterns(Path(bank.database.label + ".jsonl"))
        bank.delete_pattern("imported")
        bank.store_patterns([make("old"), make("other")])
        before = content(bank.database)
        refused = 0
        for name, spoil in BAD.items():
            for entry, use in ENTRIES.items():
                encoder.spoil = spoil
                with pytest.raises(ValueError, match="embedding must be"):
                    use(bank)
                encoder.spoil = None
                assert content(bank.database) == before, (name, entry)
                refused += 1
        assert bank.find_pattern("adds something")
    total = len(BAD) * len(ENTRIES)
    promise(12, f"{refused} of {total} refused ({len(BAD)} kinds x {len(ENTRIES)} entries)")
    assert refused == total == 30
