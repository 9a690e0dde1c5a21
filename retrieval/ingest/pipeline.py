"""Stores batch after batch while the encoder never waits: reading and writing run next to it.

The encoder takes all processors for about 8 ms a pattern and leaves Python free meanwhile; reading,
redacting, scoring and writing take 2 ms of one. Done in turns, a fifth of the time had one
processor idle (bench/results/bulk.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from cachetools import LRUCache

from ...models import Encoder
from ...models.vector import Vector
from ...schema import Provenance, StoreReport
from ..quality.scored_pattern import StorablePattern
from ..storage.backend import PatternBackend
from .preparation import PreparedBatch
from .writer import Embeddings, prepare_batch, write_batch

__all__ = ["store_stream"]

# Suites hold copies of tests in several files (4 % of numpy's), whose text is embedded once. The
# embeddings of that many texts are 6 MB at 384 dimensions.
RECENT_TEXTS: Final = 4_096


def store_stream(
    backend: PatternBackend,
    batches: Iterable[Iterable[StorablePattern]],
    encoder: Callable[[], Encoder],
    *,
    min_quality: float = 0.0,
    provenance: Provenance | None = None,
    recent_texts: int = RECENT_TEXTS,
) -> Iterator[StoreReport]:
    """Stores batches one after the other, each in one transaction; yields a report for each.

    While one batch is embedded, here, a thread takes the next from ``batches`` and another writes
    the one before. So three are in memory at most. A report is yielded after its commit; when the
    caller stops or is interrupted, what is being written is finished and the rest is dropped.

    Args:
        recent_texts: Texts whose embeddings are kept for the batches that follow.
    """
    remaining = iter(batches)
    recent: LRUCache[str, Vector] = LRUCache(recent_texts)

    def prepare_next() -> PreparedBatch | None:
        patterns = next(remaining, None)
        return None if patterns is None else prepare_batch(backend, patterns, min_quality)

    with (
        ThreadPoolExecutor(1, thread_name_prefix="aqe-prepare") as preparing,
        ThreadPoolExecutor(1, thread_name_prefix="aqe-write") as writing,
    ):
        try:
            ahead = preparing.submit(prepare_next)
            written: Future[StoreReport] | None = None
            while (batch := ahead.result()) is not None:
                ahead = preparing.submit(prepare_next)
                embeddings = Embeddings(encoder, _known(recent, batch))
                embeddings.add(batch.pending)
                recent.update((key, row.copy()) for key, row in embeddings.found.items())
                if written is not None:
                    yield written.result()
                written = writing.submit(
                    write_batch, backend, batch, embeddings, provenance=provenance
                )
            if written is not None:
                yield written.result()
        finally:
            for pool in (preparing, writing):
                pool.submit(backend.release)


def _known(recent: LRUCache[str, Vector], batch: PreparedBatch) -> dict[str, Vector]:
    hashes = {ready.text_hash for ready in batch.pending}
    return {key: recent[key] for key in hashes if key in recent}
