"""The timing of a crowd on one file; that its answers are current is a promise."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from aqe.bench.latency.crowd import Crowd, CrowdSize, measure_crowd, run_processes
from aqe.bench.latency.crowd_member import (
    MemberPlan,
    MemberReport,
    due_moments,
    run_member,
)
from aqe.bench.workload.generated_patterns import PatternGenerator
from aqe.bench.workload.query_file import QueryEncoder, write_queries
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import AqeError

SEED = 20261123
FEW = CrowdSize(
    threads=2, processes=1, writers=1, duration_s=1.5, saturated_s=0.5, searches_per_s=8.0
)


def plan(folder: Path = Path(), *, rate_per_s: float | None, duration_s: float) -> MemberPlan:
    return MemberPlan(
        number=0,
        threads=0,
        rate_per_s=rate_per_s,
        duration_s=duration_s,
        seed=SEED,
        database=str(folder / "aqe.db"),
        queries=str(folder / "queries.npz"),
        report="",
        encoder=False,
    )


def run_threads(plans: Sequence[MemberPlan]) -> list[MemberReport]:
    """Runs members as threads that begin at one moment, which is quicker than processes."""
    together = threading.Barrier(len(plans), timeout=60)

    def signal() -> int:
        together.wait()
        return time.monotonic_ns()

    with ThreadPoolExecutor(len(plans)) as pool:
        return list(pool.map(lambda member: run_member(member, signal), plans))


def test_moments_are_due_at_the_rate_however_long_the_work_takes() -> None:
    ticks = itertools.count(0, 500_000_000)  # each look at the clock costs half a second
    due = list(
        due_moments(
            plan(rate_per_s=100.0, duration_s=20.0),
            np.random.default_rng(SEED),
            0,
            clock=lambda: next(ticks),
            sleep=lambda _: None,
        )
    )
    assert due == sorted(due)
    assert 1_800 < len(due) < 2_200  # of 2,000 expected, standard deviation 45
    assert due[-1] < 20e9


def test_measure_crowd_returns_rows_and_figures(tmp_path: Path) -> None:
    crowd = Crowd(tmp_path, 40, FEW, seed=SEED, run=run_threads)
    rows, figures = measure_crowd(crowd, 40, FEW)
    names = [row.operation for row in rows]
    for ending in ("", " with encoder"):
        for who in ("one alone", "all", "threads", "processes", "writes"):
            assert f"crowd{ending}: {who}" in names
    by_name = {row.operation: row for row in rows}
    alone, everybody = by_name["crowd: one alone"], by_name["crowd: all"]
    assert everybody.ratio == pytest.approx(everybody.p95_ms / alone.p95_ms)
    assert everybody.count == by_name["crowd: threads"].count + by_name["crowd: processes"].count
    assert figures["patterns"] == 40
    assert figures["changes"] > 0
    assert figures["crowd_without_a_pause_per_s"] > 0
    assert figures["errors"] == []


@pytest.mark.slow
def test_nobody_in_a_full_crowd_waits_for_a_lock(tmp_path: Path) -> None:
    size = CrowdSize(duration_s=6.0, saturated_s=3.0, writes_per_s=6.0)
    rows, figures = measure_crowd(Crowd(tmp_path, 300, size, seed=SEED), 300, size)
    assert figures["errors"] == []
    for row in rows:
        assert 0 < row.p50_ms <= row.p95_ms <= row.p99_ms
    # The figure itself is the benchmark's.
    ratio = next(row.ratio for row in rows if row.operation == "crowd: all")
    assert ratio is not None
    assert ratio < 15


def test_a_member_that_dies_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    unreadable = plan(tmp_path, rate_per_s=1.0, duration_s=0.5)  # there is no file of queries
    with pytest.raises(AqeError, match="must not die"):
        run_processes([unreadable])
    assert "queries.npz" in capfd.readouterr().err


def test_errors_of_the_bank_are_reported(tmp_path: Path) -> None:
    write_queries(tmp_path / "queries.npz", PatternGenerator(20, seed=SEED).queries(3))
    member = plan(tmp_path, rate_per_s=50.0, duration_s=0.5)

    def signal() -> int:
        """Gives the bank another encoder when the member has opened it."""
        with QEReasoningBank(member.database, encoder=QueryEncoder([])) as bank:
            bank.store_patterns(list(PatternGenerator(3, seed=SEED).patterns()))
            bank.reindex(HashingEncoder(64))
        return time.monotonic_ns()

    report = run_member(member, signal)
    assert report.errors
    assert all("encoder" in error for error in report.errors)
