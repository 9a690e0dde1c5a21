"""Writes encoders and embeddings, and creates ``patterns_vec``, which is derived from them.

``patterns_vec`` is created here and not in a migration, because its width is the dimension of the
encoder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw
import numpy as np

from ....models.vector import Vector
from ....schema import EncoderIdentity, TestPattern, utc_now
from .pattern_table import json_text
from .vector_cache import EncoderRow
from .vector_search import checked_norm

__all__ = [
    "EmbeddingTable",
    "adopt_encoder",
    "as_blob",
    "create_vector_table",
    "encoder_in_use",
    "from_blob",
    "known_encoder",
]


def as_blob(embedding: Vector, dimension: int) -> bytes:
    """Returns an embedding as stored: little-endian float32.

    Raises:
        ValueError: It has the wrong shape or type, is not finite, or is a zero vector.
    """
    checked_norm(embedding, dimension)
    return embedding.astype("<f4", copy=False).tobytes()


def from_blob(blob: bytes) -> Vector:
    """Returns the embedding ``(dim,)`` in a blob of ``as_blob``."""
    return np.frombuffer(blob, dtype="<f4")


def encoder_in_use(connection: apsw.Connection) -> EncoderRow | None:
    """Returns the encoder in use; None if the bank has none."""
    row = connection.execute(
        "select encoder_rowid, name, dimension, revision from encoders where in_use = 1"
    ).fetchone()
    return None if row is None else EncoderRow(row[0], EncoderIdentity(*row[1:]))


def known_encoder(connection: apsw.Connection, identity: EncoderIdentity) -> int:
    """Returns the row number of an encoder, inserting it if it is new; does not switch to it."""
    values = {
        "name": identity.name,
        "dimension": identity.dimension,
        "revision": identity.revision,
        "now": utc_now().isoformat(),
    }
    connection.execute(
        "insert into encoders (name, dimension, revision, adopted_at)"
        " values (:name, :dimension, :revision, :now)"
        " on conflict (name, dimension, revision) do nothing",
        values,
    )
    row = connection.execute(
        "select encoder_rowid from encoders"
        " where name = :name and dimension = :dimension and revision = :revision",
        values,
    ).get
    return int(row)


def adopt_encoder(
    connection: apsw.Connection, identity: EncoderIdentity, *, vector_table: bool
) -> int:
    """Switches to an encoder, with an empty table of its width; returns its row number."""
    row = known_encoder(connection, identity)
    connection.execute("update encoders set in_use = 0 where in_use = 1")
    connection.execute(
        "update encoders set in_use = 1, adopted_at = :now where encoder_rowid = :row",
        {"row": row, "now": utc_now().isoformat()},
    )
    if vector_table:
        create_vector_table(connection, identity.dimension)
    return row


def create_vector_table(connection: apsw.Connection, dimension: int) -> None:
    """Replaces ``patterns_vec`` by an empty table; its metadata columns can be filtered on.

    Args:
        connection: Inside a write transaction, with sqlite-vec loaded.
        dimension: Length of an embedding; an integer, since DDL takes no parameters.
    """
    connection.execute("drop table if exists patterns_vec")
    connection.execute(
        "create virtual table patterns_vec using vec0 ("
        f" pattern_rowid integer primary key, embedding float[{int(dimension)}]"
        " distance_metric=cosine,"
        " framework text, language text, category text, confidence float, quality float)"
    )


class EmbeddingTable:
    """The embeddings of one encoder inside one transaction.

    Args:
        encoder: The encoder of the embeddings.
        indexed: Whether to update ``patterns_vec`` as well: False without sqlite-vec, and for an
            encoder that is not in use yet.
    """

    def __init__(self, connection: apsw.Connection, encoder: EncoderRow, *, indexed: bool) -> None:
        self._connection = connection
        self._encoder_rowid = encoder.rowid
        self._dimension = encoder.identity.dimension
        self._indexed = indexed

    def put(
        self, rowid: int, pattern: TestPattern, quality: float, embedding: Vector, text_hash: str
    ) -> None:
        """Writes and indexes the embedding of a pattern, replacing an earlier one."""
        blob = as_blob(embedding, self._dimension)
        self.keep(rowid, blob, text_hash)
        # A re-embedding under way must embed the new text, not keep the embedding of the old one.
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
        """Updates the filter columns of a pattern in the vector index."""
        if self._indexed:
            self._connection.execute(
                "update patterns_vec set framework = :framework, language = :language,"
                " category = :category, confidence = :confidence, quality = :quality"
                " where pattern_rowid = :rowid",
                _facets(rowid, pattern, quality),
            )

    def set_quality(self, rowid: int, quality: float) -> None:
        """Updates the quality of a pattern in the vector index."""
        if self._indexed:
            self._connection.execute(
                "update patterns_vec set quality = :quality where pattern_rowid = :rowid",
                {"quality": float(quality), "rowid": rowid},
            )

    def delete_vector(self, rowid: int) -> None:
        """Removes a pattern from the vector index; deleting its row deletes its embeddings."""
        if self._indexed:
            self._connection.execute(
                "delete from patterns_vec where pattern_rowid = :rowid", {"rowid": rowid}
            )

    def text_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Returns the hash of the embedded text of each pattern, by id."""
        rows = self._connection.execute(
            # Keeps this join order; the reverse reads every embedding (590 ms at 100,000).
            "select p.id, e.text_hash from json_each(:ids) j"
            " cross join patterns p on p.id = j.value"
            " cross join pattern_embeddings e on e.pattern_rowid = p.pattern_rowid"
            " and e.encoder_rowid = :encoder",
            {"encoder": self._encoder_rowid, "ids": json_text(list(ids))},
        )
        return dict(rows)

    def missing(self, limit: int) -> list[int]:
        """Returns up to ``limit`` row numbers of patterns that this encoder has not embedded."""
        rows = self._connection.execute(
            "select p.pattern_rowid from patterns p where not exists"
            " (select 1 from pattern_embeddings e"
            "  where e.pattern_rowid = p.pattern_rowid and e.encoder_rowid = :encoder)"
            " order by p.pattern_rowid limit :limit",
            {"encoder": self._encoder_rowid, "limit": limit},
        )
        return [row[0] for row in rows]

    def rebuild(self, patterns: Iterable[tuple[int, TestPattern]]) -> int:
        """Fills an empty vector index with the embeddings of these patterns; returns how many."""
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
        # Updates in place: delete and insert would make the file grow (RELIABILITY finding 5).
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
