"""Every kind of backend, for the contract suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from aqe.retrieval import PatternBackend, SQLitePatternBackend, StorageTuning
from aqe.schema import Database

from .bank_content import IDENTITY
from .memory_backend import MemoryPatternBackend, MemoryStorage

Connect = Callable[[], PatternBackend]


def _sqlite_on_disk(folder: Path) -> Connect:
    return partial(SQLitePatternBackend, folder / "bank.db", durability="normal")


def _sqlite_in_memory(folder: Path) -> Connect:
    return partial(SQLitePatternBackend, Database())


def _sqlite_as_a_large_bank(folder: Path) -> Connect:
    """Takes the ways of a large bank: filters after the search, vectors in a file."""
    tuning = StorageTuning(
        tight_rows=2,
        always_tight_rows=2,
        max_cached_vectors=3,
        min_changed=1,
        changed_share=0.0,
        first_fetch=2,
        fetch_growth=2,
        max_fetched=16,
        document_budget=20,
        document_budget_alone=20,
        min_documents=50,
    )
    return partial(SQLitePatternBackend, folder / "bank.db", durability="normal", tuning=tuning)


def _memory(folder: Path) -> Connect:
    return partial(MemoryPatternBackend, MemoryStorage())


@pytest.fixture(params=[_sqlite_on_disk, _sqlite_in_memory, _sqlite_as_a_large_bank, _memory])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connect]:
    """Makes backends over one place, which are not open yet: each as another process has it."""
    make: Connect = request.param(tmp_path)
    made: list[PatternBackend] = []

    def connect() -> PatternBackend:
        made.append(make())
        return made[-1]

    yield connect
    for backend in made:
        backend.close()


@pytest.fixture
def backend(connect: Connect) -> PatternBackend:
    """An empty bank, open."""
    backend = connect()
    backend.open(IDENTITY)
    return backend
