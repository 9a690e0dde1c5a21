"""From a pattern to its rows: redact, score, version, embed, write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..models import Encoder
from ..schema import Provenance, StoreReport, StoreResult, StoreStatus, TestPattern, utc_now
from .evidence import evidence_of_agents, quality_with_use
from .pattern_text import embedded_text, text_hash
from .quality import score_quality
from .redaction import redact
from .storage import PatternSession, PatternStore, StoredPattern, content_hash
from .trust import UNPROVEN, evidence_of_use, refusal, trust_of

__all__ = ["Change", "embed_texts", "store_batch"]

Vector = npt.NDArray[np.float32]
# Texts given to the encoder at once: enough to sort by length, few enough for steady progress.
EMBED_BATCH = 256
# Uses that a stored pattern already brought with it weigh as those of one agent.
IMPORTED_AGENT = "(imported)"


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes patterns and why; kept with the version before."""

    description: str = "stored again with other content"
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A pattern ready to be written."""

    pattern: TestPattern
    base_quality: float
    content_hash: str
    text: str
    text_hash: str


def store_batch(
    store: PatternStore,
    patterns: Iterable[TestPattern],
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
    outcome = [_prepared(pattern, min_quality) for pattern in patterns]
    prepared = [one for one in outcome if isinstance(one, _Prepared)]
    with store.reading() as session:
        pending = _to_embed(session, prepared)
        if dry_run:
            doomed = session.rows.others(_ids(outcome)) if replace_all else []
            return _report(outcome, _dry_run_results(session, prepared), len(doomed))
    if progress is not None:
        progress(len(outcome) - len(pending))
    embeddings = _Embeddings(encoder)
    embeddings.add([one.text for one in pending], progress)
    if not prepared and not replace_all:
        return _report(outcome, [])
    with store.writing() as session:
        if session.words_version() is None:
            session.note_words_version()
        change = change or Change()
        results = [_write(session, one, embeddings, change, provenance) for one in prepared]
        doomed = session.rows.others(_ids(outcome)) if replace_all else []
        for rowid in doomed:
            session.delete(rowid)
    if len(results) + len(doomed) > 1:  # storing one pattern never pays for that
        store.update_vector_file()
    return _report(outcome, results, len(doomed))


def embed_texts(
    encoder: Encoder, texts: Sequence[str], progress: Callable[[int], None] | None = None
) -> dict[str, Vector]:
    """Returns embeddings (dim,) by the hash of their text."""
    distinct = {text_hash(text): text for text in texts}
    hashes = list(distinct)
    found: dict[str, Vector] = {}
    for start in range(0, len(hashes), EMBED_BATCH):
        batch = hashes[start : start + EMBED_BATCH]
        found.update(zip(batch, encoder.encode([distinct[key] for key in batch]), strict=True))
        if progress is not None:
            progress(len(batch))
    return found


class _Embeddings:
    """Embeddings by the hash of their text, made before the transaction; rarely, inside it."""

    def __init__(self, encoder: Callable[[], Encoder]) -> None:
        self._encoder = encoder
        self._found: dict[str, Vector] = {}

    def add(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> None:
        if texts:
            self._found |= embed_texts(self._encoder(), texts, progress)

    def of(self, prepared: _Prepared) -> Vector:
        if prepared.text_hash not in self._found:  # another process changed the pattern meanwhile
            self.add([prepared.text])
        return self._found[prepared.text_hash]


def _prepared(pattern: TestPattern, min_quality: float) -> _Prepared | StoreResult:
    """Returns the pattern without secrets and with its score, or the reason to reject it."""
    try:
        clean = _redacted(pattern)
    except ValueError as error:  # what is put in place of secrets can exceed a size limit
        return StoreResult(id=pattern.id, name=pattern.name, status="rejected", reason=str(error))
    score = score_quality(replace(clean, usage_count=0, success_rate=0.0))
    if score.total < min_quality:
        return StoreResult(
            id=clean.id,
            name=clean.name,
            status="rejected",
            reason=f"quality must be >= {min_quality:.2f}, got {score.total:.2f}",
        )
    text = embedded_text(clean)
    return _Prepared(clean, score.total, content_hash(clean), text, text_hash(text))


def _redacted(pattern: TestPattern) -> TestPattern:
    return replace(
        pattern,
        name=redact(pattern.name),
        description=redact(pattern.description),
        template=redact(pattern.template),
        examples=tuple(redact(example) for example in pattern.examples),
        tags=tuple(redact(tag) for tag in pattern.tags),
    )


def _to_embed(session: PatternSession, prepared: Sequence[_Prepared]) -> list[_Prepared]:
    known = session.vectors.text_hashes([one.pattern.id for one in prepared])
    return [one for one in prepared if known.get(one.pattern.id) != one.text_hash]


def _dry_run_results(session: PatternSession, prepared: Sequence[_Prepared]) -> list[StoreResult]:
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
    one: _Prepared,
    embeddings: _Embeddings,
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
    session: PatternSession, one: _Prepared, embeddings: _Embeddings, author: Provenance
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
    one: _Prepared,
    existing: StoredPattern,
    embeddings: _Embeddings,
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


def _result(one: _Prepared, status: StoreStatus) -> StoreResult:
    return StoreResult(id=one.pattern.id, name=one.pattern.name, status=status)


def _ids(outcome: Sequence[_Prepared | StoreResult]) -> list[str]:
    return [one.pattern.id if isinstance(one, _Prepared) else one.id for one in outcome]


def _report(
    outcome: Sequence[_Prepared | StoreResult], results: Sequence[StoreResult], deleted: int = 0
) -> StoreReport:
    """Returns the results of the written patterns between those that were rejected."""
    written = iter(results)
    return StoreReport(
        tuple(next(written) if isinstance(one, _Prepared) else one for one in outcome), deleted
    )
