"""A vector file is used only if it is what the database records."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqe.retrieval.storage.sqlite.vector_file import (
    UnusableVectorFileError,
    VectorFile,
    VectorFileMarker,
    written_vector_file,
)

DIMENSION, COUNT = 16, 50


def vectors() -> Iterator[tuple[int, np.ndarray]]:
    rng = np.random.default_rng(3)
    for rowid in range(1, COUNT + 1):
        vector = rng.standard_normal(DIMENSION).astype(np.float32)
        yield rowid, vector / np.linalg.norm(vector)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "aqe.db.vectors"


@pytest.fixture
def marker(path: Path) -> VectorFileMarker:
    with written_vector_file(path, DIMENSION, vectors()) as written:
        marker = written.marker(7, 1)
        os.replace(written.partial, path)
    return marker


def refusal(path: Path, marker: VectorFileMarker) -> str:
    with pytest.raises(UnusableVectorFileError) as refused:
        VectorFile.open(path, marker, DIMENSION)
    return str(refused.value)


def test_open_returns_the_recorded_file(path: Path, marker: VectorFileMarker) -> None:
    assert (marker.count, marker.size) == (COUNT, path.stat().st_size)
    file = VectorFile.open(path, marker, DIMENSION)
    assert len(file) == COUNT
    for rowid, vector in vectors():
        assert file.nearest(vector, 1) == [rowid]


def test_open_accepts_a_record_without_a_size(path: Path, marker: VectorFileMarker) -> None:
    assert len(VectorFile.open(path, replace(marker, size=0, stamp=""), DIMENSION)) == COUNT
    os.truncate(path, 1 << 40)
    assert refusal(path, replace(marker, size=0)) == (
        "must have 1 to 1,104,000 bytes, got 1,099,511,627,776"
    )


def test_open_refuses_another_number_of_vectors(path: Path, marker: VectorFileMarker) -> None:
    assert refusal(path, replace(marker, count=COUNT + 1)) == (
        "must hold 51 vectors of 16 dimensions, got 50 of 16"
    )


def test_open_refuses_what_usearch_does_not_read(path: Path, marker: VectorFileMarker) -> None:
    for content in (b"x", b"not an index\n" * 1_000):
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        recorded = replace(marker, size=len(content), digest=digest)
        assert refusal(path, recorded).startswith("cannot be read by usearch")


def test_open_refuses_a_file_that_cannot_be_read(tmp_path: Path, marker: VectorFileMarker) -> None:
    assert refusal(tmp_path / "gone", marker) == "cannot be opened: No such file or directory"
    memory = Path("/proc/self/mem")  # a regular file of size 0
    assert refusal(memory, replace(marker, size=0)) == "must have 1 to 1,104,000 bytes, got 0"
