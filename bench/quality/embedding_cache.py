"""Caches embeddings of documents between runs, by text and encoder."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ...models import Encoder, QueryEmbedding, embed_query
from ...models.vector import Vector
from ...schema import AqeError, stable_id

__all__ = ["CachedEncoder", "default_cache_folder"]


def default_cache_folder(environment: Mapping[str, str]) -> Path:
    """Returns ``$XDG_CACHE_HOME/aqe``, by default ``~/.cache/aqe`` (XDG Base Directory)."""
    base = environment.get("XDG_CACHE_HOME", "")
    return Path(base if os.path.isabs(base) else Path.home() / ".cache") / "aqe"


class CachedEncoder:
    """An encoder that embeds each document once in the lifetime of its cache folder.

    Queries are never cached: measured look-ups pay for them as a user's do. Each call writes its
    new embeddings to one ``.npz`` file (32-byte SHA-256 of the texts, and their vectors), which
    never changes afterwards; so several processes may share the folder.

    Args:
        encoder: Does the work; its identity is this encoder's identity.
        folder: Holds a folder for each identity.

    Attributes:
        embedded: Documents that the encoder embedded for this object.
        reused: Documents that came from the cache.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        identity = stable_id(encoder.name, str(encoder.dimension), encoder.revision)
        self._folder = folder / "embeddings" / identity
        self._known: dict[bytes, Vector] | None = None
        self.embedded = 0
        self.reused = 0

    @property
    def name(self) -> str:
        """That of the encoder."""
        return self._encoder.name

    @property
    def dimension(self) -> int:
        """That of the encoder."""
        return self._encoder.dimension

    @property
    def revision(self) -> str:
        """That of the encoder."""
        return self._encoder.revision

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns the embeddings of documents, ``(n, dimension)`` float32, in the order given.

        Raises:
            AqeError: The cache folder cannot be read or written.
        """
        if self._known is None:
            self._known = self._read()
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        missing = {
            key: text for key, text in zip(keys, texts, strict=True) if key not in self._known
        }
        if missing:
            vectors = self._encoder.encode(list(missing.values()))
            self._write(list(missing), vectors)
            self._known.update(zip(missing, vectors, strict=True))
        self.embedded += len(missing)
        self.reused += len(texts) - len(missing)
        found = [self._known[key] for key in keys]
        return np.stack(found) if found else np.zeros((0, self.dimension), np.float32)

    def encode_query(self, text: str) -> Vector:
        """Returns the embedding of a query, ``(dimension,)`` float32, never from the cache."""
        return self._encoder.encode_query(text)

    def encode_query_pieces(self, text: str) -> QueryEmbedding:
        """Returns the embedding of a query with its pieces, never from the cache."""
        return embed_query(self._encoder, text)

    def _read(self) -> dict[bytes, Vector]:
        known: dict[bytes, Vector] = {}
        for path in sorted(self._folder.glob("*.npz")):
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    keys, vectors = stored["keys"], stored["vectors"]
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                raise AqeError(
                    f"cannot read cached embeddings {path}: {error}; delete it"
                ) from error
            known.update(zip(map(bytes, keys), vectors, strict=True))
        return known

    def _write(self, keys: Sequence[bytes], vectors: Vector) -> None:
        rows = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 32)
        path = self._folder / f"{hashlib.sha256(rows.tobytes()).hexdigest()[:24]}.npz"
        partial = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as stream:
                np.savez(stream, keys=rows, vectors=vectors)
            partial.replace(path)  # whole or not at all
        except OSError as error:
            raise AqeError(
                f"cannot write cached embeddings to {self._folder}: {error.strerror};"
                " choose another folder with --cache"
            ) from error
