"""Tests ``aqe bench latency`` in a terminal: every figure fits, wrong sizes are refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from aqe.bench.latency import latency_by_size
from aqe.bench.latency.crowd import CrowdSize
from aqe.cli import main as main_module
from aqe.cli.bench import bench_latency


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["aqe", "bench", "latency", *arguments])
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_report_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: Callable[[int], None],
) -> None:
    terminal(80)
    code, out, _ = run(monkeypatch, capsys, "--patterns", "150", "--queries", "10", "--crowd", "0")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].strip() == "150 patterns"
    operations = {line[:22].strip() for line in lines}
    assert {"lookup", "vector", "text", "vector, numpy", "hit", "store"} <= operations
    assert "plain: vec0 + FTS5" in out


@pytest.mark.slow
def test_report_of_a_crowd(capsys: pytest.CaptureFixture[str]) -> None:
    size = CrowdSize(threads=2, processes=1, writers=1, duration_s=2.0, saturated_s=1.0)
    report = latency_by_size.measure_latency([], crowd=50, crowd_size=size)
    bench_latency.print_report(report)
    out = capsys.readouterr().out
    assert "2 threads and 1 process search, 1 write" in out
    assert "changes meanwhile, 0 errors" in out


def test_json_is_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(
        monkeypatch, capsys, "--patterns", "20", "--queries", "10", "--crowd", "0", "--json"
    )
    assert code == 0
    assert json.loads(out)["banks"][0]["patterns"] == 20


@pytest.mark.parametrize("patterns", ["many", "0", "10,,"])
def test_wrong_sizes_are_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], patterns: str
) -> None:
    code, out, error = run(monkeypatch, capsys, "--patterns", patterns)
    assert code == 2
    assert out == ""
    assert "'--patterns'" in error
    assert "whole numbers above 0" in " ".join(error.split())
