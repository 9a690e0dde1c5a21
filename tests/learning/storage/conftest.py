"""Every learning backend, for the contract suite: a new backend is added here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aqe.learning import LearningBackend, SQLiteLearningBackend

from .memory_backend import MemoryBackend

BACKENDS = ("sqlite file", "sqlite memory", "plain python")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LearningBackend]:
    """An empty backend of each kind."""
    backend: LearningBackend
    if request.param == "plain python":
        backend = MemoryBackend()
    else:
        in_file = request.param == "sqlite file"
        backend = SQLiteLearningBackend(tmp_path / "learning.db" if in_file else None)
    yield backend
    backend.close()
