"""The simulated fleet task: learning beats chance."""

from __future__ import annotations

import json

import pytest

from aqe.bench.studies.learners import fleet


def test_fleet_agent_beats_chance_and_meets_the_gate() -> None:
    report = fleet.run((1, 2), policies=("epsilon-greedy",))
    for result in report["results"]:
        if result["policy"] == "random":
            assert result["share"] > 0.8
        else:
            assert result["share"] <= fleet.GATE, result
            chance = next(
                other for other in report["results"]
                if other["policy"] == "random" and other["seed"] == result["seed"]
            )  # fmt: skip
            assert result["last"] < 0.2 * chance["last"]


def test_fleet_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet.main(["--seeds", "1", "--tasks", "40", "--window", "10"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {result["policy"] for result in report["results"]} == {
        "epsilon-greedy",
        "ucb1",
        "thompson",
        "random",
    }
