"""Keeps a bank in dicts and lists: the storage protocol a second time, without SQLite.

A commit replaces the whole state and a state is never changed after its commit, so a session that
reads keeps the state it began with.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aqe.retrieval.storage.storage_values import VectorStatistics
from aqe.schema import DatabaseError, EncoderIdentity, EncoderMismatchError, Problem

from .memory_session import MemorySession
from .memory_state import State


class MemoryStorage:
    """What several backends may share, as processes share a file."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.state = State()


class MemoryPatternBackend:
    """A bank in memory; see ``PatternBackend``. Its content outlives ``close``."""

    label = "a bank in memory"
    has_vectors = True

    def __init__(self, storage: MemoryStorage | None = None) -> None:
        self._storage = storage or MemoryStorage()
        self._identity: EncoderIdentity | None = None

    @property
    def identity(self) -> EncoderIdentity:
        if self._identity is None:
            raise DatabaseError("the backend is not open; call open() first")
        return self._identity

    def open(self, encoder: EncoderIdentity | None, default: EncoderIdentity | None = None) -> None:
        self._identity = encoder or self._storage.state.encoder or default
        if self._identity is None:
            raise DatabaseError("the bank has no encoder yet; open it with one")
        self._session(self._storage.state)

    @contextmanager
    def reading(self, *, whole: bool = False) -> Iterator[MemorySession]:
        yield self._session(self._storage.state)

    @contextmanager
    def writing(self) -> Iterator[MemorySession]:
        with self._storage.lock:
            state = self._storage.state.next()
            state.encoder = state.encoder or self.identity
            yield self._session(state)
            self._storage.state = state

    def version(self) -> int:
        return self._storage.state.commits

    def tidy(self) -> None: ...

    def update_vector_file(self) -> int:
        return 0

    def vector_statistics(self) -> VectorStatistics:
        return VectorStatistics(0, 0, 0)

    def check(self) -> list[Problem]:
        return self._session(self._storage.state).problems()

    def repair(self) -> int:
        with self.writing() as session:
            session.rebuild_text_index()
        return 0

    def release(self) -> None: ...

    def close(self) -> None:
        self._identity = None

    def _session(self, state: State) -> MemorySession:
        if state.encoder not in (None, self.identity):
            raise EncoderMismatchError(
                f"the bank is embedded with {state.encoder}, got {self.identity}; re-embed it",
                expected=state.encoder,
                found=self.identity,
            )
        return MemorySession(state, self.identity)
