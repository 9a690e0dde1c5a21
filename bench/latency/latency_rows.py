"""Keeps durations by system, operation and filter, and turns them into the rows of a report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np

__all__ = ["YARDSTICK", "FilterName", "Key", "LatencyRow", "LatencyTimes", "Note", "row_of"]

FilterName = Literal["none", "loose", "tight"]
Note = Callable[[str], None]
Key = tuple[str, str, FilterName]

YARDSTICK: Final = "vec0-fts5-rrf"


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """The times of one operation at one size; ``ratio`` is its p95 over the yardstick's."""

    patterns: int
    system: str
    operation: str
    filter: FilterName
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    recall_at_10: float | None = None
    ratio: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Returns the row with the keys of the report."""
        row = {key: getattr(self, key) for key in self.__slots__ if key != "recall_at_10"}
        return row | {"recall@10": self.recall_at_10}


@dataclass(slots=True)
class LatencyTimes:
    """Durations by system, operation and filter, and recall where it is measured."""

    ms: dict[Key, list[float]] = field(default_factory=dict)
    recall: dict[Key, list[float]] = field(default_factory=dict)

    def time(self, key: Key, call: Callable[[], Any]) -> Any:
        """Returns the result of a call and records its duration."""
        started = time.perf_counter()
        answer = call()
        self.ms.setdefault(key, []).append((time.perf_counter() - started) * 1000)
        return answer

    def rows(self, patterns: int) -> list[LatencyRow]:
        """Returns a row for each key, in the order of their first timing."""
        return [self._row(patterns, key) for key in self.ms]

    def _row(self, patterns: int, key: Key) -> LatencyRow:
        row = row_of(patterns, key, self.ms[key])
        recall = self.recall.get(key)
        if recall is not None:
            row = replace(row, recall_at_10=float(np.mean(recall)))
        yardstick = self.ms.get((YARDSTICK, key[1], key[2]))
        if yardstick and key[0] != YARDSTICK:
            row = replace(row, ratio=row.p95_ms / float(np.percentile(yardstick, 95)))
        return row


def row_of(
    patterns: int, key: Key, durations_ms: list[float], *, ratio: float | None = None
) -> LatencyRow:
    """Returns a row with the percentiles of durations."""
    p50, p95, p99 = np.percentile(durations_ms, (50, 95, 99)).tolist()
    return LatencyRow(patterns, *key, len(durations_ms), p50, p95, p99, ratio=ratio)
