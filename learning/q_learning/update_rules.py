"""Updates the Q-table from one experience: Q(s,a) += alpha * (target - Q(s,a)).

The target is the reward alone when the episode terminated; otherwise (also when it was only
truncated, in Gymnasium's sense) it adds the discounted value of the next state:

    q-learning      r + gamma * max_a' Q(s',a')                     Watkins & Dayan 1992
    double-q        r + gamma * Q_B(s', argmax_a' Q_A(s',a'))       van Hasselt 2010
                    updating A or B by the toss of a coin
    expected-sarsa  r + gamma * sum_a' pi(a'|s') Q(s',a')           van Seijen et al. 2009
                    with pi the epsilon-greedy policy
"""

from __future__ import annotations

from ..config import UpdateRule
from .q_table import QTable

__all__ = ["update"]


def update(
    table: QTable,
    state: int,
    action: int,
    reward: float,
    next_state: int | None,
    *,
    learning_rate: float,
    discount_factor: float,
    rule: UpdateRule = "q-learning",
    epsilon: float = 0.0,
    coin: bool = False,
) -> None:
    """Moves Q(state, action) one step towards its target.

    Args:
        table: Changed in place.
        state: Index of the state.
        action: Index of the action.
        reward: Its reward.
        next_state: Index of the state to bootstrap from; None when the episode terminated.
        learning_rate: alpha.
        discount_factor: gamma.
        rule: The target; see the module.
        epsilon: Of the policy that Expected SARSA expects.
        coin: The estimate that Double Q-learning updates: False the first, True the second.
    """
    if rule == "double-q":
        _update_double(
            table, state, action, reward, next_state, learning_rate, discount_factor, int(coin)
        )
        return
    target = reward
    if next_state is not None:
        if rule == "q-learning":
            target += discount_factor * table.best_value(next_state)
        else:
            target += discount_factor * _expected_value(table, next_state, epsilon)
    value = table.value(state, action)
    table.set_value(state, action, value + learning_rate * (target - value))


def _expected_value(table: QTable, state: int, epsilon: float) -> float:
    values = table.applicable_values(state)
    if not values.size:
        return 0.0
    return float((1 - epsilon) * values.max() + epsilon * values.mean())


def _update_double(
    table: QTable,
    state: int,
    action: int,
    reward: float,
    next_state: int | None,
    learning_rate: float,
    discount_factor: float,
    estimate: int,
) -> None:
    target = reward
    if next_state is not None:
        best = table.best_action(next_state, estimate=estimate)
        if best is not None:
            other = table.estimate_value(next_state, best, estimate=1 - estimate)
            target += discount_factor * other
    value = table.estimate_value(state, action, estimate=estimate)
    table.set_estimate(state, action, value + learning_rate * (target - value), estimate=estimate)
