"""A vector file whose graph does not lead everywhere hides nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aqe.retrieval import SQLitePatternBackend, StorageTuning
from aqe.retrieval.storage.sqlite.vector_cache import last_change, write_marker
from aqe.retrieval.storage.sqlite.vector_file import VectorFileMarker, vector_file_path
from aqe.schema import Database, TestPattern

from ..bank_content import ANYTHING, ENCODER, IDENTITY, ids_of, look, put, query_of

Make = Callable[..., TestPattern]
COPIES, OTHERS = 150, 20


def write_sparse_file(database: Database, patterns: list[TestPattern]) -> None:
    """Writes a file in which each vector has two neighbours: copies lead to copies alone."""
    from usearch.index import Index

    assert database.path is not None
    index = Index(ndim=64, metric="ip", dtype="i8", connectivity=2, expansion_add=2)
    vectors = np.rint(ENCODER.encode([pattern.template for pattern in patterns]) * 127)
    index.add(np.arange(1, len(patterns) + 1, dtype=np.uint64), vectors.astype(np.int8), threads=1)
    file = vector_file_path(database.path)
    index.save(str(file))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    with database.write() as connection:
        marker = VectorFileMarker(last_change(connection), 1, len(patterns), digest)
        write_marker(connection, marker)


def test_copies_do_not_hide_what_is_further_away(path: Path, pattern: Make) -> None:
    patterns = [pattern("z", id=f"copy{n}", template="zebra()") for n in range(COPIES)]
    patterns += [pattern(f"l{n}", id=f"other{n}", template=f"lion{n}()") for n in range(OTHERS)]
    database = Database(path)
    backend = SQLitePatternBackend(database, tuning=StorageTuning(max_cached_vectors=10))
    backend.open(IDENTITY)
    for stored in patterns:
        put(backend, stored)
    write_sparse_file(database, patterns)
    everything = COPIES + OTHERS
    for _ in range(3):
        assert len(ids_of(look(backend, "zebra", "vector", depth=everything))) == everything
    assert backend.vector_statistics().file_vectors == everything
    with backend.reading() as session:
        session.candidates(query_of("zebra", "vector"), ANYTHING, depth=everything)
        assert session.vectors.route.reason == "the vector file did not reach that many vectors"
