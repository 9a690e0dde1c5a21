"""Embedding models: text in, unit vectors out.

Importing this package loads no model and none of their libraries.
"""

from .encoder import Encoder, PieceEncoder, QueryEmbedding, embed_query, identity_of
from .factory import DEFAULT_ENCODER, create_encoder
from .hashing import HashingEncoder
from .minilm import MiniLMEncoder
from .sentence_transformer import SentenceTransformerEncoder
from .text import split_identifiers

__all__ = [
    "DEFAULT_ENCODER",
    "Encoder",
    "HashingEncoder",
    "MiniLMEncoder",
    "PieceEncoder",
    "QueryEmbedding",
    "SentenceTransformerEncoder",
    "create_encoder",
    "embed_query",
    "identity_of",
    "split_identifiers",
]
