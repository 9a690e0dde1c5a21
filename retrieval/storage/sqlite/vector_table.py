"""Records the encoders of a bank and creates the vec0 table for the one in use.

``patterns_vec`` can be rebuilt from ``pattern_embeddings``. It is created here and not in a
migration, because its width is the dimension of the encoder.
"""

from __future__ import annotations

import apsw

from ....schema import EncoderIdentity, utc_now

__all__ = [
    "adopt_encoder",
    "create_vector_table",
    "known_encoder",
]


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
