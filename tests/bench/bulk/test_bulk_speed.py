"""The measurement of reading suites into a bank, at a size that takes seconds."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from aqe.bench.bulk.bulk_speed import measure_bulk
from aqe.schema import AqeError


def test_measure_bulk_counts_tests_and_compares_with_the_encoder(tmp_path: Path) -> None:
    tests = "\n".join(
        f"def test_case_{number}():\n    value = compute({number})\n    assert value == {number}\n"
        for number in range(40)
    )
    (tmp_path / "test_many.py").write_text(tests)
    speed = measure_bulk([tmp_path], rounds=2)
    assert speed.tests == 40
    assert speed.cpus >= 1
    assert len(speed.ratios) == 2
    assert min(speed.ratios) < speed.ratio < max(speed.ratios)
    assert min(speed.ratios) < speed.extract_per_s / speed.encoder_per_s < max(speed.ratios)
    assert 0 < speed.read_cpu_ms < speed.extract_cpu_ms
    assert math.isnan(speed.extract_peak_mb) or 20 < speed.extract_peak_mb < 4_000
    assert 0 < speed.cpu_ratio == pytest.approx(speed.encoder_cpu_ms / speed.extract_cpu_ms)


def test_measure_bulk_refuses_a_folder_without_tests(tmp_path: Path) -> None:
    with pytest.raises(AqeError, match="no test was found"):
        measure_bulk([tmp_path])
