"""Finds one stored pattern by its id, and tells a missing one from a damaged one."""

from __future__ import annotations

from ...schema import DatabaseCorruptError, PatternNotFoundError
from .backend import PatternReader
from .storage_values import StoredPattern

__all__ = ["find_stored", "require_stored", "resolved_id"]


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


def resolved_id(session: PatternReader, prefix: str) -> str:
    """Returns the id that a unique prefix stands for, as git does for commits.

    Raises:
        PatternNotFoundError: No id starts with ``prefix``, or several do.
    """
    known = prefix and prefix.isascii()  # as ids are
    ids = session.ids_with_prefix(prefix, 3) if known else session.unreadable([prefix])
    if prefix in ids or len(ids) == 1:
        return prefix if prefix in ids else ids[0]
    if not ids:
        raise PatternNotFoundError(
            f"no pattern has the id {prefix!r}; find one with: aqe patterns search TEXT",
            id=prefix,
        )
    raise PatternNotFoundError(
        f"several ids start with {prefix!r} ({', '.join(ids)}); give more digits",
        id=prefix,
        candidates=tuple(ids),
    )
