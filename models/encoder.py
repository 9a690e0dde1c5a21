"""Defines the protocol of an encoder, which turns text into unit vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..schema import EncoderError, EncoderIdentity

if TYPE_CHECKING:  # numpy is loaded with the first embedding, not with this package
    from .vector import Vector

__all__ = [
    "Encoder",
    "PieceEncoder",
    "QueryEmbedding",
    "embed_documents",
    "embed_query",
    "identity_of",
    "query_embedder",
    "strong_cosine_of",
]


class Encoder(Protocol):
    """An embedding model: texts become unit vectors whose dot product is their similarity.

    Two vectors may be compared only if their encoders have the same identity. The contract of
    every encoder is tests/models/test_encoder_contract.py.
    """

    @property
    def name(self) -> str:
        """The spec that ``create_encoder`` takes for this encoder."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    @property
    def revision(self) -> str:
        """Identifies the weights by content; changes whenever the vectors change."""
        ...

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns the embeddings of documents (test code), in the order given.

        Returns:
            ``(n, dimension)`` float32 with unit rows; n may be 0. A text's vector does not depend
            on the other texts.

        Raises:
            TypeError: ``texts`` is not a sequence of texts.
            EncoderError: The model cannot be loaded or used.
        """
        ...

    def encode_query(self, text: str) -> Vector:
        """Returns the embedding of a query, ``(dimension,)`` float32 of unit length.

        Raises:
            TypeError: ``text`` is not text.
            EncoderError: The model cannot be loaded or used.
        """
        ...


@dataclass(frozen=True, slots=True)
class QueryEmbedding:
    """Embeddings of a query as a whole, and of its word pieces.

    Attributes:
        whole: ``(dimension,)`` float32 of unit length.
        pieces: Word pieces in order, without marks such as ``[CLS]``; empty for an encoder that
            does not return them.
        piece_vectors: ``(len(pieces), dimension)`` float32, unit rows: each piece in its context.
    """

    whole: Vector
    pieces: tuple[str, ...]
    piece_vectors: Vector

    @classmethod
    def without_pieces(cls, whole: Vector) -> QueryEmbedding:
        """Returns the embedding of a text whose pieces are not known."""
        return cls(whole, (), whole[None][:0])


def strong_cosine_of(encoder: Encoder) -> float | None:
    """Returns the cosine to a query from which a document is about what was asked for.

    An encoder says it as ``strong_cosine``, if it was measured (bench/results/strength.md).
    """
    cosine: float | None = getattr(encoder, "strong_cosine", None)
    return cosine


@runtime_checkable
class PieceEncoder(Protocol):
    """An encoder that also returns the vectors of the word pieces, whose mean is the whole."""

    def encode_query_pieces(self, text: str) -> QueryEmbedding:
        """Returns what ``encode_query`` returns, and the pieces of it; costs the same.

        Raises:
            TypeError: ``text`` is not text.
            EncoderError: The model cannot be loaded or used.
        """
        ...


def embed_documents(encoder: Encoder, texts: Sequence[str]) -> Vector:
    """Returns the embeddings of documents, one row for each, as ``encode`` does.

    Raises:
        EncoderError: The encoder returned something else, or cannot be used.
    """
    vectors = encoder.encode(texts)
    shape = getattr(vectors, "shape", ())
    if shape[:1] != (len(texts),):
        found = f"shape {shape}" if shape else type(vectors).__name__
        raise EncoderError(
            f"encoder {encoder.name!r} must return an array of shape"
            f" {(len(texts), encoder.dimension)} for {len(texts)} texts, got {found}",
            encoder=encoder.name,
        )
    return vectors


def embed_query(encoder: Encoder, text: str) -> QueryEmbedding:
    """Returns the embedding of a query, with its pieces if it is a ``PieceEncoder``.

    Raises:
        TypeError: ``text`` is not text.
        EncoderError: The model cannot be loaded or used.
    """
    if isinstance(encoder, PieceEncoder):
        return encoder.encode_query_pieces(text)
    return QueryEmbedding.without_pieces(encoder.encode_query(text))


def query_embedder(encoder: Encoder) -> Callable[[str], QueryEmbedding]:
    """Returns the function that embeds queries as ``embed_query`` does, chosen once."""
    if isinstance(encoder, PieceEncoder):
        return encoder.encode_query_pieces
    return partial(embed_query, encoder)


def identity_of(encoder: Encoder) -> EncoderIdentity:
    """Returns the identity to store with the encoder's vectors.

    Raises:
        TypeError: It is not an encoder.
        EncoderError: The encoder must load its model to know, and cannot.
    """
    if not hasattr(encoder, "encode_query"):
        raise TypeError(
            f"encoder must be an Encoder, got {type(encoder).__name__}; create_encoder makes one"
            " from a name"
        )
    return EncoderIdentity(encoder.name, encoder.dimension, encoder.revision)
