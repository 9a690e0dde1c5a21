"""Returns the tags of a test that its file's name does not add."""

from __future__ import annotations

from aqe.schema import TestPattern

__all__ = ["own_tags"]


def own_tags(pattern: TestPattern) -> tuple[str, ...]:
    """Returns the tags without that of the topic."""
    return tuple(tag for tag in pattern.tags if not tag.startswith("topic:"))
