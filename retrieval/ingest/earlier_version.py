"""Restores an earlier version of a pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...models import Encoder
from ...schema import PatternNotFoundError, StoreResult, TestPattern
from ..storage.backend import PatternBackend, PatternReader
from ..storage.storage_values import Change
from .writer import store_batch

__all__ = ["restore_version"]


def restore_version(
    backend: PatternBackend,
    encoder: Callable[[], Encoder],
    id: str,
    version: int,
    *,
    min_quality: float,
) -> StoreResult:
    """Stores an earlier version again; see ``QEReasoningBank.restore_version``."""
    with backend.reading() as session:
        wanted = _earlier_version(session, id, version)
    return store_batch(
        backend,
        [wanted],
        encoder,
        min_quality=min_quality,
        change=Change(f"restored version {version}"),
        restored=True,
    ).results[0]


def _earlier_version(session: PatternReader, id: str, version: int) -> TestPattern:
    history = session.versions(id)
    wanted = next((old for old in history if old.version_number == version), None)
    if wanted is None:
        raise PatternNotFoundError(
            f"pattern {id!r} has no earlier version {version}; it has "
            f"{', '.join(str(old.version_number) for old in history) or 'none'}",
            id=id,
            version=version,
            candidates=tuple(old.version_number for old in history),
        )
    return replace(wanted.pattern, id=id)  # its test may have had another name then
