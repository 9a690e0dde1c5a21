"""Making what is derived anew: embeddings with another encoder, the full-text index.

New embeddings are kept beside the old ones, a batch at a time; only when all are there does one
transaction put them to use. Killed in between, the bank answers with the old ones as before, and
the next run goes on where this one stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...models import Encoder
from ...schema import EncoderIdentity
from ..storage.sqlite import PatternStore, as_blob
from ..text.pattern_text import embedded_text, text_hash

__all__ = ["ReindexReport", "rebuild_words", "reindex"]

BATCH = 256


@dataclass(frozen=True, slots=True)
class ReindexReport:
    """What was made anew. ``embedded`` counts what this run embedded, ``indexed`` what is there."""

    before: EncoderIdentity
    after: EncoderIdentity
    embedded: int
    indexed: int


def reindex(
    store: PatternStore,
    encoder: Encoder,
    identity: EncoderIdentity,
    *,
    progress: Callable[[int], None] | None = None,
) -> ReindexReport:
    """Embeds every pattern with this encoder, then puts it to use; rebuilds the word index too."""
    before = store.identity
    embedded = 0
    while count := _embed_next(store, encoder, identity):
        embedded += count
        if progress is not None:
            progress(count)
    while True:
        with store.filling(identity) as (session, vectors):
            if not vectors.missing(1):  # nothing was stored by others since
                indexed = store.switch_encoder(session, identity)
                break
        embedded += _embed_next(store, encoder, identity)
    store.identity = identity
    rebuild_words(store)
    return ReindexReport(before, identity, embedded, indexed)


def rebuild_words(store: PatternStore) -> None:
    """Makes the full-text index anew from the rows."""
    with store.writing() as session:
        session.text.clear()
        for rowid, pattern in list(session.rows.each()):
            session.text.put(rowid, pattern)
        session.note_words_version()


def _embed_next(store: PatternStore, encoder: Encoder, identity: EncoderIdentity) -> int:
    """Embeds and keeps the next patterns that lack this encoder's embedding; returns how many."""
    with store.filling(identity) as (session, vectors):
        patterns = session.rows.get_by_rowid(vectors.missing(BATCH))
    if not patterns:
        return 0
    texts = {rowid: embedded_text(pattern) for rowid, pattern in patterns.items()}
    embeddings = encoder.encode(list(texts.values()))
    with store.filling(identity) as (session, vectors):
        unchanged = session.rows.get_by_rowid(list(texts))
        for (rowid, text), embedding in zip(texts.items(), embeddings, strict=True):
            if rowid in unchanged and embedded_text(unchanged[rowid]) == text:
                vectors.keep(rowid, as_blob(embedding, identity.dimension), text_hash(text))
    return len(texts)
