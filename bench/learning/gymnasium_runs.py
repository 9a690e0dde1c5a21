"""Scores the Q-learning core on environments with a known optimum (``aqe bench learning``).

Each greedy policy is scored exactly, on the environment's own transition table, so that a result
is not a matter of luck: the undiscounted mean return over the start distribution, by backward
induction over the time limit. The environments are those of Gymnasium's toy_text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...learning.q_learning.policies import EpsilonGreedy
from ...learning.q_learning.q_table import QTable
from ...learning.q_learning.update_rules import update

__all__ = ["SETUPS", "Curve", "Model", "Setup", "run", "train"]

# An episode of CliffWalking has no limit; a policy that has not arrived after these steps never
# will.
UNLIMITED_STEPS = 1_000
CURVE_POINTS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """An environment, the settings to learn it with, and the return that the core must reach.

    Epsilon falls linearly from ``epsilon_start`` to ``epsilon_end`` over ``epsilon_share`` of the
    episodes. Settings and gates: the reference runs of plain Watkins Q-learning with the same
    settings, which ended at 7.92 to 7.93, -13 and 0.74 (optimum 7.930, -13, 0.7442).
    """

    environment: str
    episodes: int
    learning_rate: float
    discount_factor: float
    epsilon_start: float
    epsilon_end: float
    epsilon_share: float
    gate: float


SETUPS: tuple[Setup, ...] = (
    Setup(
        environment="Taxi-v4",
        episodes=5_000,
        learning_rate=0.5,
        discount_factor=0.99,
        epsilon_start=1.0,
        epsilon_end=0.05,
        epsilon_share=0.7,
        gate=7.8,
    ),
    Setup(
        environment="CliffWalking-v1",
        episodes=500,
        learning_rate=0.5,
        discount_factor=1.0,
        epsilon_start=0.1,
        epsilon_end=0.1,
        epsilon_share=1.0,
        gate=-13.0,
    ),
    Setup(
        environment="FrozenLake-v1",
        episodes=15_000,
        learning_rate=0.05,
        discount_factor=0.99,
        epsilon_start=1.0,
        epsilon_end=0.1,
        epsilon_share=0.7,
        gate=0.72,
    ),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """Exact returns of the greedy policy, each after that number of episodes."""

    environment: str
    seed: int
    episodes: tuple[int, ...]
    returns: tuple[float, ...]


class Model:
    """An environment's transition table as arrays.

    Attributes:
        probabilities: Of continuing in each state, (states, actions, states) float64; terminal
            transitions are left out.
        rewards: Expected rewards, (states, actions) float64.
        starts: Distribution of the first state, (states,) float64.
        steps: The time limit.
    """

    def __init__(self, environment: Any) -> None:
        table = environment.unwrapped.P
        states, actions = len(table), len(table[0])
        self.probabilities: npt.NDArray[np.float64] = np.zeros((states, actions, states))
        self.rewards: npt.NDArray[np.float64] = np.zeros((states, actions))
        for state, row in table.items():
            for action, outcomes in row.items():
                for probability, follows, reward, terminated in outcomes:
                    self.rewards[state, action] += probability * reward
                    if not terminated:
                        self.probabilities[state, action, follows] += probability
        self.starts = np.asarray(environment.unwrapped.initial_state_distrib, dtype=np.float64)
        self.steps: int = environment.spec.max_episode_steps or UNLIMITED_STEPS

    def score(self, policy: npt.NDArray[np.intp]) -> float:
        """Returns the exact mean return of a policy ``(states,)`` within the time limit."""
        rows = np.arange(policy.size)
        rewards, probabilities = self.rewards[rows, policy], self.probabilities[rows, policy]
        values = np.zeros(policy.size)
        for _ in range(self.steps):
            values = rewards + probabilities @ values
        return float(self.starts @ values)

    def optimum(self) -> float:
        """Returns the best possible mean return within the time limit."""
        values = np.zeros(self.rewards.shape[0])
        for _ in range(self.steps):
            values = (self.rewards + self.probabilities @ values).max(axis=1)
        return float(self.starts @ values)


def run(
    seeds: Sequence[int] = (1, 2, 3),
    *,
    setups: Sequence[Setup] = SETUPS,
    note: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Returns the score of each environment and seed, and its learning curve.

    The keys are ``results`` (a list with environment, seed, episodes, return, optimum, gate,
    passed, updates and seconds) and ``curves``.

    Args:
        note: Called with a line about each finished run.

    Raises:
        ModuleNotFoundError: Gymnasium is missing; install it with ``pip install 'aqe[bench]'``.
    """
    import gymnasium

    results, curves = [], []
    for setup in setups:
        model = Model(gymnasium.make(setup.environment))
        optimum = model.optimum()
        for seed in seeds:
            started = time.perf_counter()
            table, curve = train(setup, seed=seed, model=model)
            seconds = time.perf_counter() - started
            result = _result(setup, curve, optimum=optimum, seconds=seconds)
            results.append(result | {"updates": table.total_visits()})
            curves.append(asdict(curve))
            note(
                f"{setup.environment} seed {seed}:"
                f" {result['return']:.4f} of {optimum:.4f} in {seconds:.1f} s"
            )
    return {"results": results, "curves": curves}


def _result(setup: Setup, curve: Curve, *, optimum: float, seconds: float) -> dict[str, Any]:
    score = curve.returns[-1]
    return {
        "environment": setup.environment,
        "seed": curve.seed,
        "episodes": setup.episodes,
        "return": score,
        "optimum": optimum,
        "gate": setup.gate,
        "passed": score >= setup.gate - 1e-9,
        "seconds": round(seconds, 2),
    }


def train(setup: Setup, *, seed: int, model: Model) -> tuple[QTable, Curve]:
    """Returns the learned table, and the exact returns of its greedy policy on the way there."""
    import gymnasium

    environment = gymnasium.make(setup.environment)
    states, actions = model.rewards.shape
    table = QTable([str(state) for state in range(states)], [str(a) for a in range(actions)])
    rng = np.random.default_rng(seed)
    every = max(1, setup.episodes // CURVE_POINTS)
    episodes, returns = [0], [model.score(_greedy(table, states))]
    state, _ = environment.reset(seed=seed)
    for episode in range(1, setup.episodes + 1):
        _learn_episode(environment, state, table, setup, _epsilon(setup, episode - 1), rng)
        state, _ = environment.reset()
        if episode % every == 0 or episode == setup.episodes:
            episodes.append(episode)
            returns.append(model.score(_greedy(table, states)))
    environment.close()
    return table, Curve(setup.environment, seed, tuple(episodes), tuple(returns))


def _learn_episode(
    environment: Any,
    state: int,
    table: QTable,
    setup: Setup,
    epsilon: float,
    rng: np.random.Generator,
) -> None:
    """Acts and updates the table until the episode ends."""
    policy, ended = EpsilonGreedy(), False
    while not ended:
        visits, rewards = table.visits(state), table.reward_sums(state)
        choice = policy.choose(table.values(state), visits, rewards, epsilon=epsilon, rng=rng)
        follows, reward, terminated, truncated, _ = environment.step(choice.index)
        table.count_visit(state, choice.index, float(reward))
        update(
            table,
            state,
            choice.index,
            float(reward),
            None if terminated else follows,
            learning_rate=setup.learning_rate,
            discount_factor=setup.discount_factor,
        )
        state, ended = follows, terminated or truncated


def _epsilon(setup: Setup, episode: int) -> float:
    progress = min(1.0, episode / (setup.epsilon_share * setup.episodes))
    return setup.epsilon_start + progress * (setup.epsilon_end - setup.epsilon_start)


def _greedy(table: QTable, states: int) -> npt.NDArray[np.intp]:
    return np.array([table.values(state).argmax() for state in range(states)], dtype=np.intp)
