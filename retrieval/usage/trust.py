"""Decides the trust in a pattern: an agent's is unproven until others succeed with it.

An attacker can trick an agent into storing patterns (MINJA, NeurIPS 2025; OWASP ASI06). So unproven
patterns rank behind all trusted ones, their number is limited for each agent, its own uses do not
prove them, and they cannot replace what others wrote. Trust travels with a pattern: what was
unproven where it was exported stays so where it is stored, until it is proved there. Uses prove one
content; a changed pattern starts without proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...schema import ORIGINS, TRUSTED, UNPROVEN, Provenance, TestPattern, Trust, agent_key
from ..storage.backend import PatternReader
from ..storage.storage_values import StoredPattern
from ..storage.use_summary import AgentCount, UseSummary, use_summary

__all__ = [
    "INDEPENDENT_SUCCESSES",
    "MAX_UNPROVEN_PER_AGENT",
    "author_of",
    "content_summary",
    "is_own_unproven",
    "proven_summary",
    "refusal",
]

# Agents other than the author that must have succeeded with a pattern. One is not enough: it may
# have been deceived in the same way.
INDEPENDENT_SUCCESSES = 2
# Searches rank all unproven patterns, so there must be few of them compared with the 4,096 rows
# that a search can rank.
MAX_UNPROVEN_PER_AGENT = 500

_BY_A_PERSON = Provenance(origin="human")
_FROM_A_FILE = Provenance(origin="extracted")


def author_of(pattern: TestPattern, given: Provenance | None) -> Provenance:
    """Returns the provenance to store a pattern with.

    What the pattern itself claims can lower the trust, never raise it, and names the first author:
    an agent that stores a pattern becomes its author, everybody else passes the author on.

    Args:
        given: Who stores it. Default: a person, or extraction for a pattern with a source.
    """
    given = given or (_FROM_A_FILE if pattern.source else _BY_A_PERSON)
    claimed = pattern.provenance
    if given.origin == "agent":
        return replace(given, trust=UNPROVEN)
    if claimed is None:
        return given
    origin = max(given.origin, claimed.origin, key=ORIGINS.index)
    trusted = given.trust == claimed.trust == TRUSTED
    # A file may say that its agents were confirmed; a bank knows it only from its own uses.
    return Provenance(
        origin=origin,
        agent_id=given.agent_id or claimed.agent_id,
        run_id=given.run_id or claimed.run_id,
        trust=TRUSTED if trusted and origin != "agent" else UNPROVEN,
    )


def refusal(author: Provenance, existing: StoredPattern | None, unproven: int) -> str:
    """Returns why an unproven pattern may not be stored; empty when it may.

    Args:
        author: Who wrote it.
        existing: The stored pattern with this id.
        unproven: Number of unproven patterns that the author has.
    """
    if author.trust == TRUSTED:
        return ""
    name = f"agent {author.agent_id}" if author.agent_id else "an unnamed author"
    if existing is None:
        if unproven < MAX_UNPROVEN_PER_AGENT:
            return ""
        return (
            f"{name} must have fewer than {MAX_UNPROVEN_PER_AGENT} patterns"
            f" that no other agent has confirmed, got {unproven}"
        )
    if is_own_unproven(author, existing):
        return ""
    if author.origin == "agent":
        return (
            "an agent may change only its own patterns, as long as they are unproven;"
            " store it under another id"
        )
    return (
        f"an unproven pattern by {name} must not replace the pattern that has its id; import it"
        " with --replace, or under another id"
    )


def is_own_unproven(author: Provenance, existing: StoredPattern) -> bool:
    """Returns whether a stored pattern is unproven and by this author."""
    same = agent_key(existing.provenance.agent_id) == agent_key(author.agent_id)
    return existing.trust == UNPROVEN and same


def content_summary(
    counts: Iterable[AgentCount], author: Provenance, *, base_quality: float
) -> UseSummary:
    """Returns the summary of a content's uses; it is trusted if its author is or they prove it."""
    counts = list(counts)
    trust: Trust = author.trust
    if trust == UNPROVEN and _successful_others(counts, author) >= INDEPENDENT_SUCCESSES:
        trust = TRUSTED
    return use_summary(counts, base_quality=base_quality, trust=trust)


def proven_summary(session: PatternReader, stored: StoredPattern) -> UseSummary:
    """Returns the summary of the uses of a pattern's present content.

    What an agent wrote is trusted as long as the uses that are left prove it.
    """
    author = stored.provenance
    if author.origin == "agent":
        author = replace(author, trust=UNPROVEN)
    counts = session.agent_counts(stored.key)
    return content_summary(counts, author, base_quality=stored.base_quality)


def _successful_others(counts: Iterable[AgentCount], author: Provenance) -> int:
    """Returns how many named agents but the author have succeeded."""
    own = agent_key(author.agent_id)
    return sum(
        count.success_count > 0 and agent_key(count.agent_id) not in ("", own) for count in counts
    )
