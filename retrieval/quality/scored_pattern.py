"""Carries a pattern with its quality from extraction to storing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ...schema import TestPattern

__all__ = ["ScoredPattern", "StorablePattern", "pattern_of"]


@dataclass(frozen=True, slots=True)
class ScoredPattern:
    """A pattern that is known to hold no secret, with its quality while unused (0..1).

    Storing neither redacts nor scores it again, so only code that has done both builds one:
    ``extraction/pattern_builder.py``. Every other pattern is stored as a ``TestPattern``.
    """

    pattern: TestPattern
    base_quality: float


# What the bank stores. A plain pattern is redacted and scored first.
StorablePattern: TypeAlias = TestPattern | ScoredPattern


def pattern_of(storable: StorablePattern) -> TestPattern:
    """Returns the pattern itself."""
    return storable.pattern if isinstance(storable, ScoredPattern) else storable
