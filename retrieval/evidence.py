"""How much recorded use proves about a pattern."""

from __future__ import annotations

import math

__all__ = ["UNPROVEN_EVIDENCE", "evidence_of", "quality_with_use"]

# One standard deviation (84 % one-sided): with two (95 %) nothing used fewer than four times could
# rise above an unproven pattern, and most patterns are used less often than that.
Z = 1.0
# Between the bounds of 0 of 1 (0.00) and 1 of 1 (0.50): one success proves more than nothing,
# one failure less, and a pattern that fails half the time sinks below an untried one.
UNPROVEN_EVIDENCE = 0.4


def evidence_of(success_count: int, usage_count: int) -> float:
    """Returns the lower confidence bound on the success probability, 0..1.

    Wilson's score interval (Wilson 1927, "Probable Inference, the Law of Succession, and
    Statistical Inference"); ``UNPROVEN_EVIDENCE`` when there was no use.

    Raises:
        ValueError: The counts are negative, or there are more successes than uses.
    """
    if not 0 <= success_count <= usage_count:
        raise ValueError(
            f"success_count must be from 0 to usage_count, got {success_count} of {usage_count}"
        )
    if usage_count == 0:
        return UNPROVEN_EVIDENCE
    rate = success_count / usage_count
    shrink = Z * Z / usage_count
    spread = Z * math.sqrt(rate * (1 - rate) / usage_count + shrink / (4 * usage_count))
    return max(0.0, (rate + shrink / 2 - spread) / (1 + shrink))


def quality_with_use(base_quality: float, success_count: int, usage_count: int) -> float:
    """Returns the mean of the five components of quality, 0..1.

    ``base_quality`` is the mean of the four that the code tells; success joins them with the first
    use, so that a pattern nobody has used yet is judged on the other four.
    """
    if usage_count == 0:
        return base_quality
    return (4 * base_quality + success_count / usage_count) / 5
