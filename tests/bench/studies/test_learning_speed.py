"""The speed of learning, at a size that takes seconds."""

from __future__ import annotations

import json

import pytest

from aqe.bench.studies.learners import learning_speed


def test_speed_measures_each_kind_of_work(capsys: pytest.CaptureFixture[str]) -> None:
    history = ["--experiences", "2000", "--q-values", "800"]
    assert learning_speed.main([*history, "--learned", "50", "--updates", "500"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert len(results) == 5
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in results)
