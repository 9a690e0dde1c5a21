"""Hands generated queries and their embeddings to other processes through a file."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...models import Encoder
from ...models.vector import Vector
from .generated_patterns import DIMENSION, GeneratedQuery

__all__ = ["QueryEncoder", "read_queries", "write_queries"]


def write_queries(path: Path, queries: Sequence[GeneratedQuery]) -> None:
    """Writes queries to a ``.npz`` file."""
    texts = np.array([query.text for query in queries])
    np.savez(path, texts=texts, embeddings=np.stack([query.embedding for query in queries]))


def read_queries(path: Path) -> list[GeneratedQuery]:
    """Returns the queries of a file that ``write_queries`` wrote, in order."""
    with np.load(path) as saved:
        pairs = zip(saved["texts"].tolist(), saved["embeddings"], strict=True)
        return [GeneratedQuery(text, embedding) for text, embedding in pairs]


class QueryEncoder:
    """An encoder that knows the embeddings of some queries; other texts get a random one.

    Its identity is that of ``GeneratedEncoder``, so it searches the banks filled by that.

    Args:
        queries: Texts with their embeddings.
        timed: An encoder that embeds each text as well, for the time that it takes.
    """

    name = "generated"
    dimension = DIMENSION
    revision = "1"

    def __init__(self, queries: Sequence[GeneratedQuery], timed: Encoder | None = None) -> None:
        self._embeddings = {query.text: query.embedding for query in queries}
        self._timed = timed

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns unit vectors ``(n, dim)`` float32, the same ones for the same texts."""
        if self._timed is not None:
            self._timed.encode(texts)
        return np.stack([_random_unit(text) for text in texts])

    def encode_query(self, text: str) -> Vector:
        """Returns the embedding ``(dim,)`` float32 of a query."""
        if self._timed is not None:
            self._timed.encode_query(text)
        known = self._embeddings.get(text)
        return _random_unit(text) if known is None else known


def _random_unit(text: str) -> Vector:
    raw = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(DIMENSION)
    return np.asarray(raw / np.linalg.norm(raw), dtype=np.float32)
