"""Writes embeddings: rows of ``pattern_embeddings``, and ``patterns_vec``, derived from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw
import numpy as np

from ....models.vector import Vector
from ....schema import TestPattern
from .pattern_table import json_text
from .vector_cache import EncoderRow
from .vector_index import checked_norm

__all__ = ["EmbeddingTable", "as_blob", "from_blob"]


def as_blob(embedding: Vector, dimension: int) -> bytes:
    """Returns an embedding as it is stored: little-endian float32.

    Raises:
        ValueError: It has another shape or type, is not finite, or has no direction.
    """
    checked_norm(embedding, dimension)
    return embedding.astype("<f4", copy=False).tobytes()


def from_blob(blob: bytes) -> Vector:
    """Returns the embedding (dim,) that ``as_blob`` stored."""
    return np.frombuffer(blob, dtype="<f4")


class EmbeddingTable:
    """The embeddings of one encoder inside one transaction.

    Args:
        encoder: The encoder whose embeddings are meant.
        indexed: Whether ``patterns_vec`` is kept up to date: not where sqlite-vec is missing, nor
            for an encoder that is not in use yet.
    """

    def __init__(self, connection: apsw.Connection, encoder: EncoderRow, *, indexed: bool) -> None:
        self._connection = connection
        self._encoder_rowid = encoder.rowid
        self._dimension = encoder.identity.dimension
        self._indexed = indexed

    def put(
        self, rowid: int, pattern: TestPattern, quality: float, embedding: Vector, text_hash: str
    ) -> None:
        """Writes an embedding, in place of the one the pattern had, and indexes it."""
        blob = as_blob(embedding, self._dimension)
        self.keep(rowid, blob, text_hash)
        # Another encoder that is being filled must embed the new text, not keep the old one's.
        self._connection.execute(
            "delete from pattern_embeddings"
            " where pattern_rowid = :rowid and encoder_rowid != :encoder",
            {"rowid": rowid, "encoder": self._encoder_rowid},
        )
        if self._indexed:
            self._index(_facets(rowid, pattern, quality) | {"embedding": blob})

    def keep(self, rowid: int, blob: bytes, text_hash: str) -> None:
        """Writes an embedding without indexing it."""
        self._connection.execute(
            "insert into pattern_embeddings (pattern_rowid, encoder_rowid, embedding, text_hash)"
            " values (:rowid, :encoder, :embedding, :text_hash)"
            " on conflict (pattern_rowid, encoder_rowid)"
            " do update set embedding = excluded.embedding, text_hash = excluded.text_hash",
            {
                "rowid": rowid,
                "encoder": self._encoder_rowid,
                "embedding": blob,
                "text_hash": text_hash,
            },
        )

    def set_facets(self, rowid: int, pattern: TestPattern, quality: float) -> None:
        """Writes the values that filters compare; the embedding stays."""
        if self._indexed:
            self._connection.execute(
                "update patterns_vec set framework = :framework, language = :language,"
                " category = :category, confidence = :confidence, quality = :quality"
                " where pattern_rowid = :rowid",
                _facets(rowid, pattern, quality),
            )

    def set_quality(self, rowid: int, quality: float) -> None:
        """Writes the quality that filters compare."""
        if self._indexed:
            self._connection.execute(
                "update patterns_vec set quality = :quality where pattern_rowid = :rowid",
                {"quality": float(quality), "rowid": rowid},
            )

    def delete_vector(self, rowid: int) -> None:
        """Removes a pattern from the index; its embeddings go with its row."""
        if self._indexed:
            self._connection.execute(
                "delete from patterns_vec where pattern_rowid = :rowid", {"rowid": rowid}
            )

    def text_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Returns, by pattern id, the hash of the text that was embedded."""
        rows = self._connection.execute(
            # From the few to the many: reversed, it reads every embedding (590 ms at 100,000).
            "select p.id, e.text_hash from json_each(:ids) j"
            " cross join patterns p on p.id = j.value"
            " cross join pattern_embeddings e on e.pattern_rowid = p.pattern_rowid"
            " and e.encoder_rowid = :encoder",
            {"encoder": self._encoder_rowid, "ids": json_text(list(ids))},
        )
        return dict(rows)

    def missing(self, limit: int) -> list[int]:
        """Returns up to ``limit`` rows of patterns that this encoder has not embedded."""
        rows = self._connection.execute(
            "select p.pattern_rowid from patterns p where not exists"
            " (select 1 from pattern_embeddings e"
            "  where e.pattern_rowid = p.pattern_rowid and e.encoder_rowid = :encoder)"
            " order by p.pattern_rowid limit :limit",
            {"encoder": self._encoder_rowid, "limit": limit},
        )
        return [row[0] for row in rows]

    def rebuild(self, patterns: Iterable[tuple[int, TestPattern]]) -> int:
        """Indexes the stored embeddings of these patterns in an empty index; returns how many."""
        count = 0
        for rowid, pattern in patterns:
            blob = self._connection.execute(
                "select embedding from pattern_embeddings"
                " where pattern_rowid = :rowid and encoder_rowid = :encoder",
                {"rowid": rowid, "encoder": self._encoder_rowid},
            ).get
            if blob is not None:
                if self._indexed:
                    self._index(_facets(rowid, pattern, pattern.quality) | {"embedding": blob})
                count += 1
        return count

    def delete_other_encoders(self) -> None:
        """Deletes every encoder but this one, with its embeddings."""
        self._connection.execute(
            "delete from encoders where encoder_rowid != :encoder",
            {"encoder": self._encoder_rowid},
        )

    def _index(self, values: dict[str, int | float | str | bytes]) -> None:
        # Update in place: a delete and an insert would make the file grow (RELIABILITY finding 5).
        self._connection.execute(
            "update patterns_vec set embedding = :embedding, framework = :framework,"
            " language = :language, category = :category, confidence = :confidence,"
            " quality = :quality where pattern_rowid = :rowid",
            values,
        )
        if self._connection.changes() == 0:
            self._connection.execute(
                "insert into patterns_vec (pattern_rowid, embedding, framework, language,"
                " category, confidence, quality) values (:rowid, :embedding, :framework,"
                " :language, :category, :confidence, :quality)",
                values,
            )


def _facets(
    rowid: int, pattern: TestPattern, quality: float
) -> dict[str, int | float | str | bytes]:
    return {
        "rowid": rowid,
        "framework": pattern.framework,
        "language": pattern.language,
        "category": pattern.category,
        "confidence": float(pattern.confidence),
        "quality": float(quality),
    }
