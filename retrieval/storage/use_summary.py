"""Summarises the recorded uses of a pattern: counters, evidence, quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..quality.success_bound import UNUSED_EVIDENCE, evidence_of_agents, quality_with_use

__all__ = [
    "IMPORTED_AGENT",
    "TRUSTED",
    "UNPROVEN",
    "AgentCount",
    "Trust",
    "UseSummary",
    "use_summary",
]

Trust = Literal["trusted", "unproven"]
TRUSTED: Trust = "trusted"
UNPROVEN: Trust = "unproven"
# The agent of uses that an imported pattern claims: an import has the numbers, not the uses.
IMPORTED_AGENT = "(imported)"


class AgentCount(NamedTuple):
    """Uses of one pattern by one agent."""

    agent_id: str
    success_count: int
    usage_count: int


@dataclass(frozen=True, slots=True)
class UseSummary:
    """Counters, evidence, quality and trust of a pattern, computed from its recorded uses.

    Attributes:
        evidence: Lower confidence bound of success, 0..1; 0 while the pattern is unproven.
        quality: Quality from code and uses together, 0..1.
    """

    success_count: int
    usage_count: int
    evidence: float
    quality: float
    trust: Trust


def use_summary(
    counts: Sequence[AgentCount], *, base_quality: float, trust: Trust = TRUSTED
) -> UseSummary:
    """Returns the summary of a pattern's uses.

    Args:
        base_quality: Quality from the code alone, 0..1.
        trust: The evidence of an unproven pattern is 0, whatever its uses.
    """
    if not counts:
        evidence = UNUSED_EVIDENCE if trust == TRUSTED else 0.0
        return UseSummary(0, 0, evidence, base_quality, trust)
    pairs = [(count.success_count, count.usage_count) for count in counts]
    successes = sum(count.success_count for count in counts)
    uses = sum(count.usage_count for count in counts)
    return UseSummary(
        success_count=successes,
        usage_count=uses,
        evidence=evidence_of_agents(pairs) if trust == TRUSTED else 0.0,
        quality=quality_with_use(base_quality, successes, uses),
        trust=trust,
    )
