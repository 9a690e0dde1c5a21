"""Decides the trust in a pattern: an agent's is unproven until others succeed with it.

An attacker can trick an agent into storing patterns (MINJA, NeurIPS 2025; OWASP ASI06). So unproven
patterns rank behind all trusted ones, their number is limited for each agent, its own uses do not
prove them, and it cannot overwrite what others wrote.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...schema import Provenance
from ..storage.backend import PatternReader
from ..storage.storage_values import StoredPattern
from ..storage.use_summary import (
    IMPORTED_AGENT,
    TRUSTED,
    UNPROVEN,
    AgentCount,
    Trust,
    UseSummary,
    use_summary,
)

__all__ = ["INDEPENDENT_SUCCESSES", "MAX_UNPROVEN_PER_AGENT", "proven_summary", "refusal"]

# Agents other than the author that must have succeeded with a pattern. One is not enough: it may
# have been deceived in the same way.
INDEPENDENT_SUCCESSES = 2
# Searches rank all unproven patterns, so there must be few of them compared with the 4,096 rows
# that a search can rank.
MAX_UNPROVEN_PER_AGENT = 500
# Agent ids whose uses prove nothing: uses without an agent, and uses claimed by an import.
ANONYMOUS = frozenset({"", IMPORTED_AGENT})


def refusal(session: PatternReader, provenance: Provenance, existing: StoredPattern | None) -> str:
    """Returns why an agent may not store this pattern; empty when it may."""
    if existing is None:
        count = session.count_unproven(provenance.agent_id)
        if count < MAX_UNPROVEN_PER_AGENT:
            return ""
        return (
            f"agent {provenance.agent_id} must have fewer than {MAX_UNPROVEN_PER_AGENT} patterns"
            f" that no other agent has confirmed, got {count}"
        )
    if existing.trust == UNPROVEN and existing.provenance.agent_id == provenance.agent_id:
        return ""
    return (
        "an agent may change only its own patterns, as long as they are unproven;"
        " store it under another id"
    )


def proven_summary(session: PatternReader, stored: StoredPattern) -> UseSummary:
    """Returns the summary of a pattern's uses; it is trusted now if they prove it."""
    counts = session.agent_counts(stored.key)
    trust: Trust = stored.trust
    if trust == UNPROVEN and _successful_others(counts, stored) >= INDEPENDENT_SUCCESSES:
        trust = TRUSTED
    return use_summary(counts, base_quality=stored.base_quality, trust=trust)


def _successful_others(counts: Iterable[AgentCount], stored: StoredPattern) -> int:
    author = stored.provenance.agent_id
    return sum(
        count.success_count > 0 and count.agent_id != author and count.agent_id not in ANONYMOUS
        for count in counts
    )
