"""Draws random numbers that depend only on a counter, not on earlier draws.

The learner's own draws (samples of experiences to replay, coins of Double Q-learning) must be the
same when the history is folded again after a crash, or in another process. So they are a function
of (seed, experience number, draw number): SplitMix64 (Steele, Lea & Flood 2014, "Fast Splittable
Pseudorandom Number Generators", figure 16) applied to a counter.
"""

from __future__ import annotations

import hashlib

__all__ = ["coin", "sample_without_replacement", "seed_of"]

_MASK = (1 << 64) - 1
# The golden ratio as a 64-bit fraction, SplitMix64's step.
_STEP = 0x9E3779B97F4A7C15
# Draws reserved for each experience; more than any replay batch needs.
_BLOCK = 1 << 20


def seed_of(name: str, generation: int) -> int:
    """Returns the 64-bit seed of a learner, the same on every machine."""
    digest = hashlib.sha256(f"{generation}:{name}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "little")


def draw(seed: int, number: int, position: int) -> int:
    """Returns 64 random bits for draw ``position`` of experience ``number``."""
    z = (seed + (number * _BLOCK + position + 1) * _STEP) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def coin(seed: int, number: int, position: int) -> bool:
    """Returns True with probability one half."""
    return bool(draw(seed, number, position) >> 63)


def sample_without_replacement(seed: int, number: int, size: int, population: int) -> list[int]:
    """Returns ``size`` distinct numbers below ``population``; every subset is equally likely.

    Floyd's algorithm (Bentley & Floyd 1987, "A sample of brilliance"). The remainder by
    ``population`` is biased by less than population / 2**64.

    Raises:
        ValueError: ``size`` exceeds ``population``.
    """
    if not 0 <= size <= population:
        raise ValueError(f"size must be from 0 to {population}, got {size}")
    chosen: dict[int, None] = {}
    for position, top in enumerate(range(population - size, population)):
        candidate = draw(seed, number, position) % (top + 1)
        chosen[top if candidate in chosen else candidate] = None
    return list(chosen)
