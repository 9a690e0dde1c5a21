"""Rebuilds what is derived: embeddings with another encoder, the full-text index.

New embeddings are kept next to the old ones, a batch at a time; only when all are there does one
transaction put them to use. Killed in between, the bank answers with the old ones as before, and
the next run continues where this one stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...models import Encoder, identity_of
from ...schema import EncoderIdentity
from ..storage.backend import PatternBackend
from ..text.pattern_text import embedded_text, text_hash

__all__ = ["ReindexReport", "reindex"]

BATCH = 256


@dataclass(frozen=True, slots=True)
class ReindexReport:
    """What was rebuilt. ``embedded`` counts what this run embedded, ``indexed`` what is there."""

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
    """Embeds every pattern with this encoder, then puts it to use; rebuilds the text index too.

    Args:
        progress: Called with the number of patterns that were embedded since the last call.
        batch: Patterns embedded and kept at a time.
    """
    before, identity = backend.identity, identity_of(encoder)
    embedded = 0
    while count := _embed_next(backend, encoder, identity, batch):
        embedded += count
        if progress is not None:
            progress(count)
    while True:
        with backend.writing() as session:
            if not session.unembedded(identity, 1):  # nothing was stored by others since
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
    """Embeds and keeps the next patterns that lack this encoder's embedding; returns how many."""
    with backend.writing() as session:
        patterns = session.unembedded(identity, batch)
    if not patterns:
        return 0
    texts = {key: embedded_text(pattern) for key, pattern in patterns.items()}
    embeddings = encoder.encode(list(texts.values()))
    with backend.writing() as session:
        present = session.patterns_of(list(texts))
        for (key, text), embedding in zip(texts.items(), embeddings, strict=True):
            if key in present and embedded_text(present[key]) == text:
                session.put_embedding(identity, key, embedding, text_hash(text))
    return len(texts)
