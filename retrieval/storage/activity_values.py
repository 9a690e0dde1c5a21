"""Defines the counts of what is used and what is not, as a storage backend returns them.

Only reports load this module: a search needs none of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "QUALITY_STEPS",
    "AgentUses",
    "PatternUses",
    "ProjectFacts",
    "UseCount",
    "UseTotals",
]

QUALITY_STEPS = 5


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """What the bank has of a project.

    Attributes:
        gone: Number of its patterns whose test is gone.
        extracted_at: When an extraction last brought it in line or wrote one of its patterns, as
            far as rows say; None if none did.
    """

    name: str
    patterns: int
    gone: int
    extracted_at: datetime | None


@dataclass(frozen=True, slots=True)
class UseCount:
    """Number of uses, and how many of them succeeded."""

    uses: int
    successes: int


@dataclass(frozen=True, slots=True)
class UseTotals:
    """All recorded uses, and the number of patterns by their last one.

    Attributes:
        active: Patterns whose last use is after a given time.
        idle: Patterns whose last use is not.
        never: Patterns without a recorded use.
    """

    uses: int
    successes: int
    active: int
    idle: int
    never: int


@dataclass(frozen=True, slots=True)
class PatternUses:
    """A pattern's uses in a range of time, and the last of them."""

    id: str
    name: str
    project: str
    framework: str
    uses: int
    successes: int
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class AgentUses:
    """The uses by an agent, which is named by its ``agent_key``; empty for a person."""

    agent_id: str
    uses: int
    successes: int
    last_used_at: datetime
