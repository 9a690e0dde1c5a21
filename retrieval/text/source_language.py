"""Names the language of a source file from its extension."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ...schema.records.patterns import Language

__all__ = ["language_of"]


def language_of(path: Path) -> Language | None:
    """Returns the language of a file with this name, or None for any other kind of file."""
    return _by_suffix().get(path.suffix.lower())


@cache
def _by_suffix() -> dict[str, Language]:
    from ...schema.frameworks.declarations import declarations  # most searches name no file

    return {
        suffix: language.name
        for language in declarations().languages
        for suffix in language.suffixes
    }
