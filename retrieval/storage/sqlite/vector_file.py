"""Reads and writes the vector file of a large bank: nearest neighbours without a full scan.

The file is an HNSW graph (Malkov and Yashunin 2016, arXiv 1603.09320) over int8 vectors, built by
usearch and searched in a verified copy in memory. It is derived data: the database is
authoritative, records the file's digest (``VectorFileMarker``) and holds the exact vectors for
rescoring. A file that is missing, foreign, damaged or of another state is not used.

usearch follows the numbers in a file without checking them, and a mapped file can be changed or
truncated by any process that may write it: either ends the process with a signal. The content is
therefore read once into memory of this process and compared with the recorded digest; usearch sees
only that copy. The banks of one process share it.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from ....models.vector import Vector
from ....schema import partial_file, remove_stale_partials

if TYPE_CHECKING:  # imported with the first file: 0.05 s
    from usearch.index import Index

__all__ = [
    "UnusableVectorFileError",
    "VectorFile",
    "VectorFileMarker",
    "WrittenVectorFile",
    "has_usearch",
    "vector_file_path",
    "written_vector_file",
]

Keys = npt.NDArray[np.int64]

# bench/results/latency.md: recall@10 from 0.991 to 0.9997 on 23,450 real texts with real queries.
CONNECTIVITY: Final = 16
EXPANSION_ADD: Final = 128
EXPANSION_SEARCH: Final = 256
# The largest component that int8 represents. Components of unit vectors of 384 dimensions hardly
# ever exceed it; those that do are clipped. usearch's own conversion scales by 1, which would leave
# six levels.
LARGEST_COMPONENT: Final = 0.25
ADD_BATCH: Final = 2_048
CHUNK_BYTES: Final = 256 * 1024
# A node takes 8 bytes for its key and 2 for its level, 4 for each neighbour (32, and 16 on each
# higher level), and one for each dimension.
MAX_NODE_BYTES: Final = 1_024
MIN_ALLOWED_BYTES: Final = 1_000_000
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)

# By digest. An entry lives as long as a bank uses it.
_shared: WeakValueDictionary[str, mmap.mmap] = WeakValueDictionary()


class UnusableVectorFileError(Exception):
    """A vector file is missing or is not the recorded one; never leaves this package."""


@dataclass(frozen=True, slots=True)
class VectorFileMarker:
    """The database's record of its vector file.

    Attributes:
        change: Number of the last change of an embedding that the file contains.
        encoder_rowid: Row number of the encoder of its vectors.
        count: Number of vectors in it.
        digest: SHA-256 of the file.
        size: Bytes of the file; 0 in records of earlier versions.
        stamp: A random text, so that a rebuilt file is noticed even if its content is the same.
    """

    change: int
    encoder_rowid: int
    count: int
    digest: str
    size: int = 0
    stamp: str = ""


class VectorFile:
    """An open vector file; safe to use from several threads.

    Attributes:
        content: Its verified bytes in memory.
    """

    def __init__(self, index: Index, content: mmap.mmap) -> None:
        self._index: Any = index  # its stubs call expansion_search read-only
        self.content = content  # verified; the index points into it
        # usearch gives each call the first of its working spaces.
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, marker: VectorFileMarker, dimension: int) -> VectorFile:
        """Returns the file that the marker describes.

        Raises:
            UnusableVectorFileError: It is missing or does not match.
        """
        content = _verified_content(path, marker, dimension)
        index = _restored(content, view=True)
        if len(index) != marker.count or index.ndim != dimension:
            raise UnusableVectorFileError(
                f"must hold {marker.count:,} vectors of {dimension} dimensions,"
                f" got {len(index):,} of {index.ndim}"
            )
        return cls(index, content)

    def __len__(self) -> int:
        return len(self._index)

    def nearest(self, query: Vector, k: int) -> list[int]:
        """Returns up to k rows by the distance of their int8 vectors, nearest first."""
        with self._lock:
            self._index.expansion_search = max(EXPANSION_SEARCH, k)
            found = self._index.search(_quantized(query), min(k, len(self._index)))
            keys: list[int] = np.asarray(found.keys).astype(np.int64).tolist()
        return keys

    def nearest_of(self, rowids: Keys, query: Vector, k: int) -> list[int]:
        """Returns the nearest k of the given rows ``(n,)`` that are in the file."""
        keys = rowids.astype(np.uint64)
        with self._lock:
            known: Keys = rowids[np.asarray(self._index.contains(keys), dtype=bool)]
            if not len(known):
                return []
            vectors = np.asarray(self._index.get(known.astype(np.uint64), dtype="i8"))
        scores = np.einsum("ij,j->i", vectors.reshape(len(known), -1).astype(np.float32), query)
        best: list[int] = known[np.argsort(-scores, kind="stable")[:k]].tolist()
        return best


def has_usearch() -> bool:
    """Returns whether usearch, which reads and writes these files, is installed."""
    return find_spec("usearch") is not None


def vector_file_path(database: Path) -> Path:
    """Returns the path of a database's vector file."""
    return database.with_name(database.name + ".vectors")


@dataclass(frozen=True, slots=True)
class WrittenVectorFile:
    """A complete vector file under a temporary name, and what it holds."""

    partial: Path
    count: int
    digest: str

    def marker(self, change: int, encoder_rowid: int) -> VectorFileMarker:
        """Returns the record of this file for the database."""
        size = self.partial.stat().st_size
        stamp = secrets.token_hex(8)
        return VectorFileMarker(change, encoder_rowid, self.count, self.digest, size, stamp)


@contextmanager
def written_vector_file(
    path: Path,
    dimension: int,
    vectors: Iterable[tuple[int, Vector]],
    *,
    extended: mmap.mmap | None = None,
    removed: Sequence[int] = (),
) -> Iterator[WrittenVectorFile]:
    """Writes a vector file under a temporary name next to ``path``, where the caller moves it.

    Args:
        vectors: Row numbers with their vectors ``(dim,)``.
        extended: Verified content of the file to start from; None to start from nothing.
        removed: Row numbers to remove from that content.
    """
    index = _empty(dimension) if extended is None else _restored(extended, view=False)
    if removed:
        index.remove(np.array(removed, dtype=np.uint64))
    remaining = iter(vectors)
    while batch := list(islice(remaining, ADD_BATCH)):
        keys = np.array([rowid for rowid, _ in batch], dtype=np.uint64)
        index.add(keys, _quantized(np.stack([vector for _, vector in batch])))
    remove_stale_partials(path.parent)
    with partial_file(path) as partial:
        index.save(str(partial))
        with partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield WrittenVectorFile(partial, len(index), digest)


def _verified_content(path: Path, marker: VectorFileMarker, dimension: int) -> mmap.mmap:
    """Returns the content of the file that the marker describes, in memory of this process.

    Never blocks: FIFOs, devices and links are refused. Reads no more than the recorded size.

    Raises:
        UnusableVectorFileError: The file is missing, is not a regular file, cannot be read, or does
            not have the recorded size and digest.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        reason = (
            "is a symbolic link" if path.is_symlink() else f"cannot be opened: {error.strerror}"
        )
        raise UnusableVectorFileError(reason) from error
    try:
        return _read(descriptor, marker, dimension)
    except OSError as error:
        raise UnusableVectorFileError(f"cannot be read: {error.strerror or error}") from error
    finally:
        os.close(descriptor)


def _read(descriptor: int, marker: VectorFileMarker, dimension: int) -> mmap.mmap:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise UnusableVectorFileError("is not a regular file")
    _require_size(status.st_size, marker, dimension)
    content = _private_memory(status.st_size)
    digest = hashlib.sha256()
    with open(descriptor, "rb", buffering=0, closefd=False) as file, memoryview(content) as view:
        position = 0
        while position < len(view):
            with view[position : position + CHUNK_BYTES] as part:
                count = file.readinto(part)
                digest.update(part[:count])
            if not count:
                raise UnusableVectorFileError("became shorter while it was read")
            position += count
    if digest.hexdigest() != marker.digest:
        raise UnusableVectorFileError("does not have the recorded digest")
    return _shared.setdefault(marker.digest, content)


def _private_memory(size: int) -> mmap.mmap:
    if hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return mmap.mmap(-1, size)  # Windows knows no other


def _require_size(size: int, marker: VectorFileMarker, dimension: int) -> None:
    if marker.size and size != marker.size:
        raise UnusableVectorFileError(f"must have {marker.size:,} bytes, got {size:,}")
    most = MIN_ALLOWED_BYTES + 2 * marker.count * (dimension + MAX_NODE_BYTES)
    if not 0 < size <= most:
        raise UnusableVectorFileError(f"must have 1 to {most:,} bytes, got {size:,}")


def _empty(dimension: int) -> Index:
    from usearch.index import Index

    return Index(
        ndim=dimension,
        metric="ip",
        dtype="i8",
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
        expansion_search=EXPANSION_SEARCH,
    )


def _restored(content: mmap.mmap, *, view: bool) -> Index:
    """Returns the index in verified content; a view points into it.

    Raises:
        UnusableVectorFileError: usearch cannot read it, as when another version wrote it.
    """
    from usearch.index import Index

    try:
        index = Index.restore(memoryview(content), view=view)
    except (RuntimeError, ValueError) as error:
        raise UnusableVectorFileError(f"cannot be read by usearch: {error}") from error
    if index is None:
        raise UnusableVectorFileError("cannot be read by usearch")
    return index


def _quantized(vectors: Vector) -> npt.NDArray[np.int8]:
    scaled = np.rint(vectors * (127.0 / LARGEST_COMPONENT))
    return np.asarray(np.clip(scaled, -127, 127), dtype=np.int8)
