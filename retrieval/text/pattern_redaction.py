"""Redacts every text of a pattern."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...schema import ContextPart, Placeholder, TestPattern, stable_id
from ...schema.records.patterns import MAX_NAME_CHARS, MAX_TAG_CHARS
from ...schema.redaction.redaction import holds_secrets, redact

__all__ = ["redacted_id", "redacted_pattern"]


def redacted_pattern(pattern: TestPattern) -> TestPattern:
    """Returns the pattern without secrets; the same object if it has none.

    A placeholder may be longer than its secret; name and tags are cut to their limits.

    Raises:
        ValueError: The pattern is now larger than a pattern may be.
    """
    if not holds_secrets(_texts(pattern)):
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
        project=redact(pattern.project),
        context=tuple(map(_redacted_part, pattern.context)),
        placeholders=_redacted_placeholders(pattern),
    )


def _texts(pattern: TestPattern) -> Iterator[str]:
    yield from (pattern.name, pattern.description, pattern.template, *pattern.examples)
    yield from (*pattern.tags, pattern.id, pattern.source or "", pattern.project)
    for part in pattern.context:
        yield from (part.code, part.name, part.origin)
    if pattern.placeholders:
        yield from (placeholder.value for placeholder in pattern.placeholders)
        yield pattern.render()  # password={{password}}: neither of both is a secret alone


def _redacted_part(part: ContextPart) -> ContextPart:
    return replace(part, code=redact(part.code), name=redact(part.name), origin=redact(part.origin))


def _redacted_placeholders(pattern: TestPattern) -> tuple[Placeholder, ...]:
    """Returns the placeholders without values that are secrets, alone or in their places."""
    rendered = pattern.render()
    clean = redact(rendered)

    def redacted_value(value: str) -> str:
        alone = redact(value)
        is_secret_here = value == alone and value in rendered and value not in clean
        return '"<redacted:secret>"' if is_secret_here else alone

    return tuple(replace(each, value=redacted_value(each.value)) for each in pattern.placeholders)


def redacted_id(id: str) -> str:
    """Returns the id; one that is a secret itself as a hash of it, equal for equal ids."""
    return id if redact(id) == id else f"redacted-{stable_id(id)}"
