"""The learner: a fold over the history.

What a learner knows is a function of its experiences in the order of their numbers, and of nothing
else: not of the process, nor of what was asked of it in between. So a recovery after a crash, and
another process that follows the same history, arrive at the same numbers, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..config import MAX_REPLAY, QLearningConfig
from ..storage.sqlite.experience_table import Transition
from ..storage.sqlite.q_value_table import Cell
from .counter_rng import coin, sample_without_replacement, seed_of
from .q_table import QTable
from .replay_buffer import ReplayBuffer, Step
from .update_rules import update

__all__ = ["QLearner"]


class QLearner:
    """Q-table, replay buffer and epsilon of one agent, after ``count`` experiences.

    Args:
        agent_id: Whose history is folded.
        generation: Number of resets before this history began.
    """

    def __init__(self, agent_id: str, *, generation: int = 0) -> None:
        self.table = QTable()
        self.generation = generation
        self.count = 0
        self.last_experience = 0
        self.epsilon: float | None = None  # None before the first experience
        self._replay = ReplayBuffer(MAX_REPLAY)
        self._changed: dict[tuple[int, int], None] = {}
        self._coin_seed = seed_of(f"{agent_id}/coin", generation)
        self._replay_seed = seed_of(f"{agent_id}/replay", generation)
        self._replay_coin_seed = seed_of(f"{agent_id}/replay/coin", generation)

    def load(
        self,
        cells: Iterable[Cell],
        newest: list[Transition],
        *,
        count: int,
        last_experience: int,
        epsilon: float | None,
    ) -> None:
        """Takes over a snapshot.

        Args:
            cells: In the order in which they were first visited, which fixes the order of ties.
            newest: The last experiences that the snapshot contains, oldest first.
            count: How many experiences it contains, and the number of the last.
        """
        second: list[tuple[int, int, float]] = []
        for cell in cells:
            state = self.table.add_state(cell.state_key)
            action = self.table.add_action(cell.action_key)
            self.table.set_value(state, action, cell.q_value)
            self.table.set_evidence(state, action, cell.update_count, cell.reward_sum)
            if cell.second_q_value is not None:
                second.append((state, action, cell.second_q_value))
        for state, action, value in second:
            self.table.set_estimate(state, action, value, estimate=1)
        for position, transition in enumerate(newest):
            self._replay.put(count - len(newest) + position, self._step(transition))
        self.count, self.last_experience, self.epsilon = count, last_experience, epsilon

    def apply(self, transition: Transition, config: QLearningConfig) -> Step:
        """Learns from the next experience of the history; returns it as indexes."""
        step = self._step(transition)
        number = self.count
        self.table.count_visit(step.state, step.action, step.reward)
        epsilon = config.epsilon if self.epsilon is None else self.epsilon
        self._update(step, config, epsilon, toss=coin(self._coin_seed, number, 0))
        self._replay.put(number, step)
        self.count = number + 1
        self.last_experience = transition.experience
        self.epsilon = max(config.epsilon_min, epsilon * config.epsilon_decay)
        if config.replay_interval and self.count % config.replay_interval == 0:
            self._rehearse(config, epsilon)
        return step

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
        """Called when what changed up to now is stored."""
        self._changed.clear()

    def _step(self, transition: Transition) -> Step:
        follows = None
        if not transition.terminated and transition.next_state is not None:
            follows = self.table.add_state(transition.next_state)
        return Step(
            self.table.add_state(transition.state),
            self.table.add_action(transition.action),
            transition.reward,
            follows,
        )

    def _update(self, step: Step, config: QLearningConfig, epsilon: float, *, toss: bool) -> None:
        update(
            self.table,
            *step,
            learning_rate=config.learning_rate,
            discount_factor=config.discount_factor,
            rule=config.update_rule,
            epsilon=epsilon,
            coin=toss,
        )
        self._changed[step.state, step.action] = None

    def _rehearse(self, config: QLearningConfig, epsilon: float) -> None:
        """Repeats the update for a uniform sample of the newest experiences (Lin 1992).

        Rehearsal moves Q-values only; visits count what was lived through.
        """
        population = min(self._replay.size(), config.replay_capacity)
        if population < config.replay_batch:
            return
        ages = sample_without_replacement(
            self._replay_seed, self.count, config.replay_batch, population
        )
        for position, age in enumerate(ages):
            step = self._replay.of_number(self.count - 1 - age)
            toss = coin(self._replay_coin_seed, self.count, position)
            self._update(step, config, epsilon, toss=toss)
