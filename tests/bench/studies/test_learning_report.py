"""The results of ``aqe bench learning`` as files, and the command that writes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aqe.bench.learning.gymnasium_runs import SETUPS, run
from aqe.bench.studies.learners.learning_report import main, write_results

QUICK = replace(SETUPS[1], episodes=200)  # CliffWalking


def test_results_are_written_as_table_picture_and_data(tmp_path: Path) -> None:
    report = run((1,), setups=(QUICK,))
    table, text, picture = write_results(report, tmp_path)
    assert json.loads(table.read_text())["results"] == report["results"]
    assert "| CliffWalking-v1 | 1 | 200 | -13.0000 | -13.0000 |" in text.read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_command_prints_json_and_fails_when_a_gate_is_missed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for setup, code in ((QUICK, 0), (replace(QUICK, gate=0.0), 1)):
        assert main(["--seeds", "1", "--output", str(tmp_path)], setups=(setup,)) == code
        assert len(json.loads(capsys.readouterr().out)["results"]) == 1
