"""Defines what the bank reports of the patterns that it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["StoreReport", "StoreResult", "StoreStatus"]

StoreStatus = Literal["created", "updated", "unchanged", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResult:
    """The fate of one pattern that was given to the bank.

    Attributes:
        id: Of the pattern.
        name: Of the pattern.
        status: What happened.
        reason: Why a pattern was rejected; otherwise empty.
        near_duplicate_of: Id of a stored pattern that says the same as a new one.
    """

    id: str
    name: str
    status: StoreStatus
    reason: str = ""
    near_duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class StoreReport:
    """The fate of each pattern of a batch, in the order given.

    Attributes:
        results: One for each pattern.
        deleted: How many patterns a replacing import removed, since the batch did not name them.
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
    def unchanged(self) -> int:
        """Number of patterns that the bank already had with the same content."""
        return self.count("unchanged")

    @property
    def rejected(self) -> int:
        """Number of patterns that were not stored; the result says why."""
        return self.count("rejected")
