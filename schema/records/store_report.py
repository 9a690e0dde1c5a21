"""Defines the results of storing patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .record import Record

__all__ = ["StoreReport", "StoreResult", "StoreStatus"]

StoreStatus = Literal["created", "updated", "unchanged", "moved", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StoreResult(Record):
    """The result of storing one pattern.

    Attributes:
        id: Id of the pattern.
        name: Name of the pattern.
        status: Whether it was created, updated, unchanged or rejected; ``moved`` if it was created
            with the history of a test that was renamed or moved.
        reason: Why it was rejected; otherwise empty.
        near_duplicate_of: Id of a stored pattern of which a new one is a near-duplicate.
    """

    id: str
    name: str
    status: StoreStatus
    reason: str = ""
    near_duplicate_of: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class StoreReport(Record):
    """The results of storing a batch of patterns.

    Attributes:
        results: One for each pattern, in the order given.
        deleted: Number of patterns that a replacing import deleted.
    """

    results: tuple[StoreResult, ...] = ()
    deleted: int = 0

    def count(self, status: StoreStatus) -> int:
        """Returns the number of patterns with this status."""
        return sum(result.status == status for result in self.results)

    @property
    def created(self) -> int:
        """Number of patterns that are new to the bank."""
        return self.count("created")

    @property
    def updated(self) -> int:
        """Number of patterns whose content changed; each got a new version."""
        return self.count("updated")

    @property
    def moved(self) -> int:
        """Number of patterns whose test was renamed or moved."""
        return self.count("moved")

    @property
    def unchanged(self) -> int:
        """Number of patterns that the bank already had with the same content."""
        return self.count("unchanged")

    @property
    def rejected(self) -> int:
        """Number of patterns that were not stored; the result says why."""
        return self.count("rejected")
