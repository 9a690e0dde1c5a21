"""Chooses an action by Q-values, visits and rewards.

A policy gets three arrays of shape (n,), one entry for each action: Q-values float64, visit counts
int64 and sums of rewards float64. Epsilon-greedy uses the Q-values; UCB1 and Thompson sampling are
for one-step tasks, which end with their reward: they use mean rewards and need no epsilon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..config import PolicyName
from ..outcome.reward import REWARD_HIGH, REWARD_LOW

__all__ = [
    "Choice",
    "EpsilonGreedy",
    "Policy",
    "ThompsonSampling",
    "UpperConfidenceBound",
    "policy_named",
]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """The index of the chosen action; ``explored`` unless it is the best known action."""

    index: int
    explored: bool


class Policy(Protocol):
    """Chooses one of the actions offered."""

    def choose(
        self,
        values: Floats,
        visits: Counts,
        reward_sums: Floats,
        *,
        epsilon: float,
        rng: np.random.Generator,
    ) -> Choice:
        """Returns the choice; the arrays have one entry for each action, at least one."""
        ...


class EpsilonGreedy:
    """A random action with probability epsilon, otherwise that of the highest Q; random ties."""

    def choose(
        self,
        values: Floats,
        visits: Counts,
        reward_sums: Floats,
        *,
        epsilon: float,
        rng: np.random.Generator,
    ) -> Choice:
        """See ``Policy``."""
        if rng.random() < epsilon:
            return Choice(int(rng.random() * values.size), True)
        return Choice(_best(values, rng), False)


@dataclass(frozen=True, slots=True)
class UpperConfidenceBound:
    """UCB1: the highest mean + sqrt(2 ln N / n), after trying each action once.

    Auer, Cesa-Bianchi & Fischer 2002, "Finite-time Analysis of the Multiarmed Bandit Problem",
    figure 1. Rewards are scaled from [low, high] to [0, 1], as its proof requires.
    """

    low: float = REWARD_LOW
    high: float = REWARD_HIGH

    def choose(
        self,
        values: Floats,
        visits: Counts,
        reward_sums: Floats,
        *,
        epsilon: float,
        rng: np.random.Generator,
    ) -> Choice:
        """See ``Policy``."""
        untried = np.flatnonzero(visits == 0)
        if untried.size:
            return Choice(int(untried[int(rng.random() * untried.size)]), True)
        means = _scaled(reward_sums, visits, self.low, self.high) / visits
        bounds = means + np.sqrt(2 * math.log(int(visits.sum())) / visits)
        index = _best(bounds, rng)
        return Choice(index, bool(means[index] < means.max()))


@dataclass(frozen=True, slots=True)
class ThompsonSampling:
    """Thompson sampling: the mean of each action is drawn from its posterior; the highest wins.

    Chapelle & Li 2011, "An Empirical Evaluation of Thompson Sampling", algorithm 2, with the prior
    Beta(1, 1). A reward between low and high counts as that share of a success.
    """

    low: float = REWARD_LOW
    high: float = REWARD_HIGH

    def choose(
        self,
        values: Floats,
        visits: Counts,
        reward_sums: Floats,
        *,
        epsilon: float,
        rng: np.random.Generator,
    ) -> Choice:
        """See ``Policy``."""
        alpha, beta = self.posterior(visits, reward_sums)
        index = _best(rng.beta(alpha, beta), rng)
        means = alpha / (alpha + beta)
        return Choice(index, bool(means[index] < means.max()))

    def posterior(self, visits: Counts, reward_sums: Floats) -> tuple[Floats, Floats]:
        """Returns alpha and beta of each action's Beta distribution."""
        successes = _scaled(reward_sums, visits, self.low, self.high)
        return 1 + successes, 1 + visits - successes


def policy_named(name: PolicyName) -> Policy:
    """Returns the policy with that name, for rewards in the range of ``reward_of``."""
    if name == "epsilon-greedy":
        return EpsilonGreedy()
    if name == "ucb1":
        return UpperConfidenceBound()
    return ThompsonSampling()


def _best(values: Floats, rng: np.random.Generator) -> int:
    best = np.flatnonzero(values == values.max())
    return int(best[0] if best.size == 1 else best[int(rng.random() * best.size)])


def _scaled(reward_sums: Floats, visits: Counts, low: float, high: float) -> Floats:
    """Returns the sums of rewards after each reward was mapped from [low, high] to [0, 1]."""
    shares: Floats = np.clip((reward_sums - visits * low) / (high - low), 0, visits)
    return shares
