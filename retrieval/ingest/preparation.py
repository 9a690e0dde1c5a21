"""Prepares patterns for storing: removes secrets, scores quality, hashes content and text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...schema import StoreResult, TestPattern
from ..quality.scored_pattern import ScoredPattern, StorablePattern
from ..storage.backend import PatternReader
from ..text.pattern_text import content_hash, embedded_text, text_hash

__all__ = ["PreparedBatch", "PreparedPattern", "prepared", "with_known_ids"]


@dataclass(frozen=True, slots=True)
class PreparedPattern:
    """A pattern ready to be written.

    Attributes:
        base_quality: Quality from the code alone, 0..1.
        text: The text to embed.
        earlier_id: The id under which an earlier version may have stored it.
    """

    pattern: TestPattern
    base_quality: float
    content_hash: str
    text: str
    text_hash: str
    earlier_id: str | None = None

    def renamed(self, id: str) -> PreparedPattern:
        """Returns the same pattern with another id."""
        pattern = replace(self.pattern, id=id)
        return replace(self, pattern=pattern, content_hash=content_hash(pattern))


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """A batch of patterns, each ready to be written or rejected.

    Attributes:
        outcome: A prepared pattern or the reason for its rejection, in the order given.
        ready: The patterns that were not rejected.
        pending: Those of them whose embedding is not in the bank yet.
    """

    outcome: tuple[PreparedPattern | StoreResult, ...]
    ready: tuple[PreparedPattern, ...]
    pending: tuple[PreparedPattern, ...]


def prepared(storable: StorablePattern, min_quality: float) -> PreparedPattern | StoreResult:
    """Returns the pattern redacted, scored and hashed, or the reason to reject it.

    A ``ScoredPattern`` was redacted and scored by extraction and is used as it is.

    Raises:
        TypeError: It is no pattern.
    """
    if isinstance(storable, ScoredPattern):
        scored = storable
    elif isinstance(storable, TestPattern):
        try:
            scored = _scored(storable)
        except ValueError as error:  # a placeholder longer than its secret can exceed a size limit
            return _rejected(storable, str(error))
    else:
        raise TypeError(f"pattern must be a TestPattern, got {type(storable).__name__}")
    clean, quality = scored.pattern, scored.base_quality
    if quality < min_quality:
        return _rejected(clean, f"quality must be >= {min_quality:.2f}, got {quality:.2f}")
    text = embedded_text(clean)
    earlier_id = storable.earlier_id if isinstance(storable, TestPattern) else None
    return PreparedPattern(clean, quality, content_hash(clean), text, text_hash(text), earlier_id)


def with_known_ids(
    session: PatternReader, outcome: list[PreparedPattern | StoreResult]
) -> list[PreparedPattern | StoreResult]:
    """Returns the patterns with the ids that the bank has them under.

    Earlier versions left the template out of the id of a pattern without a source.
    """
    earlier = [
        item.earlier_id
        for item in outcome
        if isinstance(item, PreparedPattern) and item.earlier_id is not None
    ]
    stored = (
        {each.pattern.id: each.pattern for each in session.get_many(earlier)} if earlier else {}
    )
    return [
        item.renamed(item.earlier_id)
        if isinstance(item, PreparedPattern)
        and item.earlier_id in stored
        and stored[item.earlier_id].template == item.pattern.template
        else item
        for item in outcome
    ]


def _rejected(pattern: TestPattern, reason: str) -> StoreResult:
    return StoreResult(id=pattern.id, name=pattern.name, status="rejected", reason=reason)


def _scored(pattern: TestPattern) -> ScoredPattern:
    """Returns the pattern, redacted, with its quality from the code alone.

    Raises:
        ValueError: The redacted pattern exceeds a size limit.
    """
    from ..quality.score import score_quality
    from ..text.pattern_redaction import redacted_pattern  # no search needs either

    clean = redacted_pattern(pattern)
    unused = replace(clean, usage_count=0, success_rate=None) if clean.usage_count else clean
    return ScoredPattern(clean, score_quality(unused).total)
