"""Writes encoders and their embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import numpy as np

from ....models.vector import Vector
from ....schema import EncoderIdentity, utc_now
from .pattern_table import json_text
from .vector_cache import EncoderRow
from .vector_search import checked_norm

__all__ = [
    "EmbeddingTable",
    "adopt_encoder",
    "as_blob",
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


def adopt_encoder(connection: apsw.Connection, identity: EncoderIdentity) -> int:
    """Switches to an encoder; returns its row number."""
    row = known_encoder(connection, identity)
    connection.execute("update encoders set in_use = 0 where in_use = 1")
    connection.execute(
        "update encoders set in_use = 1, adopted_at = :now where encoder_rowid = :row",
        {"row": row, "now": utc_now().isoformat()},
    )
    return row


class EmbeddingTable:
    """The embeddings of one encoder inside one transaction.

    Args:
        encoder: The encoder of the embeddings.
    """

    def __init__(self, connection: apsw.Connection, encoder: EncoderRow) -> None:
        self._connection = connection
        self._encoder_rowid = encoder.rowid
        self._dimension = encoder.identity.dimension

    def put(self, rowid: int, embedding: Vector, text_hash: str) -> None:
        """Writes the embedding of a pattern, replacing that of any encoder."""
        self.keep(rowid, embedding, text_hash)
        # A re-embedding under way must embed the new text, not keep the embedding of the old one.
        self._connection.execute(
            "delete from pattern_embeddings"
            " where pattern_rowid = :rowid and encoder_rowid != :encoder",
            {"rowid": rowid, "encoder": self._encoder_rowid},
        )

    def keep(self, rowid: int, embedding: Vector, text_hash: str) -> None:
        """Writes the embedding of a pattern, replacing an earlier one of this encoder."""
        self._connection.execute(
            "insert into pattern_embeddings (pattern_rowid, encoder_rowid, embedding, text_hash)"
            " values (:rowid, :encoder, :embedding, :text_hash)"
            " on conflict (pattern_rowid, encoder_rowid)"
            " do update set embedding = excluded.embedding, text_hash = excluded.text_hash",
            {
                "rowid": rowid,
                "encoder": self._encoder_rowid,
                "embedding": as_blob(embedding, self._dimension),
                "text_hash": text_hash,
            },
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

    def count(self) -> int:
        """Returns the number of patterns that this encoder has embedded."""
        return int(
            self._connection.execute(
                "select count(*) from pattern_embeddings where encoder_rowid = :encoder",
                {"encoder": self._encoder_rowid},
            ).get
        )

    def delete_other_encoders(self) -> None:
        """Deletes every encoder but this one, with its embeddings."""
        self._connection.execute(
            "delete from encoders where encoder_rowid != :encoder",
            {"encoder": self._encoder_rowid},
        )
