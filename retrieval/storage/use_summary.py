"""Summarises the recorded uses of a pattern's content: counters, evidence, quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...schema import TRUSTED, UNPROVEN, Trust
from ...schema.records.validation import MAX_COUNT
from ..quality.success_bound import UNUSED_EVIDENCE, evidence_of_agents, quality_with_use

__all__ = [
    "TRUSTED",
    "UNPROVEN",
    "AgentCount",
    "Trust",
    "UseSummary",
    "use_summary",
]


class AgentCount(NamedTuple):
    """Uses of one content of a pattern by one agent, which is named by its ``agent_key``."""

    agent_id: str
    success_count: int
    usage_count: int


@dataclass(frozen=True, slots=True)
class UseSummary:
    """Counters, evidence, quality and trust of a pattern, computed from its recorded uses.

    Attributes:
        evidence: Lower confidence bound of success, 0..1; 0 while the pattern is unproven.
        quality: Quality from code and uses together, 0..1; from the code alone while the pattern
            is unproven, since its uses may be its author's.
    """

    success_count: int
    usage_count: int
    evidence: float
    quality: float
    trust: Trust


def use_summary(
    counts: Sequence[AgentCount], *, base_quality: float, trust: Trust = TRUSTED
) -> UseSummary:
    """Returns the summary of the uses of a pattern's content.

    Args:
        counts: Its uses by agent.
        base_quality: Quality from the code alone, 0..1.
        trust: Uses raise neither evidence nor quality of an unproven pattern.
    """
    if not counts:
        evidence = UNUSED_EVIDENCE if trust == TRUSTED else 0.0
        return UseSummary(0, 0, evidence, base_quality, trust)
    # Bounded, so that a damaged count neither overflows nor makes the pattern unreadable.
    uses = min(sum(count.usage_count for count in counts), MAX_COUNT)
    successes = min(sum(count.success_count for count in counts), uses)
    if trust == UNPROVEN:
        return UseSummary(successes, uses, 0.0, base_quality, trust)
    pairs = [(count.success_count, count.usage_count) for count in counts]
    quality = quality_with_use(base_quality, successes, uses)
    return UseSummary(successes, uses, evidence_of_agents(pairs), quality, trust)
