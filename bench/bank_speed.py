"""Runs the pytest-benchmark suites of the bank and reads what they measured."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ..schema import AqeError

__all__ = ["SpeedRow", "run_bank_speed"]

SUITES = tuple(
    Path(__file__).with_name(name) for name in ("bank_benchmarks.py", "size_benchmarks.py")
)
# What each benchmark of the first measures, and the one of the same run that its ratio is taken to;
# those of the second say so themselves.
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


def run_bank_speed(*, slow: bool = False) -> list[SpeedRow]:
    """Returns what the suites measured now, in their order.

    Args:
        slow: Also at 10,000 patterns, about a minute more.

    Raises:
        AqeError: pytest-benchmark is not installed, or a benchmark failed.
    """
    if find_spec("pytest_benchmark") is None:
        raise AqeError("aqe bench needs pytest-benchmark: pip install 'aqe[bench]'")
    measured = {_label(one): one for one in _measured(slow=slow)}
    times = {label: np.array(one["stats"]["data"]) * 1000 for label, one in measured.items()}
    return [_row(label, one, times) for label, one in measured.items()]


def _measured(*, slow: bool) -> list[dict[str, Any]]:
    """Returns the benchmarks as pytest-benchmark reports them."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [
            *(sys.executable, "-m", "pytest", *map(str, SUITES), "-q", "-p", "no:cacheprovider"),
            *("-c", "/dev/null", "--rootdir", str(SUITES[0].parent)),
            *("--override-ini", "markers=slow: 10,000 patterns"),
            *(() if slow else ("-m", "not slow")),
            *("--benchmark-only", f"--benchmark-json={report}", f"--basetemp={folder}/tmp"),
        ]
        finished = subprocess.run(command, capture_output=True, text=True)
        if finished.returncode:
            last = " ".join(finished.stdout.strip().splitlines()[-1:])
            raise AqeError(f"a benchmark failed: {last}")
        benchmarks: list[dict[str, Any]] = msgspec.json.decode(report.read_bytes())["benchmarks"]
        return benchmarks


def _label(measured: dict[str, Any]) -> str:
    if "label" in measured["extra_info"]:
        return str(measured["extra_info"]["label"])
    return LABELS[measured["name"]][0]


def _row(label: str, measured: dict[str, Any], times: dict[str, np.ndarray]) -> SpeedRow:
    if "label" in measured["extra_info"]:
        other = measured["extra_info"]["compared_to"]
    else:
        name = LABELS[measured["name"]][1]
        other = None if name is None else LABELS[name][0]
    p50, p95 = np.percentile(times[label], (50, 95)).tolist()
    return SpeedRow(
        operation=label,
        rounds=len(times[label]),
        p50_ms=p50,
        p95_ms=p95,
        ratio=None if other is None else p50 / float(np.median(times[other])),
        compared_to=other,
    )
