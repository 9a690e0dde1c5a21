"""What an encoder is: text in, unit vectors out, and a name for the space they live in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..schema import EncoderIdentity

if TYPE_CHECKING:  # numpy is loaded with the first embedding, not with this package
    import numpy as np
    import numpy.typing as npt


class Encoder(Protocol):
    """Turns texts into unit vectors whose dot product is their similarity.

    Two vectors may be compared only if their encoders have the same identity.
    """

    @property
    def name(self) -> str:
        """The spec that ``create_encoder`` makes this encoder from."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    @property
    def revision(self) -> str:
        """Identity of the weights by content; it changes when the vectors would."""
        ...

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Returns the embeddings of documents (test code), in the order given.

        Returns:
            ``(n, dimension)`` float32 with unit rows; n may be 0. A text's vector does not depend
            on the other texts.

        Raises:
            TypeError: ``texts`` is not a sequence of texts.
            EncoderError: The model cannot be loaded or used.
        """
        ...

    def encode_query(self, text: str) -> npt.NDArray[np.float32]:
        """Returns the embedding of a query, ``(dimension,)`` float32 of unit length.

        Raises:
            TypeError: ``text`` is not a text.
            EncoderError: The model cannot be loaded or used.
        """
        ...


@dataclass(frozen=True, slots=True)
class QueryEmbedding:
    """A query as an encoder reads it: as a whole, and piece by piece.

    Attributes:
        whole: ``(dimension,)`` float32 of unit length.
        pieces: Word pieces in order, without marks such as ``[CLS]``; empty where the encoder
            does not tell them.
        piece_vectors: ``(len(pieces), dimension)`` float32, unit rows: each piece in its context.
    """

    whole: npt.NDArray[np.float32]
    pieces: tuple[str, ...]
    piece_vectors: npt.NDArray[np.float32]

    @classmethod
    def without_pieces(cls, whole: npt.NDArray[np.float32]) -> QueryEmbedding:
        """Returns the embedding of a text whose pieces are not known."""
        return cls(whole, (), whole[None][:0])


@runtime_checkable
class PieceEncoder(Protocol):
    """An encoder whose vector of a text is the mean of vectors of its pieces, and tells them."""

    def encode_query_pieces(self, text: str) -> QueryEmbedding:
        """Returns what ``encode_query`` returns, and the pieces it was made of; costs the same.

        Raises:
            TypeError: ``text`` is not a text.
            EncoderError: The model cannot be loaded or used.
        """
        ...


def embed_query(encoder: Encoder, text: str) -> QueryEmbedding:
    """Returns the embedding of a query, with its pieces where the encoder tells them."""
    if isinstance(encoder, PieceEncoder):
        return encoder.encode_query_pieces(text)
    return QueryEmbedding.without_pieces(encoder.encode_query(text))


def identity_of(encoder: Encoder) -> EncoderIdentity:
    """Returns the identity to store beside the encoder's vectors.

    Raises:
        EncoderError: The encoder must load its model to know, and cannot.
    """
    return EncoderIdentity(encoder.name, encoder.dimension, encoder.revision)
