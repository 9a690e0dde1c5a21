"""Gives each placeholder of a pattern a name of its own."""

from __future__ import annotations

import re
from functools import lru_cache

from ..pattern_names import words_of

__all__ = ["PlaceholderNames", "identifier"]

_MAX_PLACEHOLDER_CHARS = 40


class PlaceholderNames:
    """Names that differ from each other."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._taken: set[str] = set()

    def unique(self, words: str) -> str:
        """Returns an identifier of some words, numbered from the second on: ``user_name_2``."""
        base = identifier(words) or "value"
        number = self._numbers.get(base, 0) + 1
        while (name := base if number == 1 else f"{base}_{number}") in self._taken:
            number += 1
        self._numbers[base] = number
        self._taken.add(name)
        return name


@lru_cache(maxsize=4_096)
def identifier(words: str) -> str:
    """Returns ASCII letters, digits and underscores that a placeholder's name may have."""
    joined = "_".join(re.findall(r"[a-z0-9]+", words_of(words)))
    joined = joined[:_MAX_PLACEHOLDER_CHARS].strip("_")
    return f"n_{joined}" if joined[:1].isdigit() else joined
