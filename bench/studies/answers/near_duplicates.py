"""Measures how reliably near-duplicates are recognised.

Run: ``python -m aqe.bench.studies.answers.near_duplicates``. It wrote
``bench/results/near_duplicates.md``.

The estimate is checked against ``difflib`` (Ratcliff and Obershelp), which compares two tests token
by token but is far too slow for a search, on pairs of real tests whose signatures share a band and
on random pairs.
"""

from __future__ import annotations

import itertools
import random
import sys
from collections import defaultdict
from difflib import SequenceMatcher

import numpy as np

from ....retrieval.text.minhash import MIN_SIMILARITY, bands, comparable_tokens, signature
from ....retrieval.text.minhash import similarity as estimated
from ....retrieval.text.pattern_text import body_of
from ...workload.numpy_suites import real_patterns

__all__ = ["measure_near_duplicates"]

SEED = 20_261_123
PATTERNS = 2_000
PAIRS = 2_000
EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.001)


def measure_near_duplicates(patterns: int = PATTERNS, pairs: int = PAIRS) -> str:
    """Returns a Markdown table of how often pairs are called near-duplicates, by similarity."""
    bodies = [body_of(pattern) for pattern in real_patterns(patterns)]
    signatures = [signature(body) for body in bodies]
    rows = []
    for left, right in _pairs(signatures, pairs):
        matcher = SequenceMatcher(
            None, comparable_tokens(bodies[left]), comparable_tokens(bodies[right]), autojunk=False
        )
        rows.append((matcher.ratio(), estimated(signatures[left], [signatures[right]])[0]))
    ratios, estimates = np.array(rows).T
    lines = ["| difflib ratio | pairs | called near-duplicates |", "|---|---:|---:|"]
    for low, high in itertools.pairwise(EDGES):
        inside = (ratios >= low) & (ratios < high)
        called = (estimates[inside] >= MIN_SIMILARITY).mean() if inside.any() else float("nan")
        lines.append(f"| {low:.2f} to {min(high, 1):.2f} | {inside.sum()} | {called:.0%} |")
    grouped = sum(len(bucket) > 1 for bucket in _by_band(signatures).values())
    return "\n".join([*lines, "", f"{patterns} tests; {grouped} bands are shared; seed {SEED}"])


def _pairs(signatures: list[bytes], count: int) -> list[tuple[int, int]]:
    """Returns pairs that share a band, and a quarter as many random ones."""
    draw = random.Random(SEED)
    near = {
        pair
        for bucket in _by_band(signatures).values()
        for pair in itertools.combinations(bucket[:20], 2)
    }
    chosen = draw.sample(sorted(near), min(count, len(near)))
    places = range(len(signatures))
    return chosen + [(draw.choice(places), draw.choice(places)) for _ in range(count // 4)]


def _by_band(signatures: list[bytes]) -> dict[int, list[int]]:
    buckets: dict[int, list[int]] = defaultdict(list)
    for place, own in enumerate(signatures):
        for band in bands(own):
            buckets[band].append(place)
    return buckets


if __name__ == "__main__":
    sys.stdout.write(measure_near_duplicates() + "\n")
