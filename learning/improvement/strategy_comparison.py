"""Which of two strategies is better, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from ..storage.sqlite.standing_columns import TrialRow

__all__ = ["ALPHA", "MIN_USES", "compare_strategies"]

# A difference this unlikely by chance is taken for real; shared among the comparisons of a cycle
# (Bonferroni).
ALPHA = 0.01
# Below this many rewards a side, Mann-Whitney can hardly reach ALPHA at all.
MIN_USES = 20


def compare_strategies(
    agent_id: str,
    task_type: str,
    *,
    first: tuple[str, Sequence[float]],
    second: tuple[str, Sequence[float]],
    alpha: float,
    at: str,
) -> TrialRow:
    """Returns the comparison of the rewards of two strategies on one type of task.

    Two-sided Mann-Whitney U test (Mann & Whitney 1947): rewards are no normal numbers, they lie in
    clumps around success and failure. There is a winner when p < ``alpha`` and the one with the
    higher mean is also the one that more often has the higher reward.
    """
    from scipy import stats  # 0.4 s to import; only a comparison needs it

    (name_a, rewards_a), (name_b, rewards_b) = first, second
    mean_a, mean_b = fmean(rewards_a), fmean(rewards_b)
    if min(rewards_a) == max(rewards_a) == min(rewards_b) == max(rewards_b):
        p_value, dominance = 1.0, 0.5
    else:
        test = stats.mannwhitneyu(rewards_a, rewards_b, alternative="two-sided")
        p_value = min(1.0, float(test.pvalue))
        dominance = float(test.statistic) / (len(rewards_a) * len(rewards_b))
    winner = None
    if p_value < alpha and (mean_a - mean_b) * (dominance - 0.5) > 0:
        winner = name_a if mean_a > mean_b else name_b
    return TrialRow(
        agent_id=agent_id,
        task_type=task_type,
        strategy_a=name_a,
        strategy_b=name_b,
        uses_a=len(rewards_a),
        uses_b=len(rewards_b),
        mean_reward_a=mean_a,
        mean_reward_b=mean_b,
        p_value=p_value,
        winner=winner,
        decided_at=at,
    )
