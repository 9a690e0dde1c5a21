"""From a pattern to its rows: embed, version, write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...models import Encoder, Vector
from ...schema import Provenance, StoreReport, StoreResult, StoreStatus, utc_now
from ..quality.scored_pattern import StorablePattern
from ..quality.success_bound import evidence_of_agents, quality_with_use
from ..storage.sqlite import PatternSession, PatternStore, StoredPattern
from ..text.pattern_text import text_hash
from ..usage.trust import UNPROVEN, evidence_of_use, refusal, trust_of
from .preparation import PreparedBatch, PreparedPattern, prepared

__all__ = ["Change", "Embeddings", "prepare_batch", "store_batch", "write_batch"]

# Texts given to the encoder at once: enough to sort by length, few enough for steady progress.
EMBED_BATCH = 256
# Uses that a stored pattern already brought with it weigh as those of one agent.
IMPORTED_AGENT = "(imported)"

_NOTHING: Final[Mapping[str, Vector]] = {}


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes patterns and why; kept with the version before."""

    description: str = "stored again with other content"
    created_by: str = ""


def store_batch(
    store: PatternStore,
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
        progress: Told how many of the patterns are done, as they are embedded.
    """
    batch = prepare_batch(store, patterns, min_quality)
    if dry_run:
        with store.reading() as session:
            doomed = session.rows.others(batch.ids) if replace_all else []
            return _report(batch, _dry_run_results(session, batch.prepared), len(doomed))
    if progress is not None:
        progress(len(batch.outcome) - len(batch.pending))
    embeddings = Embeddings(encoder)
    embeddings.add([one.text for one in batch.pending], progress)
    return write_batch(
        store,
        batch,
        embeddings,
        change=change,
        provenance=provenance,
        replace_all=replace_all,
    )


def prepare_batch(
    store: PatternStore, patterns: Iterable[StorablePattern], min_quality: float
) -> PreparedBatch:
    """Returns the patterns ready to be embedded and written."""
    outcome = tuple(prepared(pattern, min_quality) for pattern in patterns)
    ready = [one for one in outcome if isinstance(one, PreparedPattern)]
    with store.reading() as session:
        known = session.vectors.text_hashes([one.pattern.id for one in ready])
    pending = tuple(one for one in ready if known.get(one.pattern.id) != one.text_hash)
    return PreparedBatch(outcome, pending)


def write_batch(
    store: PatternStore,
    batch: PreparedBatch,
    embeddings: Embeddings,
    *,
    change: Change | None = None,
    provenance: Provenance | None = None,
    replace_all: bool = False,
) -> StoreReport:
    """Writes what was prepared in one transaction; see ``store_batch``."""
    prepared = batch.prepared
    if not prepared and not replace_all:
        return _report(batch, [])
    with store.writing() as session:
        if session.words_version() is None:
            session.note_words_version()
        change = change or Change()
        results = [_write(session, one, embeddings, change, provenance) for one in prepared]
        doomed = session.rows.others(batch.ids) if replace_all else []
        for rowid in doomed:
            session.delete(rowid)
    if len(results) + len(doomed) > 1:  # one pattern does not wait for it: PatternStore.finish
        store.tidy()
    return _report(batch, results, len(doomed))


class Embeddings:
    """Embeddings by the hash of their text, made before the transaction; rarely, inside it.

    Attributes:
        found: Embeddings (dim,) by the hash of their text.

    Args:
        known: Those that need not be made.
    """

    def __init__(
        self, encoder: Callable[[], Encoder], known: Mapping[str, Vector] = _NOTHING
    ) -> None:
        self._encoder = encoder
        self.found = dict(known)

    def add(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> None:
        """Embeds the texts that are not known, each once."""
        distinct = {text_hash(text): text for text in texts}
        hashes = [key for key in distinct if key not in self.found]
        for start in range(0, len(hashes), EMBED_BATCH):
            batch = hashes[start : start + EMBED_BATCH]
            vectors = self._encoder().encode([distinct[key] for key in batch])
            self.found.update(zip(batch, vectors, strict=True))
            if progress is not None:
                progress(len(batch))

    def of(self, prepared: PreparedPattern) -> Vector:
        """Returns the embedding (dim,) of a pattern's text."""
        if prepared.text_hash not in self.found:  # another process changed the pattern meanwhile
            self.add([prepared.text])
        return self.found[prepared.text_hash]


def _dry_run_results(
    session: PatternSession, prepared: Sequence[PreparedPattern]
) -> list[StoreResult]:
    hashes = {
        stored.pattern.id: stored.content_hash
        for stored in session.rows.get_many([one.pattern.id for one in prepared])
    }
    results = []
    for one in prepared:
        known = hashes.get(one.pattern.id)
        status: StoreStatus = "updated"
        if known is None:
            status = "created"
        elif known == one.content_hash:
            status = "unchanged"
        hashes[one.pattern.id] = one.content_hash
        results.append(_result(one, status))
    return results


def _write(
    session: PatternSession,
    one: PreparedPattern,
    embeddings: Embeddings,
    change: Change,
    provenance: Provenance | None,
) -> StoreResult:
    author = provenance or Provenance(origin="extracted" if one.pattern.source else "human")
    existing = session.rows.get(one.pattern.id)
    same = existing is not None and existing.content_hash == one.content_hash
    if not same and (reason := refusal(session, author, existing)):
        return StoreResult(
            id=one.pattern.id, name=one.pattern.name, status="rejected", reason=reason
        )
    if existing is None:
        return _create(session, one, embeddings, author)
    if existing.content_hash == one.content_hash:
        if existing.pattern.source != one.pattern.source and one.pattern.source is not None:
            session.rows.update_source(existing.pattern_rowid, one.pattern.source)
        return _result(one, "unchanged")
    return _update(session, one, existing, embeddings, change, author)


def _create(
    session: PatternSession, one: PreparedPattern, embeddings: Embeddings, author: Provenance
) -> StoreResult:
    uses = one.pattern.usage_count
    successes = round(one.pattern.success_rate * uses)
    pattern = replace(
        one.pattern,
        quality=quality_with_use(one.base_quality, successes, uses),
    )
    rowid = session.rows.insert(
        pattern,
        base_quality=one.base_quality,
        evidence=evidence_of_agents([(successes, uses)] if uses else [])
        if trust_of(author) != UNPROVEN
        else 0.0,
    )
    session.trust.set(rowid, author, trust_of(author))
    if uses:  # counted elsewhere: an import brings the numbers, not the rows
        session.uses.count(rowid, IMPORTED_AGENT, successes, uses)
    session.text.put(rowid, pattern)
    session.vectors.put(rowid, pattern, embeddings.of(one), one.text_hash)
    return replace(_result(one, "created"), near_duplicate_of=session.rows.near_duplicate(rowid))


def _update(
    session: PatternSession,
    one: PreparedPattern,
    existing: StoredPattern,
    embeddings: Embeddings,
    change: Change,
    author: Provenance,
) -> StoreResult:
    before = existing.pattern
    session.versions.add(
        before, change_description=change.description, created_by=change.created_by
    )
    author_before, _ = session.trust.get(existing.pattern_rowid)
    session.trust.sign_version(before.id, before.version, author_before)
    pattern = replace(
        one.pattern,
        version=before.version + 1,
        created_at=before.created_at,
        updated_at=utc_now(),
        quality=quality_with_use(one.base_quality, existing.success_count, before.usage_count),
    )
    rowid = existing.pattern_rowid
    session.rows.update_content(rowid, pattern, base_quality=one.base_quality)
    session.trust.set(rowid, author, trust_of(author))
    session.rows.update_counters(
        rowid,
        success_count=existing.success_count,
        usage_count=before.usage_count,
        evidence=evidence_of_use(session, rowid) if trust_of(author) != UNPROVEN else 0.0,
        quality=pattern.quality,
    )
    session.text.put(rowid, pattern)
    if session.vectors.text_hashes([pattern.id]).get(pattern.id) == one.text_hash:
        session.vectors.refresh(rowid, pattern)
    else:
        session.vectors.put(rowid, pattern, embeddings.of(one), one.text_hash)
    return _result(one, "updated")


def _result(one: PreparedPattern, status: StoreStatus) -> StoreResult:
    return StoreResult(id=one.pattern.id, name=one.pattern.name, status=status)


def _report(batch: PreparedBatch, results: Sequence[StoreResult], deleted: int = 0) -> StoreReport:
    """Returns the results of the written patterns between those that were rejected."""
    written = iter(results)
    return StoreReport(
        tuple(next(written) if isinstance(one, PreparedPattern) else one for one in batch.outcome),
        deleted,
    )
