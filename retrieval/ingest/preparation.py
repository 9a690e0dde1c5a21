"""From a pattern to what can be stored: without secrets, with its score and its hashes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...schema import StoreResult, TestPattern
from ..text.pattern_text import content_hash, embedded_text, text_hash

__all__ = ["PreparedBatch", "PreparedPattern", "prepared"]


@dataclass(frozen=True, slots=True)
class PreparedPattern:
    """A pattern ready to be written."""

    pattern: TestPattern
    base_quality: float
    content_hash: str
    text: str
    text_hash: str


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """Patterns ready to be written or rejected, in the order given.

    Attributes:
        pending: Those whose embedding the bank does not have.
    """

    outcome: tuple[PreparedPattern | StoreResult, ...]
    pending: tuple[PreparedPattern, ...]

    @property
    def prepared(self) -> list[PreparedPattern]:
        """Those that are not rejected."""
        return [one for one in self.outcome if isinstance(one, PreparedPattern)]

    @property
    def ids(self) -> list[str]:
        """The ids of all."""
        return [
            one.pattern.id if isinstance(one, PreparedPattern) else one.id for one in self.outcome
        ]


def prepared(pattern: TestPattern, min_quality: float) -> PreparedPattern | StoreResult:
    """Returns the pattern without secrets and with its score, or the reason to reject it."""
    from ..quality.score import score_quality

    try:
        clean = _redacted(pattern)
    except ValueError as error:  # what is put in place of secrets can exceed a size limit
        return StoreResult(id=pattern.id, name=pattern.name, status="rejected", reason=str(error))
    unused = replace(clean, usage_count=0, success_rate=0.0) if clean.usage_count else clean
    score = score_quality(unused)
    if score.total < min_quality:
        return StoreResult(
            id=clean.id,
            name=clean.name,
            status="rejected",
            reason=f"quality must be >= {min_quality:.2f}, got {score.total:.2f}",
        )
    text = embedded_text(clean)
    return PreparedPattern(clean, score.total, content_hash(clean), text, text_hash(text))


def _redacted(pattern: TestPattern) -> TestPattern:
    from ..text.redaction import redact

    texts = (pattern.name, pattern.description, pattern.template)
    name, description, template = map(redact, texts)
    examples, tags = tuple(map(redact, pattern.examples)), tuple(map(redact, pattern.tags))
    if (name, description, template, examples, tags) == (*texts, pattern.examples, pattern.tags):
        return pattern  # as nearly always; to check it anew would cost as much as redacting it
    return replace(
        pattern,
        name=name,
        description=description,
        template=template,
        examples=examples,
        tags=tags,
    )
