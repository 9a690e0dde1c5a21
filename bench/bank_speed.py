"""Runs the pytest-benchmark suite of the bank and reads what it measured."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np

from ..schema import AqeError

__all__ = ["SpeedRow", "run_bank_speed"]

SUITE = Path(__file__).with_name("bank_benchmarks.py")
# What each benchmark measures, and the one of the same run that its ratio is taken to.
LABELS = {
    "test_encode_query": ("encode a query (bare encoder)", None),
    "test_lookup_miss": ("look-up from text, not cached", "test_encode_query"),
    "test_lookup_hit": ("look-up, cached", "test_lookup_miss"),
    "test_encode_document": ("encode a document (bare encoder)", None),
    "test_store_durable": ("store one pattern, durable, without encoder", "test_encode_document"),
    "test_import_100[default]": ("import 100 patterns", "test_encode_document"),
    "test_import_100[hashing]": ("import 100 patterns, hashing encoder", "test_encode_document"),
    "test_bare_interpreter": ("start a bare interpreter", None),
    "test_cold_search": ("cold `aqe patterns search`", "test_bare_interpreter"),
}


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One operation; ``ratio`` is its p50 over that of ``compared_to`` in the same run."""

    operation: str
    rounds: int
    p50_ms: float
    p95_ms: float
    ratio: float | None
    compared_to: str | None


def run_bank_speed() -> list[SpeedRow]:
    """Returns what the suite measured now, in its order.

    Raises:
        AqeError: pytest-benchmark is not installed, or a benchmark failed.
    """
    if find_spec("pytest_benchmark") is None:
        raise AqeError("aqe bench needs pytest-benchmark: pip install 'aqe[bench]'")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [
            *(sys.executable, "-m", "pytest", str(SUITE), "-q", "-p", "no:cacheprovider"),
            *("-c", "/dev/null", "--rootdir", str(SUITE.parent)),
            *("--benchmark-only", f"--benchmark-json={report}", f"--basetemp={folder}/tmp"),
        ]
        finished = subprocess.run(command, capture_output=True, text=True)
        if finished.returncode:
            last = " ".join(finished.stdout.strip().splitlines()[-1:])
            raise AqeError(f"a benchmark failed: {last}")
        measured = msgspec.json.decode(report.read_bytes())["benchmarks"]
    times = {one["name"]: np.array(one["stats"]["data"]) * 1000 for one in measured}
    return [_row(name, times) for name in LABELS if name in times]


def _row(name: str, times: dict[str, np.ndarray]) -> SpeedRow:
    label, other = LABELS[name]
    p50, p95 = np.percentile(times[name], (50, 95)).tolist()
    return SpeedRow(
        operation=label,
        rounds=len(times[name]),
        p50_ms=p50,
        p95_ms=p95,
        ratio=None if other is None else p50 / float(np.median(times[other])),
        compared_to=None if other is None else LABELS[other][0],
    )
