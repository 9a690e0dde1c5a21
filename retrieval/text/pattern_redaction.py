"""Redacts every text of a pattern."""

from __future__ import annotations

from dataclasses import replace

from ...schema import TestPattern, stable_id
from ...schema.records.patterns import MAX_NAME_CHARS, MAX_TAG_CHARS
from ...schema.redaction.redaction import holds_secrets, redact

__all__ = ["redacted_id", "redacted_pattern"]


def redacted_pattern(pattern: TestPattern) -> TestPattern:
    """Returns the pattern without secrets; the same object if it has none.

    A placeholder may be longer than its secret; name and tags are cut to their limits.

    Raises:
        ValueError: The pattern is now larger than a pattern may be.
    """
    texts = (pattern.name, pattern.description, pattern.template, *pattern.examples, *pattern.tags)
    if not holds_secrets((*texts, pattern.id, pattern.source or "")):
        return pattern
    return replace(
        pattern,
        id=redacted_id(pattern.id),
        name=redact(pattern.name)[:MAX_NAME_CHARS],
        description=redact(pattern.description),
        template=redact(pattern.template),
        examples=tuple(map(redact, pattern.examples)),
        tags=tuple(redact(tag)[:MAX_TAG_CHARS] for tag in pattern.tags),
        source=None if pattern.source is None else redact(pattern.source),
    )


def redacted_id(id: str) -> str:
    """Returns the id; one that is a secret itself as a hash of it, equal for equal ids."""
    return id if redact(id) == id else f"redacted-{stable_id(id)}"
