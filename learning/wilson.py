"""How sure one may be of a share that was seen a few times."""

from __future__ import annotations

import math

__all__ = ["wilson_interval"]

# The normal quantile of a two-sided 95 % interval.
_Z = 1.959963984540054


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share, (0, 1) when there were no trials.

    Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    denominator = 1 + _Z**2 / trials
    centre = share + _Z**2 / (2 * trials)
    spread = _Z * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    low, high = (centre - spread) / denominator, (centre + spread) / denominator
    return max(0.0, low), min(1.0, high)
