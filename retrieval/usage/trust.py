"""How far a pattern is trusted: what an agent wrote is unproven until others succeed with it.

An agent can be made to store what an attacker wants (MINJA, NeurIPS 2025; OWASP ASI06). So its
patterns stand behind all trusted ones in answers, it cannot overwrite what others wrote, it can
only have so many of them, and it does not count among those that prove them.
"""

from __future__ import annotations

from ...schema import Provenance
from ..quality.success_bound import evidence_of_agents
from ..storage.sqlite import PatternSession, StoredPattern

__all__ = [
    "INDEPENDENT_SUCCESSES",
    "MAX_UNPROVEN_PER_AGENT",
    "UNPROVEN",
    "evidence_of_use",
    "refusal",
    "trust_of",
]

TRUSTED, UNPROVEN = "trusted", "unproven"
# Agents other than the author that must have succeeded with a pattern: one more than one that may
# have been taken in the same way.
INDEPENDENT_SUCCESSES = 2
# Searches look past all unproven patterns, so their number must stay small beside the 4,096 rows
# that one search can rank.
MAX_UNPROVEN_PER_AGENT = 500


def trust_of(provenance: Provenance) -> str:
    """Returns how far a new pattern of this provenance is trusted."""
    return UNPROVEN if provenance.origin == "agent" else TRUSTED


def refusal(session: PatternSession, provenance: Provenance, existing: StoredPattern | None) -> str:
    """Returns why an agent may not store this pattern; nothing when it may."""
    if provenance.origin != "agent":
        return ""
    if existing is None:
        count = session.trust.unproven_of(provenance.agent_id)
        if count < MAX_UNPROVEN_PER_AGENT:
            return ""
        return (
            f"agent {provenance.agent_id} must have fewer than {MAX_UNPROVEN_PER_AGENT} patterns"
            f" that no other agent has confirmed, got {count}"
        )
    author, trust = session.trust.get(existing.pattern_rowid)
    if trust == UNPROVEN and author.agent_id == provenance.agent_id:
        return ""
    return (
        "an agent may change only its own patterns, as long as they are unproven;"
        " store it under another id"
    )


def evidence_of_use(session: PatternSession, rowid: int) -> float:
    """Returns what the uses of a pattern prove, 0..1, having promoted it if they suffice.

    An unproven pattern has no evidence.
    """
    author, trust = session.trust.get(rowid)
    if trust == UNPROVEN:
        if session.trust.independent_successes(rowid, author.agent_id) < INDEPENDENT_SUCCESSES:
            return 0.0
        session.trust.set(rowid, author, TRUSTED)
    return evidence_of_agents(session.uses.counts(rowid))
