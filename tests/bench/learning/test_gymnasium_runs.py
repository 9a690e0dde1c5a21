"""Exact scores of the Q-learning core, and gates on a smaller run."""

from __future__ import annotations

from dataclasses import replace

import gymnasium
import numpy as np
import pytest

from aqe.bench.learning.gymnasium_runs import SETUPS, Model, run, train

QUICK = replace(SETUPS[1], episodes=200)  # CliffWalking


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
    notes: list[str] = []
    report = run((1, 2, 3), setups=(QUICK,), note=notes.append)
    assert [result["return"] for result in report["results"]] == [-13.0] * 3
    assert all(result["passed"] for result in report["results"])
    assert len(notes) == 3
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
