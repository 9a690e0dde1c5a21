"""Writes a batch of patterns in one transaction: creates, updates, skips or rejects each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from ...models import Encoder, embed_documents
from ...models.vector import Vector
from ...schema import (
    TRUSTED,
    UNPROVEN,
    Provenance,
    StoreReport,
    StoreResult,
    StoreStatus,
    TestPattern,
    agent_key,
    utc_now,
)
from ...schema.records.validation import require_type
from ..quality.scored_pattern import StorablePattern
from ..storage.backend import PatternBackend, PatternReader, PatternWriter
from ..storage.storage_values import Change, PatternContent, StoredPattern
from ..usage.trust import author_of, content_summary, is_own_unproven, refusal
from .content_change import is_elsewhere, is_same_test
from .preparation import PreparedBatch, PreparedPattern, prepared, with_known_ids

__all__ = ["Embeddings", "prepare_batch", "store_batch", "write_batch"]

# Texts per call of the encoder: enough to sort by length, few enough for steady progress.
EMBED_BATCH: Final = 256
_NOTHING: Final[Mapping[str, Vector]] = {}
# Of a new pattern: later changes count on from it.
MAX_VERSION: Final = 1_000_000_000


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
    restored: bool = False,
    progress: Callable[[int], None] | None = None,
) -> StoreReport:
    """Stores patterns in one transaction; returns a result for each, in the order given.

    New and changed patterns are embedded before the transaction, so that others can write
    meanwhile.

    Args:
        encoder: Called only when there is something to embed.
        provenance: Who wrote the patterns. Default: a person, or extraction for patterns with a
            source. What the patterns claim themselves can only lower the trust.
        replace_all: Delete every pattern that is not among these; those among them may be replaced
            by unproven ones, and even if they cannot be read.
        restored: The patterns are earlier versions: each keeps the author and trust it had.
        progress: Called with the number of patterns embedded since the last call.
    """
    rules = _Rules(provenance, replace_all, restored)
    batch = prepare_batch(backend, patterns, min_quality)
    if dry_run:
        with backend.reading() as session:
            unnamed = _others(session, batch) if replace_all else []
            results = _DryRun(session, rules).results(batch)
            return StoreReport(tuple(results), len(unnamed))
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
        restored=restored,
    )


def prepare_batch(
    backend: PatternBackend, patterns: Iterable[StorablePattern], min_quality: float
) -> PreparedBatch:
    """Returns the patterns prepared for embedding and writing.

    Raises:
        TypeError: They are no patterns.
    """
    if not isinstance(patterns, Iterable):
        raise TypeError(f"expected patterns to store, got {type(patterns).__name__}")
    outcome = [prepared(pattern, min_quality) for pattern in patterns]
    with backend.reading() as session:
        outcome = with_known_ids(session, outcome)
        ready = [item for item in outcome if isinstance(item, PreparedPattern)]
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
    restored: bool = False,
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
        rules = _Rules(provenance, replace_all, restored)
        results = _BatchWriter(session, embeddings, change or Change(), rules).results(batch)
        deleted = session.delete(_others(session, batch)) if replace_all else 0
    if len(batch.ready) > 1 or deleted:  # after a single pattern, closing the bank tidies up
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
            vectors = embed_documents(self._encoder(), contents)
            self.found.update(zip(hashes, vectors, strict=True))
            if progress is not None:
                progress(len(batch))

    def of(self, prepared: PreparedPattern) -> Vector:
        """Returns the embedding ``(dim,)`` of a pattern's text, computing it if necessary."""
        if prepared.text_hash not in self.found:  # another process changed the pattern meanwhile
            self.add([prepared])
        return self.found[prepared.text_hash]


class _Rules(NamedTuple):
    """Who stores a batch, and whether unproven patterns may replace trusted ones."""

    provenance: Provenance | None
    replace_all: bool
    restored: bool

    def author(self, pattern: TestPattern) -> Provenance:
        """Returns who wrote a pattern of the batch."""
        if self.restored and pattern.provenance is not None:
            if pattern.provenance.origin == "agent":  # the uses of this content say whether
                return replace(pattern.provenance, trust=UNPROVEN)
            return pattern.provenance
        return author_of(pattern, self.provenance)


class _Verdict(NamedTuple):
    status: StoreStatus
    reason: str = ""


class _BatchDecision(ABC):
    """Decides on the patterns of a batch in turn, as a write and as a dry run.

    Args:
        session: The state of the bank before the batch, or with what was written of it.
    """

    def __init__(self, session: PatternReader, rules: _Rules) -> None:
        self._session = session
        self._rules = rules
        self._known: dict[str, StoredPattern] = {}
        self._unreadable: set[str] = set()

    def results(self, batch: PreparedBatch) -> list[StoreResult]:
        """Returns the results of all patterns, in the order given."""
        self._look_up([ready.pattern.id for ready in batch.ready])
        return [
            item if isinstance(item, StoreResult) else self._result(item) for item in batch.outcome
        ]

    def _look_up(self, ids: Sequence[str]) -> None:
        self._known |= {stored.pattern.id: stored for stored in self._session.get_many(ids)}
        missing = [id for id in ids if id not in self._known]
        if missing:
            self._unreadable |= set(self._session.unreadable(missing))

    @abstractmethod
    def _result(self, ready: PreparedPattern) -> StoreResult:
        """Returns the result of the next pattern."""

    def _count_unproven(self, author: Provenance) -> int:
        return self._session.count_unproven(author.agent_id)

    def _verdict(
        self, ready: PreparedPattern, existing: StoredPattern | None, author: Provenance
    ) -> _Verdict:
        pattern = ready.pattern
        if existing is not None and existing.content_hash == ready.content_hash:
            return _Verdict("unchanged")
        if existing is None and pattern.version > MAX_VERSION:
            return _Verdict(
                "rejected", f"version must be from 1 to {MAX_VERSION}, got {pattern.version}"
            )
        if pattern.id in self._unreadable:
            return _Verdict(
                "rejected", "the stored pattern with this id cannot be read; run: aqe db repair"
            )
        free = self._rules.restored or (self._rules.replace_all and author.origin != "agent")
        if author.trust == UNPROVEN and not (free and existing is not None):
            unproven = 0 if existing is not None else self._count_unproven(author)
            if reason := refusal(author, existing, unproven):
                return _Verdict("rejected", reason)
        return _Verdict("created" if existing is None else "updated")


class _DryRun(_BatchDecision):
    """Says what a write of the batch would do."""

    def __init__(self, session: PatternReader, rules: _Rules) -> None:
        super().__init__(session, rules)
        self._added: Counter[str] = Counter()

    def _look_up(self, ids: Sequence[str]) -> None:
        super()._look_up(ids)
        if self._rules.replace_all:
            self._unreadable = set()  # they would be deleted

    def _count_unproven(self, author: Provenance) -> int:
        return super()._count_unproven(author) + self._added[agent_key(author.agent_id)]

    def _result(self, ready: PreparedPattern) -> StoreResult:
        pattern, author = ready.pattern, self._rules.author(ready.pattern)
        existing = self._known.get(pattern.id)
        verdict = self._verdict(ready, existing, author)
        if verdict.status in ("created", "updated"):
            if verdict.status == "created" and author.trust == UNPROVEN:
                self._added[agent_key(author.agent_id)] += 1
            self._known[pattern.id] = StoredPattern(
                key=0 if existing is None else existing.key,
                pattern=pattern,
                content_hash=ready.content_hash,
                base_quality=ready.base_quality,
                success_count=0,
                evidence=0.0,
                provenance=author,
            )
        return _result(ready, verdict)


class _BatchWriter(_BatchDecision):
    """Writes prepared patterns inside one session."""

    def __init__(
        self, session: PatternWriter, embeddings: Embeddings, change: Change, rules: _Rules
    ) -> None:
        super().__init__(session, rules)
        self._writer = session
        self._embeddings = embeddings
        self._change = change
        self._hashes: dict[str, str] = {}
        self._written: set[str] = set()

    def _look_up(self, ids: Sequence[str]) -> None:
        super()._look_up(ids)
        if self._unreadable and self._rules.replace_all:
            self._writer.delete(self._unreadable)
            self._unreadable = set()
        self._hashes |= self._session.embedded_hashes(ids) if self._known else {}

    def _result(self, ready: PreparedPattern) -> StoreResult:
        pattern = ready.pattern
        if pattern.id in self._written:  # the same pattern twice in one batch
            self._look_up([pattern.id])
        self._written.add(pattern.id)
        author = self._rules.author(pattern)
        existing = self._known.get(pattern.id)
        verdict = self._verdict(ready, existing, author)
        if verdict.status == "rejected":
            return _result(ready, verdict)
        if existing is None:
            near_duplicate = self._writer.insert(self._new_content(ready, author)).near_duplicate_of
            return _result(ready, verdict, near_duplicate_of=near_duplicate)
        if verdict.status == "updated":
            if is_same_test(ready.pattern, author, existing):
                same = replace(existing, content_hash=ready.content_hash)
                self._writer.carry_uses(same, existing.content_hash)
            self._writer.update(existing, self._content(ready, author, existing), self._change)
        elif is_elsewhere(pattern, existing.pattern) and (
            author.trust == TRUSTED or is_own_unproven(author, existing)
        ):
            self._writer.set_place(
                existing.key,
                source=str(pattern.source),
                project=pattern.project or existing.pattern.project,
                context=pattern.context,
            )
        return _result(ready, verdict)

    def _new_content(self, ready: PreparedPattern, author: Provenance) -> PatternContent:
        """Returns the content of a new pattern, with no time after now."""
        content, now = self._content(ready, author, None), utc_now()
        pattern = content.pattern
        if pattern.created_at <= now and pattern.updated_at <= now:
            return content
        clamped = replace(
            pattern,
            created_at=min(pattern.created_at, now),
            updated_at=min(pattern.updated_at, now),
        )
        return replace(content, pattern=clamped)

    def _content(
        self, ready: PreparedPattern, author: Provenance, existing: StoredPattern | None
    ) -> PatternContent:
        counts = (
            [] if existing is None else self._session.agent_counts(existing.key, ready.content_hash)
        )
        is_embedded = self._hashes.get(ready.pattern.id) == ready.text_hash
        return PatternContent(
            pattern=ready.pattern,
            summary=content_summary(counts, author, base_quality=ready.base_quality),
            provenance=author,
            base_quality=ready.base_quality,
            content_hash=ready.content_hash,
            text_hash=ready.text_hash,
            embedding=None if is_embedded else self._embeddings.of(ready),
        )


def _others(session: PatternReader, batch: PreparedBatch) -> list[str]:
    """Returns the ids of all patterns that are not in the batch."""
    named = {
        item.pattern.id if isinstance(item, PreparedPattern) else item.id for item in batch.outcome
    }
    return [id for id in session.ids_with_prefix("") if id not in named]


def _result(
    ready: PreparedPattern, verdict: _Verdict, *, near_duplicate_of: str | None = None
) -> StoreResult:
    return StoreResult(
        id=ready.pattern.id,
        name=ready.pattern.name,
        status=verdict.status,
        reason=verdict.reason,
        near_duplicate_of=near_duplicate_of,
    )
