"""The benchmark suites of the bank, and the baseline that they are compared with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aqe.bench.bank.bank_speed import SpeedRow
from aqe.bench.bank.baseline import read_baseline, slower, write_baseline
from aqe.schema import AqeError

ROOT = Path(__file__).resolve().parents[3]
BASELINE = ROOT / "bench" / "baseline.json"


def row(operation: str, ratio: float | None) -> SpeedRow:
    compared_to = None if ratio is None else "yardstick"
    return SpeedRow(operation, 10, 1.0, 2.0, ratio, compared_to)


def test_slower_returns_operations_beyond_the_tolerance() -> None:
    rows = [row("a", 1.4), row("b", 1.6), row("c", 9.0), row("yardstick", None)]
    assert [slow.operation for slow in slower(rows, {"a": 1.0, "b": 1.0, "d": 1.0}, 1.5)] == ["b"]
    assert slower(rows, {}, 1.5) == []


def test_write_baseline_keeps_what_was_not_measured(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(path, [row("a", 1.0), row("slow one", 2.0), row("yardstick", None)])
    write_baseline(path, [row("a", 0.5)])
    assert read_baseline(path) == {"a": 0.5, "slow one": 2.0}


@pytest.mark.parametrize("content", ["", "[]", '{"a": "fast"}', None])
def test_read_baseline_says_what_a_baseline_is(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AqeError, match="a baseline must be JSON with a ratio"):
        read_baseline(path)


def test_saving_needs_a_file() -> None:
    done = _bench("--save")
    assert done.returncode == 2
    assert "'--save': it needs --baseline FILE" in done.stderr


def test_a_missing_baseline_is_reported_before_anything_is_measured(tmp_path: Path) -> None:
    done = _bench("--baseline", str(tmp_path / "none.json"))
    assert done.returncode == 1
    assert "aqe bench --baseline FILE --save" in done.stderr


@pytest.mark.slow
def test_the_suite_measures_what_the_baseline_holds(tmp_path: Path) -> None:
    """``make bench`` checks the speed, on a quiet machine; here it may be very slow."""
    done = _bench("--baseline", str(BASELINE), "--tolerance", "50", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["results"]
    compared = {row["operation"] for row in rows if row["ratio"] is not None}
    saved = read_baseline(BASELINE)
    assert compared == {name for name in saved if "10,000" not in name}
    assert all(row["baseline_ratio"] for row in rows if row["ratio"] is not None)
    labels = {row["operation"] for row in rows}
    assert {row["compared_to"] for row in rows} - {None} <= labels


@pytest.mark.slow
def test_an_operation_that_became_slower_fails(tmp_path: Path) -> None:
    strict = tmp_path / "strict.json"
    strict.write_text('{"look-up, cached": 0.0000001}')
    done = _bench("--baseline", str(strict))
    assert done.returncode == 1
    assert "slower than 1.5 times the baseline: look-up, cached" in done.stderr


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aqe", "bench", *arguments],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )
