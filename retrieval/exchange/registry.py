"""Reads and writes a registry: a folder with one small YAML file per pattern, to keep in git."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from ...schema import InterchangeError, TestPattern, remove_stale_partials, stable_id
from .formats import encode_patterns, read_patterns, write_atomically

__all__ = ["read_registry", "write_registry"]

SUFFIX = ".pattern.yaml"
# File systems allow names of 255 bytes; the suffixes of a file being written need room too.
MAX_STEM_CHARS = 200


def write_registry(folder: Path, patterns: Iterable[TestPattern], *, prune: bool = False) -> int:
    """Writes each pattern to a file named after its id and returns the number of files.

    A link that has the name of such a file is replaced, not followed.

    Args:
        prune: Remove the registry files of other patterns; by default every other file stays,
            since a team keeps the patterns of many banks in one folder.

    Raises:
        InterchangeError: A file cannot be written.
    """
    remove_stale_partials(folder)
    written = set()
    for pattern in patterns:
        path = folder / (_file_stem(pattern.id) + SUFFIX)
        write_atomically(path, encode_patterns([pattern], "yaml"), shared=True)
        written.add(path.name)
    for path in folder.glob(f"*{SUFFIX}") if prune else ():
        if path.name not in written:
            path.unlink()
    return len(written)


def read_registry(folder: Path) -> list[TestPattern]:
    """Returns the patterns of every registry file in the folder, ordered by file name.

    Raises:
        InterchangeError: The folder does not exist, or one of its files is malformed.
    """
    if not folder.is_dir():
        raise InterchangeError(f"a registry must be a folder, got {folder}", path=folder)
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    return [pattern for path in paths for pattern in read_patterns(path, "yaml")]


def _file_stem(id: str) -> str:
    """Returns the id as a short file name, quoted because it may hold a slash or a colon."""
    quoted = quote(id, safe="@+")
    return quoted if len(quoted) <= MAX_STEM_CHARS else f"{quoted[:80]}~{stable_id(id)}"
