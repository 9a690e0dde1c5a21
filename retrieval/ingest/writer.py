"""Writes a batch of patterns in one transaction: creates, updates, skips or rejects each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from ...models import Encoder
from ...models.vector import Vector
from ...schema import Provenance, StoreReport, StoreResult, StoreStatus
from ...schema.records.validation import require_type
from ..quality.scored_pattern import StorablePattern
from ..storage.backend import PatternBackend, PatternReader, PatternWriter
from ..storage.storage_values import Change, PatternContent, StoredPattern
from ..storage.use_summary import TRUSTED, UNPROVEN, AgentCount, Trust, use_summary
from ..usage.trust import refusal
from .preparation import PreparedBatch, PreparedPattern, prepared

__all__ = ["Embeddings", "prepare_batch", "store_batch", "write_batch"]

# Texts per call of the encoder: enough to sort by length, few enough for steady progress.
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
    """Stores patterns in one transaction; returns a result for each, in the order given.

    New and changed patterns are embedded before the transaction, so that others can write
    meanwhile.

    Args:
        encoder: Called only when there is something to embed.
        provenance: Who wrote the patterns. Default: a person, or extraction for patterns with a
            source.
        replace_all: Delete every pattern that is not among these.
        progress: Called with the number of patterns embedded since the last call.
    """
    batch = prepare_batch(backend, patterns, min_quality)
    if dry_run:
        with backend.reading() as session:
            unnamed = _others(session, batch) if replace_all else []
            return StoreReport(tuple(_dry_run_results(session, batch)), len(unnamed))
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
    """Returns the patterns prepared for embedding and writing."""
    outcome: list[PreparedPattern | StoreResult] = []
    ready: list[PreparedPattern] = []
    for pattern in patterns:
        result = prepared(pattern, min_quality)
        outcome.append(result)
        if isinstance(result, PreparedPattern):
            ready.append(result)
    with backend.reading() as session:
        known = session.embedded_hashes([item.pattern.id for item in ready])
    pending = tuple(item for item in ready if known.get(item.pattern.id) != item.text_hash)
    return PreparedBatch(tuple(outcome), tuple(ready), pending)


def write_batch(
    backend: PatternBackend,
    batch: PreparedBatch,
    embeddings: Embeddings,
    *,
    change: Change | None = None,
    provenance: Provenance | None = None,
    replace_all: bool = False,
) -> StoreReport:
    """Writes a prepared batch in one transaction; see ``store_batch``.

    Raises:
        TypeError: ``change`` or ``provenance`` is of another type.
    """
    if change is not None:
        require_type("change", change, Change)
    if provenance is not None:
        require_type("provenance", provenance, Provenance)
    if not batch.ready and not replace_all:
        return StoreReport(tuple(item for item in batch.outcome if isinstance(item, StoreResult)))
    with backend.writing() as session:
        writer = _BatchWriter(session, embeddings, change or Change(), provenance)
        results = writer.write(batch)
        deleted = session.delete(_others(session, batch)) if replace_all else 0
    if len(batch.ready) + deleted > 1:  # after a single pattern, closing the bank tidies up
        backend.tidy()
    return StoreReport(tuple(results), deleted)


class Embeddings:
    """Embeddings by the hash of their text, computed before the transaction where possible.

    Attributes:
        found: Embeddings ``(dim,)`` by the hash of their text.

    Args:
        encoder: Called only when there is something to embed.
        known: Embeddings that need not be computed.
    """

    def __init__(
        self, encoder: Callable[[], Encoder], known: Mapping[str, Vector] = _NOTHING
    ) -> None:
        self._encoder = encoder
        self.found = dict(known)

    def add(
        self, pending: Sequence[PreparedPattern], progress: Callable[[int], None] | None = None
    ) -> None:
        """Embeds the texts that have no embedding here yet, each once."""
        texts: dict[str, str] = {}
        for item in pending:
            if item.text_hash not in self.found:
                texts[item.text_hash] = item.text
        items = list(texts.items())
        for start in range(0, len(items), EMBED_BATCH):
            batch = items[start : start + EMBED_BATCH]
            hashes, contents = zip(*batch, strict=True)
            vectors = self._encoder().encode(contents)
            self.found.update(zip(hashes, vectors, strict=True))
            if progress is not None:
                progress(len(batch))

    def of(self, prepared: PreparedPattern) -> Vector:
        """Returns the embedding ``(dim,)`` of a pattern's text, computing it if necessary."""
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

    def write(self, batch: PreparedBatch) -> list[StoreResult]:
        """Writes the ready patterns; returns the results of all, in the order given."""
        ids = [ready.pattern.id for ready in batch.ready]
        known = {stored.pattern.id: stored for stored in self._session.get_many(ids)}
        hashes = self._session.embedded_hashes(ids) if known else {}
        written: set[str] = set()
        results = []
        for item in batch.outcome:
            if isinstance(item, StoreResult):
                results.append(item)
                continue
            id = item.pattern.id
            if id in written:  # the same pattern twice in one batch
                known |= {stored.pattern.id: stored for stored in self._session.get_many([id])}
                hashes |= self._session.embedded_hashes([id])
            results.append(self._write(item, known.get(id), hashes.get(id)))
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
                return _result(ready, "rejected", reason=reason)
        counts: list[AgentCount] = []
        if existing is not None:
            counts = self._session.agent_counts(existing.key)
        elif pattern.usage_count:  # an import has the counts, but not the recorded uses
            successes = round(pattern.success_rate * pattern.usage_count)
            counts = [AgentCount("", successes, pattern.usage_count)]
        content = PatternContent(
            pattern=pattern,
            summary=use_summary(counts, base_quality=ready.base_quality, trust=trust),
            provenance=author,
            base_quality=ready.base_quality,
            content_hash=ready.content_hash,
            text_hash=ready.text_hash,
            embedding=None if embedded_hash == ready.text_hash else self._embeddings.of(ready),
        )
        if existing is not None:
            self._session.update(existing, content, self._change)
            return _result(ready, "updated")
        near_duplicate = self._session.insert(content).near_duplicate_of
        return _result(ready, "created", near_duplicate_of=near_duplicate)


def _others(session: PatternReader, batch: PreparedBatch) -> list[str]:
    """Returns the ids of all patterns that are not in the batch."""
    named = {
        item.pattern.id if isinstance(item, PreparedPattern) else item.id for item in batch.outcome
    }
    return [id for id in session.ids_with_prefix("") if id not in named]


def _dry_run_results(session: PatternReader, batch: PreparedBatch) -> list[StoreResult]:
    hashes = {
        stored.pattern.id: stored.content_hash
        for stored in session.get_many([ready.pattern.id for ready in batch.ready])
    }
    results = []
    for item in batch.outcome:
        if isinstance(item, StoreResult):
            results.append(item)
            continue
        known = hashes.get(item.pattern.id)
        status: StoreStatus = "updated"
        if known is None:
            status = "created"
        elif known == item.content_hash:
            status = "unchanged"
        hashes[item.pattern.id] = item.content_hash
        results.append(_result(item, status))
    return results


def _result(
    ready: PreparedPattern,
    status: StoreStatus,
    *,
    reason: str = "",
    near_duplicate_of: str | None = None,
) -> StoreResult:
    return StoreResult(
        id=ready.pattern.id,
        name=ready.pattern.name,
        status=status,
        reason=reason,
        near_duplicate_of=near_duplicate_of,
    )
