"""Folds a history into Q-values, one experience at a time.

The state of a learner depends only on its experiences in the order of their numbers, not on the
process or on queries in between. So recovery after a crash, and any other process with the same
history, arrive at the same numbers, bit for bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..config import LearningTuning, QLearningConfig
from ..storage.learning_rows import Cell, SnapshotMark, Transition
from .counter_rng import coin, sample_without_replacement, seed_of
from .q_table import QTable
from .update_rules import update

__all__ = ["Applied", "QLearner"]


class Step(NamedTuple):
    """One experience as indexes of the Q-table; ``next_state`` is None when it terminated."""

    state: int
    action: int
    reward: float
    next_state: int | None


class Applied(NamedTuple):
    """The effect of one experience on its own Q-value, replay included."""

    previous: float
    value: float
    visits: int


class QLearner:
    """Q-table, replay buffer and epsilon of one agent, after ``count`` experiences.

    Args:
        agent_id: The agent; the draws of replay depend on it.
        generation: Number of resets before this history began.
        tuning: Bounds on memory.
    """

    def __init__(
        self, agent_id: str, *, generation: int = 0, tuning: LearningTuning | None = None
    ) -> None:
        tuning = LearningTuning() if tuning is None else tuning
        self.table = QTable(max_cells=tuning.max_cells)
        self.generation = generation
        self.count = 0
        self.last_experience = 0
        self.epsilon: float | None = None  # None before the first experience
        self._newest: deque[Step] = deque(maxlen=tuning.max_replay)
        self._changed: dict[tuple[int, int], None] = {}
        self._coin_seed = seed_of(f"{agent_id}/coin", generation)
        self._replay_seed = seed_of(f"{agent_id}/replay", generation)
        self._replay_coin_seed = seed_of(f"{agent_id}/replay/coin", generation)

    @property
    def mark(self) -> SnapshotMark:
        """The prefix of the history that was applied."""
        return SnapshotMark(self.count, self.last_experience, self.epsilon)

    def load(self, cells: Iterable[Cell], newest: list[Transition], mark: SnapshotMark) -> None:
        """Starts from a snapshot.

        Args:
            cells: The Q-values, in the order of their first visits, which breaks ties.
            newest: The last experiences in the snapshot, oldest first.
            mark: The prefix of the history in the snapshot.
        """
        second: list[tuple[int, int, float]] = []
        for cell in cells:
            state = self.table.add_state(cell.state_key)
            action = self.table.add_action(cell.action_key)
            self.table.set_value(state, action, cell.q_value)
            self.table.set_counts(state, action, cell.update_count, cell.reward_sum)
            if cell.second_q_value is not None:
                second.append((state, action, cell.second_q_value))
        for state, action, value in second:
            self.table.set_estimate(state, action, value, estimate=1)
        self._newest.extend(self._step(transition) for transition in newest)
        self.count, self.last_experience, self.epsilon = mark

    def apply(self, transition: Transition, config: QLearningConfig) -> Applied:
        """Learns from the next experience of the history.

        Raises:
            LearningError: The Q-table would grow beyond its limit.
        """
        step = self._step(transition)
        previous = self.table.value(step.state, step.action)
        self.table.count_visit(step.state, step.action, step.reward)
        epsilon = config.epsilon if self.epsilon is None else self.epsilon
        self._update(step, config, epsilon, self._coin_seed, self.count, 0)
        self._newest.append(step)
        self.count += 1
        self.last_experience = transition.experience
        self.epsilon = max(config.epsilon_min, epsilon * config.epsilon_decay)
        if config.replay_interval and self.count % config.replay_interval == 0:
            self._replay(config, epsilon)
        return Applied(
            previous,
            self.table.value(step.state, step.action),
            self.table.visit_count(step.state, step.action),
        )

    def changed_cells(self) -> Iterator[Cell]:
        """Yields the cells that changed since ``forget_changes``, as they are now."""
        states, actions = self.table.states, self.table.actions
        two = self.table.has_second_estimate
        for state, action in self._changed:
            yield Cell(
                states[state],
                actions[action],
                self.table.estimate_value(state, action, estimate=0),
                self.table.estimate_value(state, action, estimate=1) if two else None,
                self.table.visit_count(state, action),
                self.table.reward_sum(state, action),
            )

    def forget_changes(self) -> None:
        """Marks all cells as unchanged, after they were stored."""
        self._changed.clear()

    def _step(self, transition: Transition) -> Step:
        state = self.table.add_state(transition.state)
        action = self.table.add_action(transition.action)
        follows = None
        if not transition.terminated and transition.next_state is not None:
            follows = self.table.add_state(transition.next_state)
        return Step(state, action, transition.reward, follows)

    def _update(
        self,
        step: Step,
        config: QLearningConfig,
        epsilon: float,
        seed: int,
        number: int,
        position: int,
    ) -> None:
        """Applies the update rule; draw ``position`` of ``number`` is its coin, if it needs one."""
        rule = config.update_rule
        update(
            self.table,
            *step,
            learning_rate=config.learning_rate,
            discount_factor=config.discount_factor,
            rule=rule,
            epsilon=epsilon,
            coin=rule == "double-q" and coin(seed, number, position),
        )
        self._changed[step.state, step.action] = None

    def _replay(self, config: QLearningConfig, epsilon: float) -> None:
        """Repeats the update for a uniform sample of the newest experiences (Lin 1992).

        Replay moves Q-values only; visits count real experiences.
        """
        population = min(len(self._newest), config.replay_capacity)
        if population < config.replay_batch:
            return
        ages = sample_without_replacement(
            self._replay_seed, self.count, config.replay_batch, population
        )
        for position, age in enumerate(ages):
            step = self._newest[-1 - age]
            self._update(step, config, epsilon, self._replay_coin_seed, self.count, position)
