"""Gives generated patterns and queries their generated vectors, and fills banks with them."""

from __future__ import annotations

import itertools
import time
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from ...models import QueryEmbedding
from ...models.vector import Vector
from ...retrieval import QEReasoningBank
from ...retrieval.text.pattern_text import embedded_text, text_hash
from ...schema import TestPattern
from .generated_patterns import DIMENSION, GeneratedQuery, PatternGenerator

__all__ = ["GeneratedEncoder", "fill_bank"]

FILL_BATCH = 2_000


class GeneratedEncoder:
    """The encoder of a generator: returns the vector that the generator drew for each text."""

    def __init__(self, generator: PatternGenerator, queries: Sequence[GeneratedQuery] = ()) -> None:
        self._vectors = generator.vectors
        self._places: dict[str, int] = {}
        self._queries = {query.text: query.embedding for query in queries}

    @property
    def name(self) -> str:
        """``generated``, which no real encoder is called."""
        return "generated"

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return DIMENSION

    @property
    def revision(self) -> str:
        """Always ``1``."""
        return "1"

    def expect(self, patterns: Sequence[TestPattern], first: int) -> None:
        """Registers the texts of patterns whose vectors begin at place ``first``."""
        for place, pattern in enumerate(patterns, start=first):
            self._places[text_hash(embedded_text(pattern))] = place

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns the vectors ``(n, dim)`` float32 of registered patterns' texts.

        Raises:
            KeyError: A text was not registered.
        """
        places = [self._places[text_hash(text)] for text in texts]
        return np.asarray(self._vectors[places], dtype=np.float32)

    def encode_query(self, text: str) -> Vector:
        """Returns the vector ``(dim,)`` of a generated query; a fixed one for other texts."""
        found = self._queries.get(text)
        return np.asarray(self._vectors[0] if found is None else found, dtype=np.float32)

    def encode_query_pieces(self, text: str) -> QueryEmbedding:
        """Returns the vector of a query, and for each of its words one halfway to a pattern's."""
        whole = self.encode_query(text)
        words = tuple(text.split())
        near = whole + self._vectors[[zlib.crc32(w.encode()) % len(self._vectors) for w in words]]
        return QueryEmbedding(whole, words, near / np.linalg.norm(near, axis=1, keepdims=True))


def fill_bank(
    bank: QEReasoningBank,
    generator: PatternGenerator,
    encoder: GeneratedEncoder,
    *,
    note: Callable[[str], None] = lambda _: None,
) -> float:
    """Stores the generator's patterns in batches; returns the seconds spent storing.

    Args:
        note: Called with a line about each batch.
    """
    remaining = generator.patterns()
    first, duration_s = 0, 0.0
    while batch := list(itertools.islice(remaining, FILL_BATCH)):
        encoder.expect(batch, first)
        first += len(batch)
        started = time.perf_counter()
        bank.store_patterns(batch)
        duration_s += time.perf_counter() - started
        note(f"{generator.count} patterns: stored {first}")
    return duration_s
