"""Turns text into unit vectors with one of several embedding models.

Imports ``schema``; ``retrieval`` and ``cli`` import it. ``encoder.py``
is the protocol, ``minilm.py`` the default, ``hashing.py`` the one without weights,
``sentence_transformer.py`` any other model; ``factory.py`` finds an encoder by its name.
Importing this package loads no model and none of the libraries that run them.
"""

from .encoder import (
    Encoder,
    PieceEncoder,
    QueryEmbedding,
    embed_documents,
    embed_query,
    identity_of,
    query_embedder,
    strong_cosine_of,
)
from .factory import DEFAULT_ENCODER, create_encoder, encoder_named, register_encoder
from .hashing import HashingEncoder
from .minilm import MiniLMEncoder
from .sentence_transformer import SentenceTransformerEncoder
from .text import WORD_BOUNDARY, split_identifiers

__all__ = [
    "DEFAULT_ENCODER",
    "WORD_BOUNDARY",
    "Encoder",
    "HashingEncoder",
    "MiniLMEncoder",
    "PieceEncoder",
    "QueryEmbedding",
    "SentenceTransformerEncoder",
    "create_encoder",
    "embed_documents",
    "embed_query",
    "encoder_named",
    "identity_of",
    "query_embedder",
    "register_encoder",
    "split_identifiers",
    "strong_cosine_of",
]
