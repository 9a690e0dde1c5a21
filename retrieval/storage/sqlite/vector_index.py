"""The vector leg: cosine similarity through sqlite-vec. Its distances do not leave this file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import apsw
import numpy as np

from ....models import Vector
from ....schema import PatternSearchCriteria, TestPattern
from .filter_plan import RowFilters
from .filter_sql import json_text, vector_conditions
from .vector_cache import VectorMemory, VectorView
from .vector_nearest import in_memory, nearest, unit_rows

__all__ = ["VectorLeg", "as_blob", "from_blob"]


# vec0 refuses more in one query (RELIABILITY section 2).
MAX_K = 4096
# An embedding shorter than this has no direction.
MIN_NORM = 1e-6


def as_blob(embedding: Vector, dimension: int) -> bytes:
    """Returns an embedding as it is stored: little-endian float32.

    Raises:
        ValueError: It has another shape, holds NaN or infinity, or has no direction.
    """
    array = np.asarray(embedding)
    if array.dtype != np.float32 or array.shape != (dimension,):
        raise ValueError(
            f"embedding must be float32 of shape ({dimension},), got {array.dtype} {array.shape}"
        )
    norm = float(np.linalg.norm(array))
    if not math.isfinite(norm) or norm < MIN_NORM:
        raise ValueError(f"embedding must be finite and longer than {MIN_NORM}, got norm {norm}")
    return array.astype("<f4", copy=False).tobytes()


def from_blob(blob: bytes) -> Vector:
    """Returns the embedding (dim,) that ``as_blob`` stored."""
    return np.frombuffer(blob, dtype="<f4")


class VectorLeg:
    """Embeddings and the index ``patterns_vec`` on the connection of an open transaction.

    Args:
        encoder_rowid: The encoder whose embeddings are meant.
        dimension: Their width.
        has_index: False where sqlite-vec is not there: embeddings are kept, nothing is searched.
        memory: Vectors outside the database; only for a transaction that does not write, since it
            keeps what it sees.
        filters: Those of the transaction, shared with the other leg.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        encoder_rowid: int,
        dimension: int,
        *,
        has_index: bool,
        memory: VectorMemory | None = None,
        filters: RowFilters | None = None,
    ) -> None:
        self._connection = connection
        self._encoder_rowid = encoder_rowid
        self._dimension = dimension
        self._has_index = has_index
        self._memory = memory
        self._filters = filters or RowFilters(connection)
        self._view: VectorView | None = None
        self._viewed = False
        self._read: dict[int, Vector] = {}  # what was looked up is asked for again

    @property
    def has_index(self) -> bool:
        """Whether embeddings can be searched."""
        return self._has_index

    def text_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Returns, by pattern id, the hash of the text that was embedded."""
        rows = self._connection.execute(
            # From the few to the many: turned round, it reads every embedding (590 ms at 100,000).
            "select p.id, e.text_hash from json_each(:ids) j"
            " cross join patterns p on p.id = j.value"
            " cross join pattern_embeddings e on e.pattern_rowid = p.pattern_rowid"
            " and e.encoder_rowid = :encoder",
            {"encoder": self._encoder_rowid, "ids": json_text(list(ids))},
        )
        return dict(rows)

    def put(self, rowid: int, pattern: TestPattern, embedding: Vector, text_hash: str) -> None:
        """Writes an embedding, in place of the one the pattern had, and indexes it."""
        blob = as_blob(embedding, self._dimension)
        self.keep(rowid, blob, text_hash)
        # Another encoder that is being filled must embed the new text, not keep the old one's.
        self._connection.execute(
            "delete from pattern_embeddings"
            " where pattern_rowid = :rowid and encoder_rowid != :encoder",
            {"rowid": rowid, "encoder": self._encoder_rowid},
        )
        self._index(rowid, pattern, blob)

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

    def refresh(self, rowid: int, pattern: TestPattern) -> None:
        """Writes the values that filters look at; the embedding stays."""
        if not self._has_index:
            return
        self._connection.execute(
            "update patterns_vec set framework = :framework, language = :language,"
            " category = :category, confidence = :confidence, quality = :quality"
            " where pattern_rowid = :rowid",
            _metadata(rowid, pattern),
        )

    def delete(self, rowid: int) -> None:
        """Removes a pattern from the index; its embeddings go with its row."""
        if self._has_index:
            self._connection.execute(
                "delete from patterns_vec where pattern_rowid = :rowid", {"rowid": rowid}
            )

    def candidates(
        self, query_embedding: Vector, k: int, criteria: PatternSearchCriteria
    ) -> dict[int, float]:
        """Returns up to k row numbers that meet the criteria with their cosine, best first.

        Exact but for a bank with a file of vectors, which finds at least 98 of 100 neighbours.
        """
        if not self._has_index:
            return {}
        query = np.frombuffer(as_blob(query_embedding, self._dimension), dtype="<f4")
        view = self._seen()
        if view is None:
            return self._exact_candidates(query, k, criteria)
        row_filter = self._filters.of(criteria)
        unit = query / np.linalg.norm(query)
        found = nearest(view, unit, min(k, MAX_K), row_filter, self._reading)
        return {rowid: cosine for cosine, rowid in found}

    def unit_vectors(self, rowids: Sequence[int]) -> tuple[list[int], Vector]:
        """Returns those of these rows that have an embedding, and their unit vectors (n, dim)."""
        view = self._seen()
        if view is None:
            return unit_rows(self._reading(rowids), self._dimension)
        found, vectors = in_memory(view, rowids)
        if view.file is None:
            return found, vectors
        others = set(rowids).difference(found)
        more, more_vectors = unit_rows(self._reading(sorted(others)), self._dimension)
        return [*found, *more], np.concatenate([vectors, more_vectors])

    def _reading(self, rowids: Sequence[int]) -> dict[int, Vector]:
        """Returns the stored embeddings of these rows, each read once in a transaction."""
        unread = [rowid for rowid in rowids if rowid not in self._read]
        if unread:
            self._read |= self.embeddings(unread)
        return {rowid: self._read[rowid] for rowid in rowids if rowid in self._read}

    def _seen(self) -> VectorView | None:
        """Returns the vectors that are held outside the database, as this transaction sees them."""
        if not self._viewed and self._memory is not None:
            self._view = self._memory.view(self._connection, self._encoder_rowid, self._dimension)
        self._viewed = True
        return self._view

    def _exact_candidates(
        self, query: Vector, k: int, criteria: PatternSearchCriteria
    ) -> dict[int, float]:
        """Returns the candidates by the index in the database, which looks at every vector."""
        conditions = vector_conditions(criteria)
        rows = self._connection.execute(
            "select pattern_rowid, distance from patterns_vec"
            f" where embedding match :query and k = :k{conditions.sql('and')}",
            {**conditions.values, "query": query.tobytes(), "k": min(k, MAX_K)},
        )
        # vec0's cosine distance is 1 - cosine; NULL would mean a vector without direction.
        found = [(1.0 - distance, rowid) for rowid, distance in rows if distance is not None]
        found.sort(key=lambda item: (-item[0], item[1]))
        return {rowid: cosine for cosine, rowid in found}

    def embeddings(self, rowids: Sequence[int]) -> dict[int, Vector]:
        """Returns the stored embeddings (dim,) of these rows."""
        rows = self._connection.execute(
            "select pattern_rowid, embedding from pattern_embeddings"
            " where encoder_rowid = :encoder"
            " and pattern_rowid in (select value from json_each(:rowids))",
            {"encoder": self._encoder_rowid, "rowids": json_text(list(rowids))},
        )
        return {rowid: from_blob(blob) for rowid, blob in rows}

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

    def rebuild(self, patterns: Iterator[tuple[int, TestPattern]]) -> int:
        """Indexes the stored embeddings of these patterns in an empty index; returns how many."""
        count = 0
        for rowid, pattern in patterns:
            blob = self._connection.execute(
                "select embedding from pattern_embeddings"
                " where pattern_rowid = :rowid and encoder_rowid = :encoder",
                {"rowid": rowid, "encoder": self._encoder_rowid},
            ).get
            if blob is not None:
                self._index(rowid, pattern, blob)
                count += 1
        return count

    def forget_other_encoders(self) -> None:
        """Deletes the embeddings of every encoder but this one."""
        self._connection.execute(
            "delete from encoders where encoder_rowid != :encoder",
            {"encoder": self._encoder_rowid},
        )

    def _index(self, rowid: int, pattern: TestPattern, blob: bytes) -> None:
        if not self._has_index:
            return
        values = _metadata(rowid, pattern) | {"embedding": blob}
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


def _metadata(rowid: int, pattern: TestPattern) -> dict[str, int | float | str | bytes]:
    return {
        "rowid": rowid,
        "framework": pattern.framework,
        "language": pattern.language,
        "category": pattern.category,
        "confidence": float(pattern.confidence),
        "quality": float(pattern.quality),
    }
