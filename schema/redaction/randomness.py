"""Judges whether a value looks random rather than written by a person."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

__all__ = ["MIN_RANDOM_CHARS", "looks_random"]

# Minimum Shannon entropy in bits per character, and minimum share of changes between lower case,
# upper case and digit. Measured on 20,000 seeded random values (hex, base 32, base 62; 16 to 40
# characters) against the quoted values of numpy, scipy, scikit-learn and networkx tests: the lowest
# of the former that matters is above, all of the latter below.
MIN_ENTROPY = 2.8
MIN_CHANGES = 0.22
MIN_RANDOM_CHARS = 10
# The beginning of a long value shows whether it is random.
MAX_JUDGED_CHARS = 128


def looks_random(value: str, min_chars: int = MIN_RANDOM_CHARS) -> bool:
    """Returns whether a value of at least ``min_chars`` characters looks random."""
    if len(value) < min_chars:
        return False
    value = value[:MAX_JUDGED_CHARS]
    classes = [
        "d" if char.isdigit() else "u" if char.isupper() else "l"
        for char in value
        if char.isalnum()
    ]
    if "d" not in classes or len(set(classes)) < 2:
        return False
    changes = sum(left != right for left, right in pairwise(classes))
    if changes < MIN_CHANGES * len(value):
        return False
    counts = Counter(value).values()
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    return entropy >= MIN_ENTROPY
