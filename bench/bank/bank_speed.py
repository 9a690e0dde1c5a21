"""Runs the pytest-benchmark suites of the bank and reads their figures."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ...schema import AqeError

__all__ = ["SpeedRow", "run_bank_speed"]

SUITES = tuple(
    Path(__file__).with_name(name) for name in ("bank_benchmarks.py", "size_benchmarks.py")
)


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """The times of one operation; ``ratio`` is its p50 over that of ``compared_to``.

    The yardstick was measured in turns with it, except for answers from the cache. A yardstick's
    own row comes from the first operation that is compared to it.
    """

    operation: str
    rounds: int
    p50_ms: float
    p95_ms: float
    ratio: float | None
    compared_to: str | None


def run_bank_speed(*, slow: bool = False) -> list[SpeedRow]:
    """Runs the suites and returns a row for each operation, in their order.

    Args:
        slow: Also measure at 10,000 patterns, which takes about a minute more.

    Raises:
        AqeError: pytest-benchmark is not installed, or a benchmark failed.
    """
    if find_spec("pytest_benchmark") is None:
        raise AqeError("aqe bench needs pytest-benchmark: pip install 'aqe[bench]'")
    rows: dict[str, SpeedRow] = {}
    for benchmark in _measured(slow=slow):
        info = benchmark["extra_info"]
        compared_to = info["compared_to"]
        if "yardstick_s" in info:
            yardstick = _row(compared_to, info["yardstick_s"])
            rows.setdefault(compared_to, yardstick)
        else:
            yardstick = rows[compared_to]
        rows[info["label"]] = _row(info["label"], benchmark["stats"]["data"], yardstick)
    return list(rows.values())


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


def _row(label: str, durations_s: Sequence[float], yardstick: SpeedRow | None = None) -> SpeedRow:
    p50, p95 = (np.percentile(durations_s, (50, 95)) * 1000).tolist()
    return SpeedRow(
        operation=label,
        rounds=len(durations_s),
        p50_ms=p50,
        p95_ms=p95,
        ratio=None if yardstick is None else p50 / yardstick.p50_ms,
        compared_to=None if yardstick is None else yardstick.operation,
    )
