"""Caches answers in memory, drops them after a write by any process, and times look-ups.

The cache remembers the content version of the database under which its answers were computed. A
different version means that something was written, and all answers are dropped: none can be stale.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar

import numpy as np
from cachetools import TTLCache

from ..schema.database.fork_gate import turn
from ..schema.records.record import Record

__all__ = ["AnswerCache", "CacheStatistics", "PerformanceMetrics"]

Value = TypeVar("Value")

EXPIRY_S = 300.0
# About 500 answers. Caches and indexes may take 100 MB (SPEC section 4), of which the pages of 18
# threads are 38 and vectors in memory as much (bench/results/memory.md).
DEFAULT_BUDGET_BYTES = 16 * 1024 * 1024
# Look-ups whose time is kept: enough for a stable 99th percentile; 80 kB.
KEPT_LOOKUPS = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class CacheStatistics(Record):
    """Counts of a cache since it was created; ``bytes`` is an estimate of its size."""

    hits: int
    misses: int
    entries: int
    bytes: int
    budget_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PerformanceMetrics(Record):
    """Look-up counts and times of one bank object; times are None before the first look-up."""

    count: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    cache_hits: int
    cache_hit_rate: float | None


class AnswerCache(Generic[Value]):
    """A least-recently-used cache with a budget in bytes and an expiry.

    Args:
        content_version: Returns a token that differs after any write.
        size_of: Estimates the bytes of a question with its answer.
        budget_bytes: Upper bound on the size of all answers together.
        expiry_s: Seconds after which an answer is dropped.
    """

    def __init__(
        self,
        content_version: Callable[[], Hashable],
        size_of: Callable[[Hashable, Value], int],
        *,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        expiry_s: float = EXPIRY_S,
    ) -> None:
        self._content_version = content_version
        self._size_of = size_of
        self._entries: TTLCache[Hashable, tuple[Value, int]] = TTLCache(
            budget_bytes, expiry_s, getsizeof=itemgetter(1)
        )
        self._version: Hashable = None
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0
        self._lookups = 0
        self._durations_ms: deque[float] = deque(maxlen=KEPT_LOOKUPS)

    def get(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """Returns the cached answer for a key, computing it if there is none; times the look-up."""
        started = time.perf_counter()
        version = self._content_version()
        with turn(), self._lock:
            if version != self._version:
                self._entries.clear()
                self._version = version
            found = self._entries.get(key)
            if found is not None:
                self._hits += 1
                self._note(started)
                return found[0]
            self._misses += 1
        value = compute()
        with turn(), self._lock:
            # What was computed under an older version may lack a later write.
            if version == self._version and self._content_version() == version:
                self._keep(key, value)
            self._note(started)
        return value

    def clear(self) -> None:
        """Drops every answer."""
        with turn(), self._lock:
            self._entries.clear()

    def statistics(self) -> CacheStatistics:
        """Returns hits, misses and the current size."""
        with turn(), self._lock:
            return CacheStatistics(
                hits=self._hits,
                misses=self._misses,
                entries=len(self._entries),
                bytes=int(self._entries.currsize),
                budget_bytes=int(self._entries.maxsize),
            )

    def metrics(self) -> PerformanceMetrics:
        """Returns the counts of all look-ups, and the percentiles of the most recent ones."""
        with turn(), self._lock:
            durations, count, hits = list(self._durations_ms), self._lookups, self._hits
        if not durations:
            return PerformanceMetrics(
                count=0, p50_ms=None, p95_ms=None, p99_ms=None, cache_hits=0, cache_hit_rate=None
            )
        p50, p95, p99 = np.percentile(durations, (50, 95, 99)).tolist()
        return PerformanceMetrics(
            count=count,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            cache_hits=hits,
            cache_hit_rate=hits / count,
        )

    def _note(self, started: float) -> None:
        self._lookups += 1
        self._durations_ms.append((time.perf_counter() - started) * 1000)

    def _keep(self, key: Hashable, value: Value) -> None:
        try:
            self._entries[key] = (value, self._size_of(key, value))
        except ValueError:  # cachetools refuses an answer larger than the budget
            self._entries.pop(key, None)
