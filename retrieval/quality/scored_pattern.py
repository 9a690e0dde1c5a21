"""Pairs a redacted pattern with its quality, so that storing it computes neither again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ...schema import TestPattern

__all__ = ["ScoredPattern", "StorablePattern", "pattern_of"]


@dataclass(frozen=True, slots=True)
class ScoredPattern:
    """A pattern without secrets, and its quality from the code alone (0..1).

    Only ``extraction/pattern_builder.py`` builds one, since it has redacted and scored the code.
    Every other pattern is stored as a ``TestPattern``.
    """

    pattern: TestPattern
    base_quality: float


# The bank redacts and scores a plain pattern before it stores it.
StorablePattern: TypeAlias = TestPattern | ScoredPattern


def pattern_of(storable: StorablePattern) -> TestPattern:
    """Returns the pattern without its score."""
    return storable.pattern if isinstance(storable, ScoredPattern) else storable
