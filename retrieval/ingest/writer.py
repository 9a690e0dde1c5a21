"""Writes a batch of patterns in one transaction: creates, updates, leaves alone or rejects each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ...models import Encoder
from ...models.vector import Vector
from ...schema import Provenance, StoreReport, StoreResult, StoreStatus
from ..quality.scored_pattern import StorablePattern
from ..storage.backend import PatternBackend, PatternReader, PatternWriter
from ..storage.storage_values import Change, PatternContent, StoredPattern
from ..storage.use_summary import TRUSTED, UNPROVEN, AgentCount, Trust, UseSummary, use_summary
from ..usage.trust import refusal
from .preparation import PreparedBatch, PreparedPattern, prepared

__all__ = ["Embeddings", "prepare_batch", "store_batch", "write_batch"]

# Texts given to the encoder at once: enough to sort by length, few enough for steady progress.
EMBED_BATCH: Final = 256
_NOTHING: Final[Mapping[str, Vector]] = {}

_BY_A_PERSON = Provenance(origin="human")
_FROM_A_FILE = Provenance(origin="extracted")


def store_batch(
    backend: PatternBackend,
    patterns: Iterable[StorablePattern],
    encoder: Callable[[], Encoder],
    *,
    min_quality: float = 0.0,
    change: Change | None = None,
    provenance: Provenance | None = None,
    dry_run: bool = False,
    replace_all: bool = False,
    progress: Callable[[int], None] | None = None,
) -> StoreReport:
    """Stores patterns in one transaction; returns what happened to each, in the order given.

    What is new or changed is embedded before the transaction, so that others can write meanwhile.

    Args:
        encoder: Called only when there is something to embed.
        provenance: Who wrote the patterns; by default a person, or the file that they name.
        replace_all: Delete every pattern that is not among these.
        progress: Called with the number of patterns that were embedded since the last call.
    """
    batch = prepare_batch(backend, patterns, min_quality)
    if dry_run:
        with backend.reading() as session:
            unnamed = _others(session, batch) if replace_all else []
            return _report(batch, _dry_run_results(session, batch.prepared), len(unnamed))
    if progress is not None:
        progress(len(batch.outcome) - len(batch.pending))
    embeddings = Embeddings(encoder)
    embeddings.add(batch.pending, progress)
    return write_batch(
        backend,
        batch,
        embeddings,
        change=change,
        provenance=provenance,
        replace_all=replace_all,
    )


def prepare_batch(
    backend: PatternBackend, patterns: Iterable[StorablePattern], min_quality: float
) -> PreparedBatch:
    """Returns the patterns ready to be embedded and written."""
    outcome = tuple(prepared(pattern, min_quality) for pattern in patterns)
    ready = [each for each in outcome if isinstance(each, PreparedPattern)]
    with backend.reading() as session:
        known = session.embedded_hashes([each.pattern.id for each in ready])
    pending = tuple(each for each in ready if known.get(each.pattern.id) != each.text_hash)
    return PreparedBatch(outcome, pending)


def write_batch(
    backend: PatternBackend,
    batch: PreparedBatch,
    embeddings: Embeddings,
    *,
    change: Change | None = None,
    provenance: Provenance | None = None,
    replace_all: bool = False,
) -> StoreReport:
    """Writes what was prepared in one transaction; see ``store_batch``."""
    ready = batch.prepared
    if not ready and not replace_all:
        return _report(batch, [])
    with backend.writing() as session:
        writer = _BatchWriter(session, embeddings, change or Change(), provenance)
        results = writer.write(ready)
        deleted = session.delete(_others(session, batch)) if replace_all else 0
    if len(results) + deleted > 1:  # a single pattern does not wait for it; closing the bank does
        backend.tidy()
    return _report(batch, results, deleted)


class Embeddings:
    """Embeddings by the hash of their text, computed before the transaction; rarely, inside it.

    Attributes:
        found: Embeddings ``(dim,)`` by the hash of their text.

    Args:
        encoder: Called only when there is something to embed.
        known: Those that need not be computed.
    """

    def __init__(
        self, encoder: Callable[[], Encoder], known: Mapping[str, Vector] = _NOTHING
    ) -> None:
        self._encoder = encoder
        self.found = dict(known)

    def add(
        self, pending: Sequence[PreparedPattern], progress: Callable[[int], None] | None = None
    ) -> None:
        """Embeds the texts that are not known, each once."""
        texts = {each.text_hash: each.text for each in pending}
        hashes = [key for key in texts if key not in self.found]
        for start in range(0, len(hashes), EMBED_BATCH):
            batch = hashes[start : start + EMBED_BATCH]
            vectors = self._encoder().encode([texts[key] for key in batch])
            self.found.update(zip(batch, vectors, strict=True))
            if progress is not None:
                progress(len(batch))

    def of(self, prepared: PreparedPattern) -> Vector:
        """Returns the embedding ``(dim,)`` of a pattern's text."""
        if prepared.text_hash not in self.found:  # another process changed the pattern meanwhile
            self.add([prepared])
        return self.found[prepared.text_hash]


class _BatchWriter:
    """Writes prepared patterns inside one session."""

    def __init__(
        self,
        session: PatternWriter,
        embeddings: Embeddings,
        change: Change,
        provenance: Provenance | None,
    ) -> None:
        self._session = session
        self._embeddings = embeddings
        self._change = change
        self._provenance = provenance

    def write(self, batch: Sequence[PreparedPattern]) -> list[StoreResult]:
        ids = [each.pattern.id for each in batch]
        stored = {each.pattern.id: each for each in self._session.get_many(ids)}
        hashes = self._session.embedded_hashes(list(stored)) if stored else {}
        written: set[str] = set()
        results = []
        for each in batch:
            id = each.pattern.id
            if id in written:  # the same pattern twice in one batch
                stored |= {again.pattern.id: again for again in self._session.get_many([id])}
                hashes |= self._session.embedded_hashes([id])
            results.append(self._write(each, stored.get(id), hashes.get(id)))
            written.add(id)
        return results

    def _write(
        self, ready: PreparedPattern, existing: StoredPattern | None, embedded_hash: str | None
    ) -> StoreResult:
        pattern = ready.pattern
        author = self._provenance or (_FROM_A_FILE if pattern.source else _BY_A_PERSON)
        if existing is not None and existing.content_hash == ready.content_hash:
            if existing.pattern.source != pattern.source and pattern.source is not None:
                self._session.set_source(existing.key, pattern.source)
            return _result(ready, "unchanged")
        trust: Trust = TRUSTED
        if author.origin == "agent":
            trust = UNPROVEN
            if reason := refusal(self._session, author, existing):
                return replace(_result(ready, "rejected"), reason=reason)
        if existing is None:
            inserted = self._session.insert(self._new_content(ready, author, trust))
            result = _result(ready, "created")
            if inserted.near_duplicate_of is None:
                return result
            return replace(result, near_duplicate_of=inserted.near_duplicate_of)
        counts = self._session.agent_counts(existing.key)
        summary = use_summary(counts, base_quality=ready.base_quality, trust=trust)
        is_embedded = embedded_hash == ready.text_hash
        content = self._content(ready, summary, author, is_embedded=is_embedded)
        self._session.update(existing, content, self._change)
        return _result(ready, "updated")

    def _new_content(
        self, ready: PreparedPattern, author: Provenance, trust: Trust
    ) -> PatternContent:
        uses = ready.pattern.usage_count
        claimed = [AgentCount("", round(ready.pattern.success_rate * uses), uses)] if uses else []
        summary = use_summary(claimed, base_quality=ready.base_quality, trust=trust)
        return self._content(ready, summary, author, is_embedded=False)

    def _content(
        self,
        ready: PreparedPattern,
        summary: UseSummary,
        author: Provenance,
        *,
        is_embedded: bool,
    ) -> PatternContent:
        return PatternContent(
            pattern=ready.pattern,
            summary=summary,
            provenance=author,
            base_quality=ready.base_quality,
            content_hash=ready.content_hash,
            text_hash=ready.text_hash,
            embedding=None if is_embedded else self._embeddings.of(ready),
        )


def _others(session: PatternReader, batch: PreparedBatch) -> list[str]:
    """Returns the ids of all patterns that are not in the batch."""
    named = set(batch.ids)
    return [id for id in session.ids_with_prefix("") if id not in named]


def _dry_run_results(session: PatternReader, batch: Sequence[PreparedPattern]) -> list[StoreResult]:
    hashes = {
        stored.pattern.id: stored.content_hash
        for stored in session.get_many([each.pattern.id for each in batch])
    }
    results = []
    for ready in batch:
        known = hashes.get(ready.pattern.id)
        status: StoreStatus = "updated"
        if known is None:
            status = "created"
        elif known == ready.content_hash:
            status = "unchanged"
        hashes[ready.pattern.id] = ready.content_hash
        results.append(_result(ready, status))
    return results


def _result(ready: PreparedPattern, status: StoreStatus) -> StoreResult:
    return StoreResult(id=ready.pattern.id, name=ready.pattern.name, status=status)


def _report(batch: PreparedBatch, results: Sequence[StoreResult], deleted: int = 0) -> StoreReport:
    """Returns the results of the written patterns between those that were rejected."""
    written = iter(results)
    return StoreReport(
        tuple(
            next(written) if isinstance(each, PreparedPattern) else each for each in batch.outcome
        ),
        deleted,
    )
