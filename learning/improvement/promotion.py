"""Promotes, demotes and retires strategies by their records, with hysteresis."""

from __future__ import annotations

from typing import NamedTuple

from ...schema import Standing
from ...schema.wilson import wilson_interval

__all__ = ["Verdict", "next_standing"]

# Minimum uses for a verdict: the lower bound of 10 of 10 is 0.72, that of 5 of 5 only 0.57.
MIN_USES = 10
# Thresholds for the bounds of the 95 % interval of success. The gap in each pair is the hysteresis:
# a strategy promoted at 0.60 is demoted below 0.45, so that it does not flip with every use.
PROMOTE_ABOVE = 0.60
DEMOTE_BELOW = 0.45
# A candidate is demoted when even the upper bound is below 0.40, and reinstated from 0.50 on.
REJECT_BELOW = 0.40
REINSTATE_ABOVE = 0.50


class Verdict(NamedTuple):
    """The standing that a record earns, and why."""

    standing: Standing
    why: str


def next_standing(current: Standing, *, successes: int, uses: int) -> Verdict:
    """Returns the standing that a record earns; ``current`` if that does not change."""
    low, high = wilson_interval(successes, uses)
    record = f"{successes} of {uses} succeeded"
    if successes == 0 and uses >= MIN_USES:
        return Verdict("retired", f"{record}: it never helped")
    if current == "retired":
        if successes:
            return Verdict("candidate", f"{record}: it did help")
        return Verdict(current, record)
    if uses < MIN_USES:
        return Verdict(current, f"{record}: too few to judge")
    if current != "promoted" and low >= PROMOTE_ABOVE:
        return Verdict("promoted", f"{record}: at least {low:.2f} with 95 % confidence")
    if current == "promoted" and low < DEMOTE_BELOW:
        return Verdict("demoted", f"{record}: lower bound fell to {low:.2f}")
    if current == "candidate" and high < REJECT_BELOW:
        return Verdict("demoted", f"{record}: at most {high:.2f} with 95 % confidence")
    if current == "demoted" and high >= REINSTATE_ABOVE:
        return Verdict("candidate", f"{record}: up to {high:.2f} is possible again")
    return Verdict(current, record)
