"""What an encoder is: text in, unit vectors out, and a name for the space they live in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

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


def identity_of(encoder: Encoder) -> EncoderIdentity:
    """Returns the identity to store beside the encoder's vectors.

    Raises:
        EncoderError: The encoder must load its model to know, and cannot.
    """
    return EncoderIdentity(encoder.name, encoder.dimension, encoder.revision)
