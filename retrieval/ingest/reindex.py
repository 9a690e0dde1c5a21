"""Re-embeds a bank with another encoder and rebuilds its indexes.

New embeddings are stored next to the old ones, a batch at a time; when all are there, a single
transaction switches to them. If the process is killed before that, the bank continues to answer
with the old embeddings, and the next run resumes where this one stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...models import Encoder, embed_documents, identity_of
from ...schema import EncoderIdentity
from ...schema.records.record import Record
from ..storage.backend import PatternBackend
from ..text.pattern_text import embedded_text, text_hash

__all__ = ["ReindexReport", "reindex"]

BATCH = 256


@dataclass(frozen=True, slots=True, repr=False)
class ReindexReport(Record):
    """Encoders before and after, patterns embedded by this run, and embeddings indexed in all."""

    before: EncoderIdentity
    after: EncoderIdentity
    embedded: int
    indexed: int


def reindex(
    backend: PatternBackend,
    encoder: Encoder,
    *,
    progress: Callable[[int], None] | None = None,
    batch: int = BATCH,
) -> ReindexReport:
    """Embeds every pattern with this encoder, switches to it, and rebuilds the text index.

    Args:
        progress: Called with the number of patterns embedded since the last call.
        batch: Patterns embedded and stored at a time.
    """
    before, identity = backend.identity, identity_of(encoder)
    embedded = 0
    while count := _embed_next(backend, encoder, identity, batch):
        embedded += count
        if progress is not None:
            progress(count)
    while True:
        with backend.writing() as session:
            if not session.unembedded(identity, 1):  # no other process stored a pattern meanwhile
                indexed = session.switch_encoder(identity)
                break
        embedded += _embed_next(backend, encoder, identity, batch)
    backend.open(identity)
    with backend.writing() as session:
        session.rebuild_text_index()
    return ReindexReport(before, identity, embedded, indexed)


def _embed_next(
    backend: PatternBackend, encoder: Encoder, identity: EncoderIdentity, batch: int
) -> int:
    """Embeds the next patterns that this encoder has not embedded; returns how many."""
    with backend.writing() as session:
        patterns = session.unembedded(identity, batch)
    if not patterns:
        return 0
    texts = {key: embedded_text(pattern) for key, pattern in patterns.items()}
    embeddings = embed_documents(encoder, list(texts.values()))
    with backend.writing() as session:
        present = session.patterns_of(list(texts))
        for (key, text), embedding in zip(texts.items(), embeddings, strict=True):
            if key in present and embedded_text(present[key]) == text:
                session.put_embedding(identity, key, embedding, text_hash(text))
    return len(texts)
