"""Finds near-duplicate tests by MinHash and groups them in answers.

Two tests are near-duplicates when the pairs of adjacent tokens in their code, apart from the test's
own name, overlap by at least ``MIN_SIMILARITY`` (Jaccard). The overlap is estimated from MinHash
signatures (Broder 1997, "On the resemblance and containment of documents"); candidates are found by
bands of a signature (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["MIN_SIMILARITY", "bands", "comparable_tokens", "group", "signature", "similarity"]


# Copies with a line or a value changed. At 0.8, or without strings and numbers, the wanted test was
# often grouped under a sibling: 80 instead of 88 of 100 were found among the first ten
# (bench/results/near_duplicates.md).
MIN_SIMILARITY = 0.95
# 64 hashes estimate a Jaccard of 0.95 with a standard deviation of 0.03.
HASHES = 64
# 8 bands of 8: a pair at 0.95 nearly always shares a band, a pair at 0.5 with probability 0.03.
BANDS = 8
# Characters read from the start of the code; the longest tests are data, not code.
MAX_CHARS = 20_000

_OWN_NAME = re.compile(r"\bdef test\w*")
_TOKEN = re.compile(r"\w+|[^\w\s]")


class _HashFunctions(NamedTuple):
    """Multipliers and offsets of the hash functions, ``(64,)`` uint64 each."""

    multipliers: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.uint64]


@cache
def _hash_functions() -> _HashFunctions:
    """Returns fixed functions, so that signatures are equal on every machine.

    They are drawn when a test is stored: a search does without numpy.random (5 ms to import).
    """
    rng = np.random.Generator(np.random.PCG64(20_260_101))
    multipliers = rng.integers(1, 2**63, HASHES, dtype=np.uint64) | np.uint64(1)
    return _HashFunctions(multipliers, rng.integers(0, 2**63, HASHES, dtype=np.uint64))


def signature(code: str) -> bytes:
    """Returns the MinHash signature of a test's code: 64 little-endian uint32."""
    tokens = comparable_tokens(code) or [""]
    pairs = {f"{a} {b}" for a, b in zip(tokens, [*tokens[1:], ""], strict=True)}
    hashes = np.array(
        [zlib.crc32(pair.encode("utf-8", "replace")) for pair in pairs], dtype=np.uint64
    )
    # Multiply-shift hashing (Dietzfelbinger et al. 1997); uint64 wraps as it should.
    multipliers, offsets = _hash_functions()
    mixed = np.multiply.outer(hashes, multipliers)
    mixed += offsets
    return bytes((mixed.min(axis=0) >> np.uint64(32)).astype("<u4").tobytes())


def comparable_tokens(code: str) -> list[str]:
    """Returns the tokens of a test's code without its own name."""
    return _TOKEN.findall(_OWN_NAME.sub("def test", code[:MAX_CHARS]))


def bands(signature: bytes) -> list[int]:
    """Returns one number for each of 8 bands; near-duplicates very likely share one."""
    width = len(signature) // BANDS
    return [
        (index << 32) | zlib.crc32(signature[index * width : (index + 1) * width])
        for index in range(BANDS)
    ]


def similarity(own: bytes, others: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """Returns the estimated Jaccard similarity of a signature to each of n others: ``(n,)``."""
    if not others:
        return np.zeros(0)
    matrix = np.frombuffer(b"".join(others), dtype="<u4").reshape(len(others), HASHES)
    return np.asarray((matrix == np.frombuffer(own, dtype="<u4")).mean(axis=1))


def group(signatures: Sequence[bytes], limit: int) -> dict[int, list[int]]:
    """Returns the first ``limit`` distinct answers, each with its near-duplicates.

    Args:
        signatures: Those of the answers, best first.
        limit: The number of groups.

    Returns:
        Positions in ``signatures``, in order, of answers that are no near-duplicate of an earlier
        one, each with the later positions of its near-duplicates. Answers after the first one of
        the last group are not read.
    """
    groups: dict[int, list[int]] = {}
    by_band: dict[int, list[int]] = {}
    for place, own in enumerate(signatures):
        own_bands = bands(own)
        near: set[int] = set()
        for band in own_bands:
            near.update(by_band.get(band, ()))
        repeated = _first_repeated(own, sorted(near), signatures) if near else None
        if repeated is not None:
            groups[repeated].append(place)
            continue
        if len(groups) == limit:
            break
        groups[place] = []
        for band in own_bands:
            by_band.setdefault(band, []).append(place)
    return groups


def _first_repeated(own: bytes, near: Sequence[int], signatures: Sequence[bytes]) -> int | None:
    """Returns the first of these positions whose signature is a near-duplicate's."""
    similarities = similarity(own, [signatures[place] for place in near])
    repeated = [place for place, s in zip(near, similarities, strict=True) if s >= MIN_SIMILARITY]
    return repeated[0] if repeated else None
