"""Policies against hand-computed choices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aqe.learning.q_learning.policies import (
    EpsilonGreedy,
    Policy,
    ThompsonSampling,
    UpperConfidenceBound,
    policy_named,
)

VALUES = np.array([0.1, 0.7, 0.7, -0.2])
VISITS = np.array([5, 5, 5, 5])
SUMS = np.array([0.5, 3.5, 3.5, -1.0])


def test_epsilon_greedy_takes_the_best_and_breaks_ties_at_random() -> None:
    rng = np.random.default_rng(1)
    policy = EpsilonGreedy()
    chosen = [policy.choose(VALUES, VISITS, SUMS, epsilon=0, rng=rng) for _ in range(200)]
    assert {choice.index for choice in chosen} == {1, 2}
    assert not any(choice.explored for choice in chosen)
    assert 60 < sum(choice.index == 1 for choice in chosen) < 140


def test_epsilon_greedy_explores_as_often_as_epsilon_says() -> None:
    rng = np.random.default_rng(2)
    policy = EpsilonGreedy()
    chosen = [policy.choose(VALUES, VISITS, SUMS, epsilon=0.3, rng=rng) for _ in range(5_000)]
    explored = [choice.index for choice in chosen if choice.explored]
    assert abs(len(explored) - 1_500) < 5 * math.sqrt(5_000 * 0.3 * 0.7)
    assert set(explored) == {0, 1, 2, 3}


def test_epsilon_greedy_with_the_same_seed_chooses_the_same() -> None:
    def choices() -> list[int]:
        rng = np.random.default_rng(9)
        return [
            EpsilonGreedy().choose(VALUES, VISITS, SUMS, epsilon=0.5, rng=rng).index
            for _ in range(50)
        ]

    assert choices() == choices()


def test_ucb1_tries_each_action_once_first() -> None:
    rng = np.random.default_rng(3)
    policy = UpperConfidenceBound()
    visits = np.array([3, 0, 2, 0])
    chosen = {policy.choose(VALUES, visits, SUMS, epsilon=0, rng=rng).index for _ in range(50)}
    assert chosen == {1, 3}


def test_ucb1_equals_the_hand_computed_bounds() -> None:
    """Rewards in [0, 1]: means 0.6, 0.5, 0.2; N = 110.

    0.6 + sqrt(2 ln 110 / 100) = 0.907; 0.5 + sqrt(2 ln 110 / 5) = 1.871;
    0.2 + sqrt(2 ln 110 / 5) = 1.571: the second is chosen, though the first has the best mean.
    """
    policy = UpperConfidenceBound(low=0, high=1)
    visits, sums = np.array([100, 5, 5]), np.array([60.0, 2.5, 1.0])
    choice = policy.choose(np.zeros(3), visits, sums, epsilon=0, rng=np.random.default_rng(1))
    assert (choice.index, choice.explored) == (1, True)
    many = np.array([1000, 1000, 1000])
    choice = policy.choose(
        np.zeros(3), many, np.array([900.0, 100.0, 100.0]), epsilon=0, rng=np.random.default_rng(1)
    )
    assert (choice.index, choice.explored) == (0, False)


def test_ucb1_scales_rewards_to_the_unit_interval() -> None:
    """Means -2, 0 and 2 become 0, 0.5 and 1: with equal counts the last has the highest bound."""
    policy = UpperConfidenceBound()
    visits = np.array([4, 4, 4])
    choice = policy.choose(
        np.zeros(3), visits, np.array([-8.0, 0.0, 8.0]), epsilon=0, rng=np.random.default_rng(1)
    )
    assert choice.index == 2


def test_thompson_posterior_counts_successes_and_failures() -> None:
    """Bernoulli rewards: 3 of 4 and 0 of 2 succeeded, prior Beta(1, 1)."""
    alpha, beta = ThompsonSampling(low=0, high=1).posterior(
        np.array([4, 2, 0]), np.array([3.0, 0.0, 0.0])
    )
    assert alpha.tolist() == [4.0, 1.0, 1.0]
    assert beta.tolist() == [2.0, 3.0, 1.0]


def test_thompson_chooses_in_proportion_to_the_chance_of_being_best() -> None:
    """Two arms Beta(1, 1) and Beta(2, 1): P(second is larger) = 2/3."""
    rng = np.random.default_rng(4)
    policy = ThompsonSampling(low=0, high=1)
    visits, sums = np.array([0, 1]), np.array([0.0, 1.0])
    chosen = [policy.choose(np.zeros(2), visits, sums, epsilon=0, rng=rng) for _ in range(6_000)]
    second = sum(choice.index == 1 for choice in chosen)
    assert abs(second - 4_000) < 5 * math.sqrt(6_000 * 2 / 9)
    assert all(choice.explored == (choice.index == 0) for choice in chosen)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("epsilon-greedy", EpsilonGreedy),
        ("ucb1", UpperConfidenceBound),
        ("thompson", ThompsonSampling),
    ],
)
def test_policy_named(name: str, kind: type[Policy]) -> None:
    assert isinstance(policy_named(name), kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", [EpsilonGreedy(), UpperConfidenceBound(), ThompsonSampling()])
def test_policy_finds_the_best_of_six_arms(policy: Policy) -> None:
    """One arm pays 0.9, the others 0.3: after 2,000 pulls the best one was pulled most."""
    rng = np.random.default_rng(6)
    chances = np.array([0.3, 0.3, 0.9, 0.3, 0.3, 0.3])
    values, visits, sums = np.zeros(6), np.zeros(6, dtype=np.int64), np.zeros(6)
    for _ in range(2_000):
        index = policy.choose(values, visits, sums, epsilon=0.1, rng=rng).index
        reward = 1.0 if rng.random() < chances[index] else -1.0
        visits[index] += 1
        sums[index] += reward
        values[index] += (reward - values[index]) / visits[index]
    assert visits.argmax() == 2
