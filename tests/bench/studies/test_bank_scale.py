"""The study of a large bank, at a size that takes seconds."""

from __future__ import annotations

import json

import pytest

from aqe.bench.studies.storage import bank_scale


def test_scale_measures_each_task_in_a_process_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bank_scale.main(["--patterns", "300", "--queries", "5"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["patterns"] == 300
    assert 0 < figures["search"]["search_none_p50_ms"] <= figures["search"]["search_none_p95_ms"]
    assert figures["check"]["exit_code"] == figures["rebuild"]["exit_code"] == 0
    assert figures["fill"]["file_mb"] > 0.5
