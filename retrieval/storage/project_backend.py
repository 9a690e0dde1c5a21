"""Defines what a session of a storage backend must do for projects and for tests that move.

``PatternReader`` and ``PatternWriter`` (``backend.py``) include these methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ...schema.records.pattern_parts import ContextPart
from .storage_values import Change, PatternPlace, StoredPattern

__all__ = ["ProjectReader", "ProjectWriter"]


class ProjectReader(Protocol):
    """The part of a reading session that knows projects."""

    def projects(self) -> dict[str, str]:
        """Returns the names of the projects that tests were extracted from, by key."""
        ...

    def places(self, project: str) -> list[PatternPlace]:
        """Returns where the extracted patterns of a project are from, by age."""
        ...

    def settled_at(self, project: str) -> datetime | None:
        """Returns when ``set_settled`` was last told of a project; None if it never was."""
        ...


class ProjectWriter(Protocol):
    """The part of a writing session that records projects and what became of their tests."""

    def put_project(self, key: str, name: str) -> None:
        """Records a project: a new one, or another key of a known name."""
        ...

    def set_settled(self, projects: Sequence[str], at: datetime) -> None:
        """Records that the bank has what these projects have; unknown ones are left out."""
        ...

    def set_place(
        self,
        key: int,
        *,
        source: str,
        project: str,
        context: Sequence[ContextPart] | None = None,
    ) -> None:
        """Records where the test of a pattern was found; it is not gone then.

        Args:
            context: The context with the places where it was found; None leaves it as it is.
        """
        ...

    def set_gone(self, ids: Sequence[str], since: datetime) -> int:
        """Records since when tests are gone; returns how many were not known to be gone."""
        ...

    def rename(self, stored: StoredPattern, id: str) -> StoredPattern:
        """Gives a pattern another id, which no pattern may have; returns it.

        Its uses and versions continue under the new id, and its uses prove it as before.
        """
        ...

    def inherit(self, heir: StoredPattern, stored: StoredPattern, change: Change) -> None:
        """Moves the history of a pattern to its successor, a new pattern, and deletes it.

        Its content becomes the latest version of the successor, and the uses of that content count
        as uses of the successor's. The caller must write the summary afterwards.
        """
        ...

    def carry_uses(self, stored: StoredPattern, content_hash: str) -> None:
        """Counts the uses of an earlier content as uses of the present one: it is the same test.

        The caller must write the summary afterwards.
        """
        ...
