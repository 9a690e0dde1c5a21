"""Computes the evidence of a pattern: a lower confidence bound of success from recorded uses."""

from __future__ import annotations

from collections.abc import Iterable

from ...schema.wilson import wilson_interval

__all__ = ["UNUSED_EVIDENCE", "evidence_of", "evidence_of_agents", "quality_with_use"]

# One standard deviation (84 % one-sided). With two, a pattern would need at least four uses to rise
# above an unused one, and most patterns have fewer.
Z = 1.0
# Between the bounds of 0 of 1 (0.00) and 1 of 1 (0.50): one success lifts a pattern above unused
# ones, one failure lowers it below them, as does failing half the time.
UNUSED_EVIDENCE = 0.4
# Uses by one agent that count in full. A single agent reaches at most 0.67, whatever it reports;
# four agents with 9 of 10 successes each reach 0.75 (bench/results/evidence.md).
USES_PER_AGENT = 2


def evidence_of_agents(counts: Iterable[tuple[int, int]]) -> float:
    """Returns the evidence, 0..1, from the (success_count, usage_count) of each agent.

    Uses of an agent beyond ``USES_PER_AGENT`` change its success rate but not its weight, so that
    no agent can promote or bury a pattern alone.

    Args:
        counts: One pair for each agent that used the pattern, with at least one use.
    """
    successes = uses = 0.0
    for agent_successes, agent_uses in counts:
        weight = min(1.0, USES_PER_AGENT / agent_uses)
        successes += weight * agent_successes
        uses += weight * agent_uses
    return evidence_of(min(successes, uses), uses)


def evidence_of(success_count: float, usage_count: float) -> float:
    """Returns the evidence: the lower confidence bound of the success probability, 0..1.

    The lower end of Wilson's interval (``schema/wilson.py``); ``UNUSED_EVIDENCE`` without
    uses.

    Raises:
        ValueError: The counts are negative, or there are more successes than uses.
    """
    if not 0 <= success_count <= usage_count:
        raise ValueError(
            f"success_count must be from 0 to usage_count, got {success_count} of {usage_count}"
        )
    if usage_count == 0:
        return UNUSED_EVIDENCE
    return wilson_interval(success_count, usage_count, z=Z)[0]


def quality_with_use(base_quality: float, success_count: int, usage_count: int) -> float:
    """Returns the quality with recorded uses: the mean of its five components, 0..1.

    ``base_quality`` is the mean of the four components of the code; the success rate is added
    with the first use, so that an unused pattern is scored by its code alone.
    """
    if usage_count == 0:
        return base_quality
    return (4 * base_quality + success_count / usage_count) / 5
