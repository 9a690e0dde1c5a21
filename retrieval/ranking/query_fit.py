"""Measures how closely, and how evenly, candidates fit a query.

The embedding of a query is the mean of vectors of its word pieces, so a document may come close to
it by fitting one piece very well and the others badly. The standard deviation of the pieces'
cosines to the document, its *spread*, tells the two apart: a soft "and" between the pieces. All
that it needs comes with encoding the query.
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
    """Cosine of each candidate to the query, -1..1, and its spread, 0..1; by key."""

    cosines: dict[int, float]
    spreads: dict[int, float]


def query_fit(query: QueryEmbedding, keys: Sequence[int], vectors: Vector) -> QueryFit:
    """Returns how the vectors fit the query.

    Args:
        vectors: Unit vectors ``(len(keys), dim)``.
    """
    unit = query.whole / np.linalg.norm(query.whole)
    # Not through BLAS, whose threads wait for each other on a busy machine.
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
    """Returns the standard deviation of the pieces' cosines to each vector, by its key.

    Args:
        vectors: Unit vectors ``(len(keys), dim)``.
        pieces: Unit vectors ``(n, dim)``; fewer than two have no spread.
    """
    if len(pieces) < 2:
        return {}
    cosines = np.einsum("ij,kj->ik", vectors, pieces)  # not through BLAS, see query_fit
    return dict(zip(keys, cosines.std(axis=1).tolist(), strict=True))
