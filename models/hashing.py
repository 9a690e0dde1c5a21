"""Embeds text without a model: feature hashing of words and their character runs."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from .text import as_texts, bounded, split_identifiers

if TYPE_CHECKING:
    from .vector import Vector

__all__ = ["HASHING_DIMENSION", "HASHING_NAME", "HashingEncoder"]

HASHING_NAME: Final = "hashing"
HASHING_DIMENSION: Final = 384  # the default encoder's, so that the two need the same space

_WORD = re.compile(r"[^\W_]+")
_MAX_CHARS = 64 * 1024
# Increment with any change that changes a vector.
_REVISION = "hashing-1"
_SALT = b"aqe-hashing-1"
_GRAM = 4
# The length of the vector of a word's runs, where that of the word itself is 1. Finding 1,064
# tests of numpy from their names in words: MRR .249 at 0, .289 at 0.5, .338 at 1, .362 at 2 and
# .363 at 3.
_GRAMS_WEIGHT = 2.0
_MAX_WORD = 64
_CACHED_WORDS = 16_384


class HashingEncoder:
    """An encoder for tests, and for machines that cannot run a model.

    Each word of the text, identifiers split, and each run of four characters in it is a feature;
    a feature's hash says which component it adds to and with which sign, so that collisions
    cancel out on average: phi_i(x) = sum over features j with h(j) = i of xi(j) * x_j (Weinberger
    et al. 2009, "Feature Hashing for Large Scale Multitask Learning"). It compares spelling, not
    meaning. The same text has the same vector on every machine, up to rounding.

    Args:
        dimension: Length of the vectors.

    Raises:
        ValueError: ``dimension`` is below 8 or above 8192.
    """

    def __init__(self, dimension: int = HASHING_DIMENSION) -> None:
        if not 8 <= dimension <= 8192:
            raise ValueError(f"dimension must be from 8 to 8192, got {dimension}")
        self._dimension = dimension

    @property
    def name(self) -> str:
        """``hashing``, or ``hashing:DIM`` if the dimension is not the default."""
        default = self._dimension == HASHING_DIMENSION
        return HASHING_NAME if default else f"{HASHING_NAME}:{self._dimension}"

    @property
    def dimension(self) -> int:
        """Length of each vector, as given."""
        return self._dimension

    @property
    def revision(self) -> str:
        """The version of the algorithm."""
        return _REVISION

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns the embeddings of documents, ``(n, dimension)`` float32, unit rows, in order.

        Raises:
            TypeError: ``texts`` is not a sequence of texts.
        """
        import numpy as np

        texts = as_texts(texts)
        embeddings = np.empty((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            embeddings[row] = self._embed(text)
        return embeddings

    def encode_query(self, text: str) -> Vector:
        """Returns the embedding of a query, ``(dimension,)`` float32; prepared as a document.

        Raises:
            TypeError: ``text`` is not text.
        """
        return self._embed(text)

    def _embed(self, text: str) -> Vector:
        import numpy as np

        hashes: list[int] = []
        weights: list[float] = []
        words = _WORD.findall(split_identifiers(bounded(text, _MAX_CHARS)).lower())
        for word, count in Counter(words).items():
            word_hashes, word_weights = _features(word)
            hashes += word_hashes
            # Square root: a word that occurs nine times counts three times.
            scale = math.sqrt(count)
            weights += [scale * weight for weight in word_weights]
        keys = np.array(hashes, dtype=np.uint64)
        signs = 1.0 - 2.0 * (keys & 1).astype(np.float64)
        places = ((keys >> 1) % self._dimension).astype(np.int64)
        vector = np.bincount(places, signs * weights, minlength=self._dimension)
        norm = float(np.linalg.norm(vector))
        if norm == 0.0:  # no words, or features that cancel out: a fixed direction
            vector[0] = norm = 1.0
        return (vector / norm).astype(np.float32)


@lru_cache(maxsize=_CACHED_WORDS)
def _features(word: str) -> tuple[list[int], list[float]]:
    """Returns the hashes of a word and of the character runs in it, and their weights."""
    word = word[:_MAX_WORD]
    marked = f"<{word}>"
    grams = [marked[at : at + _GRAM] for at in range(len(marked) - _GRAM + 1)]
    weights = [1.0] + [_GRAMS_WEIGHT / math.sqrt(len(grams) or 1)] * len(grams)
    return [_hash(feature) for feature in (f"word {word}", *grams)], weights


def _hash(feature: str) -> int:
    digest = blake2b(feature.encode(), digest_size=8, person=_SALT).digest()
    return int.from_bytes(digest, "little")
