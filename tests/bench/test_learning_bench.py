"""The benchmarks themselves: exact scores, gates on a smaller run, honest shapes."""

from __future__ import annotations

import json
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from aqe.bench import learning
from aqe.bench.learning import SETUPS, Model, Setup, run, train, write_results
from aqe.bench.studies import fleet, learning_speed

QUICK = Setup(
    environment="CliffWalking-v1",
    episodes=200,
    learning_rate=0.5,
    discount_factor=1.0,
    epsilon_start=0.1,
    epsilon_end=0.1,
    epsilon_share=1.0,
    gate=-13.0,
)


@pytest.mark.parametrize(
    ("environment", "optimum"),
    [("Taxi-v4", 7.930), ("CliffWalking-v1", -13.0), ("FrozenLake-v1", 0.7442)],
)
def test_model_optimum_equals_the_published_value(environment: str, optimum: float) -> None:
    assert Model(gymnasium.make(environment)).optimum() == pytest.approx(optimum, abs=1e-3)


def test_model_score_equals_the_mean_of_many_episodes() -> None:
    """The exact score of a fixed policy against 3,000 played episodes of the environment."""
    environment = gymnasium.make("FrozenLake-v1")
    policy = np.array([0, 3, 3, 3, 0, 0, 0, 0, 3, 1, 0, 0, 0, 2, 1, 0])
    returns = []
    environment.reset(seed=1)
    for _ in range(3_000):
        state, _ = environment.reset()
        total, ended = 0.0, False
        while not ended:
            state, reward, terminated, truncated, _ = environment.step(int(policy[state]))
            total, ended = total + float(reward), terminated or truncated
        returns.append(total)
    exact = Model(environment).score(policy)
    assert abs(np.mean(returns) - exact) < 5 * np.std(returns) / np.sqrt(len(returns))


def test_core_walks_the_cliff_optimally_on_three_seeds() -> None:
    heard: list[str] = []
    report = run((1, 2, 3), setups=(QUICK,), told=heard.append)
    assert [result["return"] for result in report["results"]] == [-13.0] * 3
    assert all(result["passed"] for result in report["results"])
    assert len(heard) == 3
    first = report["results"][0]
    assert {"environment", "seed", "episodes", "return", "optimum"} <= first.keys()


@pytest.mark.slow
def test_core_reaches_every_gate_on_three_seeds() -> None:
    report = run((1, 2, 3))
    assert all(result["passed"] for result in report["results"]), report["results"]


def test_training_with_one_seed_is_repeatable() -> None:
    model = Model(gymnasium.make(QUICK.environment))
    one, other = (train(QUICK, seed=7, model=model)[1] for _ in range(2))
    assert one == other


def test_results_are_written_as_table_picture_and_data(tmp_path: Path) -> None:
    report = run((1,), setups=(QUICK,))
    table, text, picture = write_results(report, tmp_path)
    assert json.loads(table.read_text())["results"] == report["results"]
    assert "| CliffWalking-v1 | 1 | 200 | -13.0000 | -13.0000 |" in text.read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_command_prints_json_and_fails_when_a_gate_is_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(learning, "SETUPS", SETUPS)
    unreachable = Setup(**{name: getattr(QUICK, name) for name in QUICK.__slots__} | {"gate": 0.0})
    for setup, code in ((QUICK, 0), (unreachable, 1)):
        monkeypatch.setattr(learning.run, "__kwdefaults__", {
            "setups": (setup,), "told": lambda line: None,
        })  # fmt: skip
        arguments = ["--seeds", "1", "--output", str(tmp_path)]
        assert learning.main(arguments) == code
        assert len(json.loads(capsys.readouterr().out)["results"]) == 1


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


def test_fleet_command_prints_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fleet, "TASKS", 40)
    monkeypatch.setattr(fleet, "WINDOW", 10)
    assert fleet.main(["--seeds", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {result["policy"] for result in report["results"]} == {
        "epsilon-greedy",
        "ucb1",
        "thompson",
        "random",
    }


def test_speed_measures_each_promise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(learning_speed, "LEARNED", 50)
    monkeypatch.setattr(learning_speed, "UPDATES", 500)
    assert learning_speed.main(["--experiences", "2000", "--q-values", "800"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert len(results) == 5
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in results)
