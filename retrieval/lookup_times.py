"""Keeps how long look-ups took: the last ten thousand, in memory."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

__all__ = ["LookupTimes", "PerformanceMetrics"]

# Enough for a stable 99th percentile; 80 kB.
KEPT_LOOKUPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceMetrics:
    """Look-ups of this bank object. Times are None before the first look-up."""

    count: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    cache_hits: int
    cache_hit_rate: float | None


class LookupTimes:
    """Collects the durations of look-ups; safe to use from many threads."""

    def __init__(self) -> None:
        self._durations_ms: deque[float] = deque(maxlen=KEPT_LOOKUPS)
        self._count = 0
        self._hits = 0
        self._lock = threading.Lock()

    def add(self, duration_ms: float, *, cache_hit: bool) -> None:
        """Notes one look-up."""
        with self._lock:
            self._durations_ms.append(duration_ms)
            self._count += 1
            self._hits += cache_hit

    def metrics(self) -> PerformanceMetrics:
        """Returns the percentiles of the look-ups kept and the counts of all."""
        with self._lock:
            durations, count, hits = list(self._durations_ms), self._count, self._hits
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
