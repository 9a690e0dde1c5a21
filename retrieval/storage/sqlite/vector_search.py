"""Finds the nearest embeddings by one of three routes.

1. *memory*: up to 20,000 embeddings are held as one matrix and scanned exactly.
2. *file*: a larger bank has a vector file (HNSW over int8). Its results are rescored with the
   stored embeddings; embeddings changed since it was written are scanned in memory.
3. *table*: sqlite-vec compares every embedding in the database, exactly. It serves the first search
   of a process in a bank without a vector file, sessions that write, and banks that fit neither of
   the others.

Cosines are those of the stored float32 embeddings on every route; distances stay in this file.
They are computed by einsum, not by BLAS, whose threads wait for each other on a busy machine: for
10,000 vectors BLAS took 1.1 ms with one thread and 7 ms with two, einsum 0.6 and 0.8 ms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import apsw
import numpy as np
import numpy.typing as npt

from ....models.vector import Vector
from .filter_plan import FilterPlan
from .storage_tuning import StorageTuning
from .vector_cache import EncoderRow, Keys, VectorCache, VectorView

__all__ = ["VectorRoute", "VectorSearch", "checked_norm"]

# Maximum number of candidates of one search.
MAX_K: Final = 4096
# An embedding shorter than this counts as a zero vector.
MIN_NORM: Final = 1e-6


class VectorRoute(NamedTuple):
    """The route of a session's vector searches, and why it was chosen."""

    name: Literal["memory", "file", "table", "none"]
    reason: str


def checked_norm(embedding: Vector, dimension: int) -> float:
    """Returns the length of an embedding that can be stored and compared.

    Raises:
        ValueError: It has another shape or type, is not finite, or has no direction.
    """
    array = np.asarray(embedding)
    if array.dtype != np.float32 or array.shape != (dimension,):
        raise ValueError(
            f"embedding must be float32 of shape ({dimension},), got {array.dtype} {array.shape}"
        )
    norm = float(np.linalg.norm(array))
    if not MIN_NORM <= norm < math.inf:
        raise ValueError(f"embedding must be finite and longer than {MIN_NORM}, got norm {norm}")
    return norm


class VectorSearch:
    """Vector search inside one transaction.

    Args:
        encoder: The encoder whose embeddings are searched; None where sqlite-vec is missing or
            nothing is embedded.
        cache: Vectors held outside the database; None for a session that writes, since the cache
            must not contain uncommitted vectors.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        encoder: EncoderRow | None,
        *,
        cache: VectorCache | None,
        tuning: StorageTuning,
    ) -> None:
        self._connection = connection
        self._encoder_rowid = 0 if encoder is None else encoder.rowid
        self._dimension = 0 if encoder is None else encoder.identity.dimension
        self._tuning = tuning
        self._read: dict[int, Vector] = {}  # rescored rows are read again for ranking
        self._view: VectorView | None = None
        if encoder is None:
            self.route = VectorRoute("none", "sqlite-vec is missing or nothing is embedded")
        elif cache is None:
            self.route = VectorRoute("table", "the session writes")
        else:
            self._view, reason = cache.view(connection, encoder)
            name: Literal["table", "memory", "file"] = "table"
            if self._view is not None:
                name = "memory" if self._view.file is None else "file"
            self.route = VectorRoute(name, reason)

    def candidates(self, query: Vector, k: int, plan: FilterPlan | None) -> dict[int, float]:
        """Returns up to k rows that pass the filter with their cosines, best first.

        Exact on all routes except *file*, which finds at least 98 of 100 neighbours. Ties are
        broken by row number.

        Args:
            query: ``(dim,)`` float32.
            plan: The filter; None for no filter.

        Raises:
            ValueError: The query has the wrong shape, is not finite, or is a zero vector.
        """
        if self.route.name == "none":
            return {}
        unit = query / np.float32(checked_norm(query, self._dimension))
        if self._view is None:
            return self._in_table(query, k, plan)
        found = self._nearest(self._view, unit, min(k, MAX_K), plan)
        if found is None:
            self.route = VectorRoute("table", "the vector file did not reach that many vectors")
            return self._in_table(query, k, plan)
        return {rowid: cosine for cosine, rowid in found}

    def unit_vectors(self, rowids: Sequence[int]) -> tuple[list[int], Vector]:
        """Returns the rows that have an embedding, and their unit vectors ``(n, dim)``."""
        view = self._view
        if view is None:
            return self._stored_units(rowids)
        wanted = np.array(rowids, dtype=np.int64)
        # In most banks the rows are sorted, and a binary search finds them; otherwise all are
        # scanned.
        places = np.minimum(np.searchsorted(view.rowids, wanted), len(view.rowids) - 1)
        if not len(view.rowids) or (view.rowids[places] != wanted).any():
            places = np.flatnonzero(np.isin(view.rowids, wanted))
        found: list[int] = view.rowids[places].tolist()
        if view.file is None:
            return found, view.matrix[places]
        others, more = self._stored_units(sorted(set(rowids).difference(found)))
        return [*found, *others], np.concatenate([view.matrix[places], more])

    def embeddings(self, rowids: Sequence[int]) -> dict[int, Vector]:
        """Returns the stored embeddings ``(dim,)`` by row; each is read once per session."""
        unread = [rowid for rowid in rowids if rowid not in self._read]
        if unread:
            rows = self._connection.execute(
                "select pattern_rowid, embedding from pattern_embeddings"
                " where encoder_rowid = :encoder"
                " and pattern_rowid in (select value from json_each(:rowids))",
                {"encoder": self._encoder_rowid, "rowids": str(unread)},
            )
            self._read |= {rowid: np.frombuffer(blob, dtype="<f4") for rowid, blob in rows}
        return {rowid: self._read[rowid] for rowid in rowids if rowid in self._read}

    def _stored_units(self, rowids: Sequence[int]) -> tuple[list[int], Vector]:
        stored = self.embeddings(rowids)
        matrix = np.array(list(stored.values()), dtype=np.float32)
        matrix = matrix.reshape(len(stored), self._dimension)
        return list(stored), matrix / np.linalg.norm(matrix, axis=1, keepdims=True)

    def _in_table(self, query: Vector, k: int, plan: FilterPlan | None) -> dict[int, float]:
        """Returns up to k rows with their cosines, best first, then by row number."""
        values: dict[str, str | int | bytes] = {
            "query": query.astype("<f4").tobytes(),
            "encoder": self._encoder_rowid,
            "bytes": 4 * self._dimension,
            "k": min(k, MAX_K),
        }
        condition = ""
        if plan is not None:
            # Few rows are looked up; for many, a scan in the order of the file is faster.
            column = "+pattern_rowid" if plan.tight() is None else "pattern_rowid"
            condition = f" and {column} in (select value from json_each(:rowids))"
            values["rowids"] = str(plan.every())
        rows = self._connection.execute(
            "select pattern_rowid, vec_distance_cosine(embedding, :query) as distance"
            " from pattern_embeddings where +encoder_rowid = :encoder"
            f" and typeof(embedding) = 'blob' and length(embedding) = :bytes{condition}"
            " order by distance nulls last, pattern_rowid limit :k",
            values,
        )
        # A distance is 1 - cosine; NULL is that of a damaged embedding.
        return {rowid: 1.0 - distance for rowid, distance in rows if distance is not None}

    def _nearest(
        self, view: VectorView, unit: Vector, k: int, plan: FilterPlan | None
    ) -> list[tuple[float, int]] | None:
        """Returns up to k (cosine, row), best first, then by row number; None as ``_in_file``."""
        few = None if plan is None else plan.tight()
        allowed = None if few is None else np.array(few, dtype=np.int64)
        found = self._in_memory(view, unit, k, plan, allowed)
        if view.file is not None:
            near = self._in_file(view, unit, k, plan, allowed)
            if near is None:
                return None
            rowids, vectors = self._stored_units(near)
            found += zip(np.einsum("ij,j->i", vectors, unit).tolist(), rowids, strict=True)
        found.sort(key=lambda item: (-item[0], item[1]))
        return found[:k]

    def _in_memory(
        self,
        view: VectorView,
        unit: Vector,
        k: int,
        plan: FilterPlan | None,
        allowed: Keys | None,
    ) -> list[tuple[float, int]]:
        """Returns the best k of the rows in memory, exactly."""
        usable = view.rowids >= 0
        if allowed is not None:
            usable &= np.isin(view.rowids, allowed)
        places = np.flatnonzero(usable)
        if not len(places):
            return []
        rowids = view.rowids[places]
        if 2 * len(places) > len(view.rowids):  # copying many rows costs more than multiplying all
            scores = np.einsum("ij,j->i", view.matrix, unit)[places]
        else:
            scores = np.einsum("ij,j->i", view.matrix[places], unit)
        if plan is None or allowed is not None:
            best = _top(scores, min(k, len(places)))
            return list(zip(scores[best].tolist(), rowids[best].tolist(), strict=True))
        fetched = max(self._tuning.first_fetch, k)
        while True:
            best = _top(scores, min(fetched, len(places)))
            cosines = dict(zip(rowids[best].tolist(), scores[best].tolist(), strict=True))
            passing = plan.first_passing(list(cosines), k)
            if len(passing) >= k or len(best) == len(places):
                return [(cosines[rowid], rowid) for rowid in passing]
            fetched *= self._tuning.fetch_growth

    def _in_file(
        self,
        view: VectorView,
        unit: Vector,
        k: int,
        plan: FilterPlan | None,
        allowed: Keys | None,
    ) -> list[int] | None:
        """Returns the rows of the file that may be among the best k, with a margin.

        None if the graph finds fewer than requested: many equal vectors have only each other as
        neighbours, so that storing enough of them would hide all others.
        """
        assert view.file is not None
        tuning = self._tuning
        wanted = max(k, tuning.min_rescored)
        if allowed is not None:
            return view.file.nearest_of(view.current(allowed), unit, wanted)
        fetched = wanted if plan is None else max(tuning.first_fetch, wanted)
        while True:
            reached = view.file.nearest(unit, fetched)
            if len(reached) < min(fetched, len(view.file)):
                return None
            near = [rowid for rowid in reached if rowid not in view.superseded]
            if plan is not None:
                near = plan.first_passing(near, wanted)
            if len(near) >= k or fetched >= len(view.file):
                return near[:wanted]
            fetched *= tuning.fetch_growth
            if fetched > tuning.max_fetched and plan is not None:
                every = np.array(plan.every(), dtype=np.int64)
                return view.file.nearest_of(view.current(every), unit, wanted)


def _top(scores: Vector, count: int) -> npt.NDArray[np.intp]:
    """Returns the positions of the highest scores, highest first; ties by position."""
    if count < len(scores):
        # Includes all ties with the last score kept, so that they do not depend on the partition.
        lowest = np.partition(scores, len(scores) - count)[len(scores) - count]
        places = np.flatnonzero(scores >= lowest)
    else:
        places = np.arange(len(scores))
    return places[np.argsort(-scores[places], kind="stable")][:count]
