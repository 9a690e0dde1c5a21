"""Keeps which encoder is in use, and the vector index of its width.

``patterns_vec`` is derived: whatever it holds can be rebuilt from ``pattern_embeddings``. It is
created here and not in a migration, because its width is that of the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from ..records.patterns import utc_now

__all__ = [
    "EncoderIdentity",
    "adopt_encoder",
    "create_vector_index",
    "encoder_in_use",
    "known_encoder",
]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """Identity of an encoder; embeddings are comparable only if it is equal.

    Attributes:
        name: The name that ``aqe.models.create_encoder`` takes.
        dimension: Length of a vector.
        revision: Changes when the vectors would: a digest of the weights.
    """

    name: str
    dimension: int
    revision: str

    def __str__(self) -> str:
        return f"{self.name} ({self.dimension} dimensions, revision {self.revision})"


def encoder_in_use(connection: apsw.Connection) -> tuple[int, EncoderIdentity] | None:
    """Returns the row number and identity of the bank's encoder; None while it has none."""
    row = connection.execute(
        "select encoder_rowid, name, dimension, revision from encoders where in_use = 1"
    ).fetchone()
    return None if row is None else (row[0], EncoderIdentity(*row[1:]))


def known_encoder(connection: apsw.Connection, identity: EncoderIdentity) -> int:
    """Returns the row number of an encoder, recorded first if new; does not put it to use."""
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
    connection: apsw.Connection, identity: EncoderIdentity, *, vector_index: bool
) -> int:
    """Puts an encoder to use and returns its row number.

    Args:
        connection: Inside a write transaction.
        identity: The encoder.
        vector_index: Also create an empty vector index of its width.
    """
    row = known_encoder(connection, identity)
    connection.execute("update encoders set in_use = 0 where in_use = 1")
    connection.execute(
        "update encoders set in_use = 1, adopted_at = :now where encoder_rowid = :row",
        {"row": row, "now": utc_now().isoformat()},
    )
    if vector_index:
        create_vector_index(connection, identity.dimension)
    return row


def create_vector_index(connection: apsw.Connection, dimension: int) -> None:
    """Replaces ``patterns_vec`` by an empty one; its metadata columns are the filters in it.

    https://alexgarcia.xyz/sqlite-vec/features/vec0.html

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
