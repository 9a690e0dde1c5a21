"""Measures how closely, and how evenly, candidates fit a query.

The embedding of a query is the mean of the vectors of its word pieces, so a document can be close
to it by matching one piece very well and the others badly. The *spread*, the standard deviation of
the pieces' cosines to the document, exposes that: subtracting it acts as a soft "and" between the
pieces. The piece vectors are a by-product of encoding the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...models import QueryEmbedding
from ...models.vector import Vector
from ..text.tokens import STOP_WORDS

__all__ = ["QueryFit", "query_fit", "spreads_of", "telling_pieces"]


class QueryFit(NamedTuple):
    """Cosine to the query, -1..1, and spread, 0..1, of each candidate by key."""

    cosines: dict[int, float]
    spreads: dict[int, float]


def query_fit(query: QueryEmbedding, keys: Sequence[int], vectors: Vector) -> QueryFit:
    """Returns cosine and spread of each candidate.

    Args:
        vectors: Unit vectors ``(len(keys), dim)``.
    """
    unit = query.whole / np.linalg.norm(query.whole)
    # einsum does not use BLAS, whose threads wait for each other on a busy machine.
    cosines = np.einsum("ij,j->i", vectors, unit)
    spreads = spreads_of(keys, vectors, telling_pieces(query))
    return QueryFit(dict(zip(keys, cosines.tolist(), strict=True)), spreads)


def telling_pieces(query: QueryEmbedding) -> Vector:
    """Returns the vectors (n, dim) of the pieces that are neither stop words nor punctuation."""
    telling = [
        place
        for place, piece in enumerate(query.pieces)
        if piece not in STOP_WORDS and any(map(str.isalnum, piece))
    ]
    return query.piece_vectors[telling]


def spreads_of(keys: Sequence[int], vectors: Vector, pieces: Vector) -> dict[int, float]:
    """Returns the standard deviation of the pieces' cosines to each vector, by key.

    Args:
        vectors: Unit vectors ``(len(keys), dim)``.
        pieces: Unit vectors ``(n, dim)``; fewer than two have no spread.
    """
    if len(pieces) < 2:
        return {}
    cosines = np.einsum("ij,kj->ik", vectors, pieces)  # not BLAS, see query_fit
    return dict(zip(keys, cosines.std(axis=1).tolist(), strict=True))
