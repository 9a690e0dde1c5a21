"""How far a pattern may be trusted, by its record; slow to change its mind."""

from __future__ import annotations

from ...schema import Standing
from ..wilson import wilson_interval

__all__ = ["next_standing"]

# Fewer uses say nothing: with 10 of 10 the lower bound is 0.72, with 5 of 5 it is 0.57.
MIN_USES = 10
# Bounds of the 95 % interval of success. Between each pair lies the hysteresis: what was promoted
# at 0.60 is demoted below 0.45, so that a record near a threshold does not flip with every use.
PROMOTE_ABOVE = 0.60
DEMOTE_BELOW = 0.45
# A candidate is demoted when even the upper bound is below 0.40, and forgiven from 0.50 on.
REJECT_BELOW = 0.40
FORGIVE_ABOVE = 0.50


def next_standing(current: Standing, *, successes: int, uses: int) -> tuple[Standing, str]:
    """Returns the standing that the record earns, and why; ``current`` when it earns no change."""
    low, high = wilson_interval(successes, uses)
    record = f"{successes} of {uses} succeeded"
    if successes == 0 and uses >= MIN_USES:
        return "retired", f"{record}: it never helped"
    if current == "retired":
        return ("candidate", f"{record}: it did help") if successes else (current, record)
    if uses < MIN_USES:
        return current, f"{record}: too few to judge"
    if current != "promoted" and low >= PROMOTE_ABOVE:
        return "promoted", f"{record}: at least {low:.2f} with 95 % confidence"
    if current == "promoted" and low < DEMOTE_BELOW:
        return "demoted", f"{record}: no more than {low:.2f} is certain"
    if current == "candidate" and high < REJECT_BELOW:
        return "demoted", f"{record}: at most {high:.2f} with 95 % confidence"
    if current == "demoted" and high >= FORGIVE_ABOVE:
        return "candidate", f"{record}: up to {high:.2f} is possible again"
    return current, record
