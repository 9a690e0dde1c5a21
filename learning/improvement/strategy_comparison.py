"""Compares two strategies by their rewards with a significance test."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from ..storage.learning_rows import TrialRow
from .mann_whitney import mann_whitney

__all__ = ["StrategyRewards", "compare_strategies"]


class StrategyRewards(NamedTuple):
    """A strategy and the rewards it earned on one type of task."""

    strategy: str
    rewards: Sequence[float]


def compare_strategies(
    agent_id: str,
    task_type: str,
    *,
    first: StrategyRewards,
    second: StrategyRewards,
    alpha: float,
    at: str,
) -> TrialRow:
    """Returns the comparison of the rewards of two strategies on one type of task.

    Two-sided Mann-Whitney U test: rewards are not normally distributed, they cluster around success
    and failure. There is a winner when p < ``alpha`` and the strategy with the higher mean is also
    the one that more often has the higher reward.

    Args:
        agent_id: The agent.
        task_type: The type of task.
        first: A strategy with at least one reward.
        second: Another one.
        alpha: Significance level.
        at: The time of the comparison, ISO 8601.
    """
    mean_a, mean_b = fmean(first.rewards), fmean(second.rewards)
    p_value, dominance = mann_whitney(first.rewards, second.rewards)
    winner = None
    if p_value < alpha and (mean_a - mean_b) * (dominance - 0.5) > 0:
        winner = first.strategy if mean_a > mean_b else second.strategy
    return TrialRow(
        agent_id=agent_id,
        task_type=task_type,
        strategy_a=first.strategy,
        strategy_b=second.strategy,
        uses_a=len(first.rewards),
        uses_b=len(second.rewards),
        mean_reward_a=mean_a,
        mean_reward_b=mean_b,
        p_value=p_value,
        winner=winner,
        decided_at=at,
    )
