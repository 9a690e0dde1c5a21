"""A folder with one YAML file a pattern: small files that a team reviews and keeps in git."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from ..schema import InterchangeError, TestPattern
from .interchange import encode_patterns, read_patterns, write_atomically

__all__ = ["read_registry", "write_registry"]

SUFFIX = ".pattern.yaml"


def write_registry(folder: Path, patterns: Iterable[TestPattern]) -> int:
    """Writes each pattern to a file of its own, named for its id; returns how many.

    Raises:
        InterchangeError: A file cannot be written.
    """
    count = 0
    for pattern in patterns:
        # An id may hold a slash or a colon; quoted, it stays inside the folder.
        path = folder / (quote(pattern.id, safe="@+") + SUFFIX)
        write_atomically(path, encode_patterns([pattern], "yaml"))
        count += 1
    return count


def read_registry(folder: Path) -> list[TestPattern]:
    """Returns the patterns of every registry file in the folder, by file name.

    Raises:
        InterchangeError: The folder is missing, or one of its files is malformed.
    """
    if not folder.is_dir():
        raise InterchangeError(f"a registry must be a folder, got {folder}")
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    return [pattern for path in paths for pattern in read_patterns(path, "yaml")]
