"""Tests that say the same thing twice: found by MinHash, grouped in answers.

Two tests are near-duplicates when the runs of two tokens in their code, the test's own name aside,
overlap by at least ``MIN_SIMILARITY`` (Jaccard). The overlap is estimated from MinHash signatures
(Broder 1997, "On the resemblance and containment of documents"); candidates are found by bands of a
signature (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["MIN_SIMILARITY", "bands", "comparable_tokens", "group", "signature", "similarity"]

Hashes = npt.NDArray[np.uint32]

# Copies with a line or a value changed. At 0.8, or with strings and numbers left out of account,
# the test that was asked for was often folded into its sibling: 80 instead of 88 of 100 were found
# among the first ten (bench/results/near_duplicates.md).
MIN_SIMILARITY = 0.95
# 64 hashes estimate a Jaccard of 0.95 with a standard deviation of 0.03.
HASHES = 64
# 8 bands of 8: a pair at 0.95 shares one nearly always, a pair at 0.5 with probability 0.03.
BANDS = 8
# Of the code that is looked at; the longest tests are data, not code.
MAX_CHARS = 20_000

_OWN_NAME = re.compile(r"\bdef test\w*")
_TOKEN = re.compile(r"\w+|[^\w\s]")

# Fixed multipliers and offsets, so that signatures are equal on every machine.
_RANDOM = np.random.Generator(np.random.PCG64(20_260_101))
_MULTIPLIERS = _RANDOM.integers(1, 2**63, HASHES, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _RANDOM.integers(0, 2**63, HASHES, dtype=np.uint64)


def signature(code: str) -> bytes:
    """Returns the MinHash signature of a test's code: 64 little-endian uint32."""
    tokens = comparable_tokens(code) or [""]
    pairs = {f"{a} {b}" for a, b in zip(tokens, [*tokens[1:], ""], strict=True)}
    hashes = np.array(
        [zlib.crc32(pair.encode("utf-8", "replace")) for pair in pairs], dtype=np.uint64
    )
    # Multiply-shift hashing (Dietzfelbinger et al. 1997); uint64 wraps as it should.
    mixed = (_MULTIPLIERS[:, None] * hashes[None, :] + _OFFSETS[:, None]) >> np.uint64(32)
    return bytes(mixed.min(axis=1).astype("<u4").tobytes())


def comparable_tokens(code: str) -> list[str]:
    """Returns the tokens of a test's code without its own name."""
    return _TOKEN.findall(_OWN_NAME.sub("def test", code[:MAX_CHARS]))


def bands(signature: bytes) -> list[int]:
    """Returns the 8 numbers of which near-duplicates share at least one, most likely."""
    width = len(signature) // BANDS
    return [
        (index << 32) | zlib.crc32(signature[index * width : (index + 1) * width])
        for index in range(BANDS)
    ]


def similarity(one: bytes, others: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """Returns the estimated Jaccard similarity (n,) of one signature to each of the others."""
    if not others:
        return np.zeros(0)
    matrix = np.frombuffer(b"".join(others), dtype="<u4").reshape(len(others), HASHES)
    return np.asarray((matrix == np.frombuffer(one, dtype="<u4")).mean(axis=1))


def group(signatures: Sequence[bytes], most: int) -> dict[int, list[int]]:
    """Returns the first ``most`` places that do not repeat an earlier one, with their repeats.

    Args:
        signatures: Of the answers, best first.

    Returns:
        Places in ``signatures``, in order; each with the later places that repeat it, among those
        up to the last one taken.
    """
    groups: dict[int, list[int]] = {}
    by_band: dict[int, list[int]] = {}
    for place, own in enumerate(signatures):
        own_bands = bands(own)
        near = sorted({first for band in own_bands for first in by_band.get(band, ())})
        similarities = similarity(own, [signatures[first] for first in near])
        repeated = next(
            (f for f, s in zip(near, similarities, strict=True) if s >= MIN_SIMILARITY), None
        )
        if repeated is not None:
            groups[repeated].append(place)
            continue
        if len(groups) == most:
            break
        groups[place] = []
        for band in own_bands:
            by_band.setdefault(band, []).append(place)
    return groups
