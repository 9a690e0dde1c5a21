"""Names the language of a source file from its extension."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ...schema.records.patterns import Language

__all__ = ["language_of"]

_LANGUAGE_OF_SUFFIX: Final[dict[str, Language]] = {
    ".py": "python",
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs"), "javascript"),
    **dict.fromkeys((".ts", ".tsx", ".mts", ".cts"), "typescript"),
}


def language_of(path: Path) -> Language | None:
    """Returns the language of a file with this name, or None for any other kind of file."""
    return _LANGUAGE_OF_SUFFIX.get(path.suffix.lower())
