"""The measurement of latency, at a size that takes seconds."""

from __future__ import annotations

import math

import pytest

from aqe.bench.latency.crowd import CrowdSize
from aqe.bench.latency.latency_by_size import Effort, measure_latency, sizes_of

QUICK = Effort(queries=10, warm_up=2, stored=3, openings=1)


def test_measure_latency_reports_every_operation() -> None:
    notes: list[str] = []
    report = measure_latency([150], QUICK, note=notes.append)
    assert notes
    rows = {(row["system"], row["operation"], row["filter"]): row for row in report["results"]}
    for operation in ("lookup", "vector"):
        for name in ("none", "loose", "tight"):
            assert ("aqe", operation, name) in rows
            assert ("vec0-fts5-rrf", operation, name) in rows
    assert {key[1] for key in rows} >= {"hit", "text", "store", "lookup with encoder"}
    assert ("numpy", "vector", "none") in rows
    for row in rows.values():
        assert 0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
    assert rows["aqe", "vector", "none"]["recall@10"] == 1.0
    assert rows["vec0-fts5-rrf", "lookup", "none"]["ratio"] is None
    assert report["banks"][0]["patterns"] == 150
    assert not math.isnan(report["banks"][0]["resident_growth_mb"])
    assert report["banks"][0]["memory"]["own_mb"] > 0
    assert report["crowd"] is None


@pytest.mark.slow
def test_measure_latency_reports_a_crowd() -> None:
    size = CrowdSize(threads=2, processes=1, writers=1, duration_s=2.0, saturated_s=1.0)
    report = measure_latency([], crowd=50, crowd_size=size)
    assert report["crowd"]["errors"] == []
    assert report["crowd"]["changes"] > 0
    assert {"crowd: one alone", "crowd: all"} < {row["operation"] for row in report["results"]}


def test_sizes_of_reads_whole_numbers() -> None:
    assert sizes_of("1000, 20") == [1000, 20]
    for wrong in ("", "0", "10,-3", "many", "1.5"):
        with pytest.raises(ValueError, match="whole numbers above 0"):
            sizes_of(wrong)
