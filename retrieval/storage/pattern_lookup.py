"""Finds one stored pattern by its id, and tells a missing one from a damaged one."""

from __future__ import annotations

from ...schema import DatabaseCorruptError, PatternNotFoundError
from .backend import PatternReader
from .storage_values import StoredPattern

__all__ = ["find_stored", "require_stored"]


def find_stored(session: PatternReader, id: str) -> StoredPattern | None:
    """Returns the pattern with this id, or None.

    Raises:
        DatabaseCorruptError: It is stored and cannot be read.
    """
    stored = next(iter(session.get_many([id])), None)
    if stored is None and session.unreadable([id]):
        raise DatabaseCorruptError(
            f"pattern {id!r} is damaged and cannot be read; set it aside with: aqe db repair,"
            f" or delete it with: aqe patterns delete {id}"
        )
    return stored


def require_stored(session: PatternReader, id: str) -> StoredPattern:
    """Returns the pattern with this id.

    Raises:
        PatternNotFoundError: No pattern has it.
        DatabaseCorruptError: The pattern cannot be read.
    """
    stored = find_stored(session, id)
    if stored is None:
        raise PatternNotFoundError(f"no pattern has the id {id!r}; find one with search", id=id)
    return stored
