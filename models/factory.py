"""Creates an encoder from its name, as given in settings and stored in the database."""

from __future__ import annotations

from typing import Final

from ..schema.records.validation import require_text
from .encoder import Encoder
from .hashing import HASHING_NAME, HashingEncoder
from .minilm import MINILM_NAME, MiniLMEncoder
from .sentence_transformer import SentenceTransformerEncoder

__all__ = ["DEFAULT_ENCODER", "create_encoder"]

DEFAULT_ENCODER: Final = MINILM_NAME


def create_encoder(spec: str = DEFAULT_ENCODER) -> Encoder:
    """Returns the encoder with that name; its model is loaded on first use.

    Args:
        spec: ``aqe-minilm-tests``, ``hashing``, ``hashing:DIM``, or the name or folder of a
            sentence-transformers model. The ``name`` of an encoder is such a spec.

    Raises:
        TypeError: The spec is not text.
        ValueError: The spec is empty, or DIM is not a whole number from 8 to 8192.
        EncoderError: It names a sentence-transformers model and the extra is not installed.
    """
    require_text("the name of an encoder", spec)
    if not spec.strip():
        raise ValueError(f"the name of an encoder must not be empty, e.g. {DEFAULT_ENCODER!r}")
    if spec == DEFAULT_ENCODER:
        return MiniLMEncoder()
    kind, colon, dimension = spec.partition(":")
    if kind == HASHING_NAME:
        return HashingEncoder(_whole_number(dimension, spec)) if colon else HashingEncoder()
    return SentenceTransformerEncoder(spec)


def _whole_number(text: str, spec: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"expected hashing:DIM with a whole number, got {spec!r}")
    return int(text)
