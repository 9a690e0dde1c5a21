"""Defines how a storage backend counts what is used and what is not.

``PatternReader`` (``backend.py``) includes these methods. Uses are counted by their rows, those of
earlier contents of a pattern among them; a project is that of the pattern, and empty for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # loaded by reports
    from .activity_values import AgentUses, PatternUses, ProjectFacts, UseCount, UseTotals

__all__ = ["ActivityReader"]


class ActivityReader(Protocol):
    """The part of a reading session that counts use.

    ``since`` is exclusive and ``until`` inclusive, so that ranges that touch share no use.
    """

    def project_facts(self, project: str = "") -> list[ProjectFacts]:
        """Returns what is in the bank by project, largest first, then by name."""
        ...

    def quality_counts(self, project: str = "") -> list[int]:
        """Returns the number of patterns by quality, in ``QUALITY_STEPS`` steps of equal width.

        A step has its lower end; the last has both.
        """
        ...

    def use_totals(self, since: datetime, project: str = "") -> UseTotals:
        """Returns the number of all uses, and of patterns last used after ``since``, or not."""
        ...

    def use_counts(self, bounds: Sequence[datetime], project: str = "") -> list[UseCount]:
        """Returns the uses between each two neighbouring bounds, which ascend."""
        ...

    def most_used(
        self, since: datetime, until: datetime, *, limit: int, project: str = ""
    ) -> list[PatternUses]:
        """Returns the patterns with the most uses in a range; ties by successes, then by id."""
        ...

    def idle_patterns(self, since: datetime, *, limit: int, project: str = "") -> list[PatternUses]:
        """Returns used patterns that were not used after ``since``, longest unused first.

        They have all of their uses; ties by id.
        """
        ...

    def agent_uses(self, since: datetime, until: datetime, project: str = "") -> list[AgentUses]:
        """Returns the uses by agent in a range, most uses first, then by name."""
        ...
