"""Implements the yardsticks: sqlite-vec with FTS5 joined by rank, and a numpy scan.

The first is what a user would write without aqe, the hybrid search of sqlite-vec's documentation:
a ``vec0`` table, an FTS5 table over the same texts, reciprocal rank fusion of the two in one
statement, and the rows of the answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import apsw
import numpy as np

from ...models.vector import Vector
from ...retrieval.storage.sqlite.text_index import match_expression
from ...retrieval.text.tokens import query_terms
from ...schema import PatternSearchCriteria, TestPattern
from ...schema.database.connection_settings import load_vector_extension

__all__ = ["NumpyScan", "PlainHybrid"]


LIMIT = 10
CANDIDATES = 50
RRF_K = 60

_FILTER = " and framework = :framework and quality >= :quality"


class PlainHybrid:
    """vec0 and FTS5 in a file of their own, with SQLite's default settings except for WAL."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        load_vector_extension(self._connection)
        self._connection.pragma("journal_mode", "wal")

    def load(self, patterns: Iterable[TestPattern], vectors: Vector) -> None:
        """Stores patterns with their vectors ``(n, dim)`` float32, in order."""
        execute = self._connection.execute
        with self._connection:
            execute(
                "create table items (id integer primary key, name text, code text, framework text,"
                " quality real)"
            )
            execute(
                f"create virtual table items_vec using vec0 (id integer primary key,"
                f" embedding float[{int(vectors.shape[1])}] distance_metric=cosine,"
                " framework text, quality float)"
            )
            execute("create virtual table items_fts using fts5 (name, description, code)")
            for pattern, vector in zip(patterns, vectors, strict=True):
                self._insert(pattern, vector)

    def add(self, pattern: TestPattern, vector: Vector) -> None:
        """Stores one more pattern, durably."""
        with self._connection:
            self._insert(pattern, vector)

    def _insert(self, pattern: TestPattern, vector: Vector) -> None:
        execute = self._connection.execute
        facets = (pattern.framework, float(pattern.quality))
        execute(
            "insert into items (name, code, framework, quality) values (?, ?, ?, ?)",
            (pattern.name, pattern.template, *facets),
        )
        rowid = self._connection.last_insert_rowid()
        execute("insert into items_vec values (?, ?, ?, ?)", (rowid, vector.tobytes(), *facets))
        execute(
            "insert into items_fts (rowid, name, description, code) values (?, ?, ?, ?)",
            (rowid, pattern.name, pattern.description, pattern.template),
        )

    def search(
        self, text: str, embedding: Vector, criteria: PatternSearchCriteria
    ) -> list[tuple[object, ...]]:
        """Returns the ten best rows by reciprocal rank fusion, best first."""
        filtered = criteria.framework is not None
        condition = _FILTER if filtered else ""
        join = " join items i on i.id = items_fts.rowid" if filtered else ""
        return self._connection.execute(
            "with vec_matches as (select id, row_number() over (order by distance) as place"
            f" from items_vec where embedding match :embedding and k = :k{condition}),"
            " fts_matches as"
            " (select items_fts.rowid as id, row_number() over (order by rank) as place"
            f" from items_fts{join} where items_fts match :words{condition}"
            " order by rank limit :k)"
            " select items.id, items.name, items.code,"
            " coalesce(1.0 / (:rrf + f.place), 0.0) + coalesce(1.0 / (:rrf + v.place), 0.0)"
            " as score from fts_matches f full outer join vec_matches v on v.id = f.id"
            " join items on items.id = coalesce(f.id, v.id) order by score desc limit :limit",
            {
                "embedding": embedding.tobytes(),
                "words": match_expression(query_terms(text)),
                "k": CANDIDATES,
                "rrf": RRF_K,
                "limit": LIMIT,
                **_values(criteria),
            },
        ).fetchall()

    def vector(self, embedding: Vector, criteria: PatternSearchCriteria) -> list[int]:
        """Returns the row numbers of the exact nearest 50, nearest first."""
        condition = _FILTER if criteria.framework is not None else ""
        rows = self._connection.execute(
            f"select id from items_vec where embedding match :embedding and k = :k{condition}"
            " order by distance",
            {"embedding": embedding.tobytes(), "k": CANDIDATES, **_values(criteria)},
        )
        return [int(str(row[0])) for row in rows]

    def text(self, text: str) -> list[int]:
        """Returns the row numbers of the best 50 by BM25, best first."""
        rows = self._connection.execute(
            "select rowid from items_fts where items_fts match :words order by rank limit :k",
            {"words": match_expression(query_terms(text)), "k": CANDIDATES},
        )
        return [int(str(row[0])) for row in rows]

    def close(self) -> None:
        """Closes the database file."""
        self._connection.close()


class NumpyScan:
    """An exact scan of vectors in the computer's memory."""

    def __init__(self, vectors: Vector) -> None:
        self._vectors = vectors

    def vector(self, embedding: Vector) -> list[int]:
        """Returns the row numbers, from 1, of the exact nearest 50, nearest first."""
        scores = self._vectors @ embedding
        best = np.argpartition(-scores, min(CANDIDATES, len(scores) - 1))[:CANDIDATES]
        return [int(place) + 1 for place in best[np.argsort(-scores[best])]]


def _values(criteria: PatternSearchCriteria) -> dict[str, str | float]:
    if criteria.framework is None:
        return {}
    return {"framework": criteria.framework, "quality": float(criteria.min_quality)}
