"""Chooses one of the offered actions by their Q-values and visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...schema import AgentAction, Task, TaskState
from ...schema.records.record import Record
from ...schema.records.validation import require_type
from ..outcome.keys import action_key
from ..q_learning.policies import Policy
from ..q_learning.q_table import QTable

__all__ = ["ActionChoice", "QLearningStats", "as_actions", "as_state", "choose", "statistics"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ActionChoice(Record):
    """The action to take now, its expected reward, and whether it is an exploration.

    ``visits`` counts experiences with it in this state, ``state_visits`` those with any action.
    """

    action: AgentAction
    explored: bool
    q_value: float
    visits: int
    state_visits: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class QLearningStats(Record):
    """The size and spread of a Q-table; the Q-values are None while it is empty."""

    states: int
    actions: int
    q_values: int
    updates: int
    epsilon: float
    mean_q_value: float | None
    least_q_value: float | None
    highest_q_value: float | None


def choose(
    table: QTable,
    state: str,
    actions: Sequence[AgentAction],
    *,
    policy: Policy,
    epsilon: float,
    rng: np.random.Generator,
) -> ActionChoice:
    """Returns the policy's choice among the actions; an untried one has the value 0."""
    values = np.zeros(len(actions))
    visits = np.zeros(len(actions), dtype=np.int64)
    rewards = np.zeros(len(actions))
    row = table.state_index(state)
    if row is not None:
        for position, action in enumerate(actions):
            column = table.action_index(action_key(action))
            if column is not None:
                values[position] = table.value(row, column)
                visits[position] = table.visit_count(row, column)
                rewards[position] = table.reward_sum(row, column)
    choice = policy.choose(values, visits, rewards, epsilon=epsilon, rng=rng)
    return ActionChoice(
        action=actions[choice.index],
        explored=choice.explored,
        q_value=float(values[choice.index]),
        visits=int(visits[choice.index]),
        state_visits=0 if row is None else int(table.visits(row).sum()),
    )


def statistics(table: QTable, *, epsilon: float) -> QLearningStats:
    """Returns the size and spread of a Q-table."""
    states, actions = table.tried()
    values = [table.value(int(s), int(a)) for s, a in zip(states, actions, strict=True)]
    return QLearningStats(
        states=len(set(states.tolist())),
        actions=len(set(actions.tolist())),
        q_values=len(values),
        updates=table.total_visits(),
        epsilon=epsilon,
        mean_q_value=float(np.mean(values)) if values else None,
        least_q_value=min(values, default=None),
        highest_q_value=max(values, default=None),
    )


def as_state(state: TaskState | Task) -> TaskState:
    """Returns the state itself, or that of a task.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(state, Task):
        return state.state
    if not isinstance(state, TaskState):
        raise TypeError(f"state must be a TaskState or a Task, got {type(state).__name__}")
    return state


def as_actions(actions: Sequence[AgentAction | str]) -> list[AgentAction]:
    """Returns the actions; a text is the name of a strategy.

    Raises:
        TypeError: ``actions`` is something else.
        ValueError: ``actions`` is empty.
    """
    found = f"the text {actions[:40]!r}" if isinstance(actions, str) else type(actions).__name__
    if isinstance(actions, (str, bytes)) or not isinstance(actions, Sequence):
        raise TypeError(f"actions must be a list of actions or strategy names, got {found}")
    offered = [
        AgentAction(strategy=action) if isinstance(action, str) else action for action in actions
    ]
    for action in offered:
        require_type("each of actions", action, AgentAction)
    if not offered:
        raise ValueError("actions must not be empty: give at least one to choose from")
    return offered
