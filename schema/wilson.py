"""Computes Wilson's score interval, with which both halves bound success rates.

Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference". For s successes
in n trials and p = s / n, the bounds of the success probability are

    (p + z²/2n ± z · sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)
"""

from __future__ import annotations

import math

__all__ = ["Z_95", "wilson_interval"]

# The normal quantile of a two-sided 95 % interval.
Z_95 = 1.959963984540054


def wilson_interval(successes: float, trials: float, *, z: float = Z_95) -> tuple[float, float]:
    """Returns the lower and upper bound on a success probability, 0..1.

    Args:
        successes: At most ``trials``; fractions are allowed, so that trials can be weighted.
        trials: Number of trials; for 0, the interval is (0, 1).
        z: Normal quantile of the confidence level: 1.96 for 95 %, two-sided; 1 for 68 %.

    Raises:
        ValueError: The counts are negative, or there are more successes than trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must be from 0 to {trials} trials, got {successes}")
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    shrink = z * z / trials
    centre = rate + shrink / 2
    spread = z * math.sqrt(rate * (1 - rate) / trials + shrink / (4 * trials))
    return max(0.0, (centre - spread) / (1 + shrink)), min(1.0, (centre + spread) / (1 + shrink))
