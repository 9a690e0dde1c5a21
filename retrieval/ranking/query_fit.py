"""How evenly a document fits the parts of a query: a soft "and" between them.

The embedding of a query is the mean of vectors of its word pieces, so a document may come close to
it by fitting one piece very well and the others badly. The standard deviation of the pieces'
cosines to the document tells the two apart; all that it needs comes with encoding the query.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...models import QueryEmbedding, Vector
from ..text.tokens import STOP_WORDS

__all__ = ["spreads_of", "telling_pieces"]


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
        vectors: Unit vectors (len(keys), dim).
        pieces: Unit vectors (n, dim); fewer than two spread nothing.
    """
    if len(pieces) < 2:
        return {}
    cosines = np.einsum("ij,kj->ik", vectors, pieces)  # not through BLAS: storage/nearest.py
    return dict(zip(keys, cosines.std(axis=1).tolist(), strict=True))
