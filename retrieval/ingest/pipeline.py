"""Stores batch after batch without making the encoder wait.

The encoder uses all processors for about 8 ms per pattern and releases the interpreter lock
meanwhile; reading, redacting, scoring and writing take 2 ms of one processor. Doing them in turns
left a processor idle for a fifth of the time (bench/results/bulk.md), so they run in threads next
to the encoder.
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

# Suites repeat tests in several files (4 % of numpy's); a repeated text is embedded once. This many
# embeddings take 6 MB at 384 dimensions.
RECENT_TEXTS: Final = 4_096


def store_stream(
    backend: PatternBackend,
    batches: Iterable[Iterable[StorablePattern]],
    encoder: Callable[[], Encoder],
    *,
    min_quality: float = 0.0,
    provenance: Provenance | None = None,
    recent_texts: int = RECENT_TEXTS,
    committed: Callable[[StoreReport], None] | None = None,
) -> Iterator[StoreReport]:
    """Stores batches in turn, each in one transaction; yields a report after each commit.

    While this thread embeds one batch, a second one takes the next from ``batches`` and a third one
    writes the previous batch, so at most three are in memory. If the caller stops or is
    interrupted, the batch being written is finished and the others are dropped.

    Args:
        recent_texts: Number of recent texts whose embeddings later batches can reuse.
        committed: Called in another thread with the report of each batch once it is durable, also
            of one whose report is not yielded because the caller stopped.
    """
    remaining = iter(batches)
    recent: LRUCache[str, Vector] = LRUCache(recent_texts)

    def prepare_next() -> PreparedBatch | None:
        patterns = next(remaining, None)
        return None if patterns is None else prepare_batch(backend, patterns, min_quality)

    def write(batch: PreparedBatch, embeddings: Embeddings) -> StoreReport:
        report = write_batch(backend, batch, embeddings, provenance=provenance)
        if committed is not None:
            committed(report)
        return report

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
                written = writing.submit(write, batch, embeddings)
            if written is not None:
                yield written.result()
        finally:
            for pool in (preparing, writing):
                pool.submit(backend.release)


def _known(recent: LRUCache[str, Vector], batch: PreparedBatch) -> dict[str, Vector]:
    hashes = {ready.text_hash for ready in batch.pending}
    return {key: recent[key] for key in hashes if key in recent}
