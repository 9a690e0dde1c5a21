"""Holds Q-values in arrays of (states, actions) that grow by doubling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ...schema import LearningError
from ..config import MAX_CELLS

__all__ = ["QTable"]

_Scalar = TypeVar("_Scalar", bound=np.generic)

_FIRST_STATES = 64
_FIRST_ACTIONS = 8


class QTable:
    """Action values, visits and reward sums, addressed by (state, action) indexes.

    Keys get their index in the order of their first appearance. Values start at 0. The actions
    given to the constructor apply in every state; an action added later applies only where it was
    tried: most actions of a fleet make no sense for most of its tasks, and their initial 0 must
    not count as an expected reward there.

    Args:
        states: Initial state keys, in order.
        actions: Initial action keys, in order; they apply in every state.
        max_cells: Maximum of states times actions.
    """

    def __init__(
        self,
        states: Sequence[str] = (),
        actions: Sequence[str] = (),
        *,
        max_cells: int = MAX_CELLS,
    ) -> None:
        self._max_cells = max_cells
        shape = (max(_FIRST_STATES, len(states)), max(_FIRST_ACTIONS, len(actions)))
        self._values: npt.NDArray[np.float64] = np.zeros(shape)
        self._second: npt.NDArray[np.float64] | None = None
        self._visits: npt.NDArray[np.int64] = np.zeros(shape, dtype=np.int64)
        self._reward_sums: npt.NDArray[np.float64] = np.zeros(shape)
        self._states: dict[str, int] = {}
        self._actions: dict[str, int] = {}
        self._state_keys: list[str] = []
        self._action_keys: list[str] = []
        self._everywhere = len(actions)
        for key in states:
            self.add_state(key)
        for key in actions:
            self.add_action(key)

    @property
    def states(self) -> Sequence[str]:
        """Known states, in the order of their indexes."""
        return self._state_keys

    @property
    def actions(self) -> Sequence[str]:
        """Known actions, in the order of their indexes."""
        return self._action_keys

    @property
    def has_second_estimate(self) -> bool:
        """Whether there is a second estimate, which only Double Q-learning adds."""
        return self._second is not None

    def state_index(self, key: str) -> int | None:
        """Returns the index of a state; None when it is unknown."""
        return self._states.get(key)

    def action_index(self, key: str) -> int | None:
        """Returns the index of an action; None when it is unknown."""
        return self._actions.get(key)

    def add_state(self, key: str) -> int:
        """Returns the index of a state, adding it if it is new.

        Raises:
            LearningError: The table would grow beyond its limit.
        """
        index = self._states.get(key)
        if index is None:
            index = len(self._states)
            if index == self._values.shape[0]:
                self._grow(2 * index, self._values.shape[1])
            self._states[key] = index
            self._state_keys.append(key)
        return index

    def add_action(self, key: str) -> int:
        """Returns the index of an action, adding it if it is new.

        Raises:
            LearningError: The table would grow beyond its limit.
        """
        index = self._actions.get(key)
        if index is None:
            index = len(self._actions)
            if index == self._values.shape[1]:
                self._grow(self._values.shape[0], 2 * index)
            self._actions[key] = index
            self._action_keys.append(key)
        return index

    def value(self, state: int, action: int) -> float:
        """Returns Q(state, action); 0 when it was never visited."""
        first = self._values[state, action]
        if self._second is not None:
            first = (first + self._second[state, action]) / 2
        return float(first)

    def values(self, state: int) -> npt.NDArray[np.float64]:
        """Returns a copy of Q(state, ·), shape (known actions,)."""
        return self._row(state).copy()

    def visits(self, state: int) -> npt.NDArray[np.int64]:
        """Returns a copy of the visit counts of a state, shape (known actions,)."""
        return self._visits[state, : len(self._actions)].copy()

    def reward_sums(self, state: int) -> npt.NDArray[np.float64]:
        """Returns a copy of the sums of rewards of a state, shape (known actions,)."""
        return self._reward_sums[state, : len(self._actions)].copy()

    def visit_count(self, state: int, action: int) -> int:
        """Returns how often the action was taken in the state."""
        return int(self._visits[state, action])

    def reward_sum(self, state: int, action: int) -> float:
        """Returns the sum of the rewards that the action earned in the state."""
        return float(self._reward_sums[state, action])

    def total_visits(self) -> int:
        """Returns the number of visits to all cells."""
        return int(self._visits.sum())

    def tried(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Returns the indexes (states, actions) of all cells that were visited."""
        states, actions = np.nonzero(self._visits)
        return states, actions

    def best_value(self, state: int) -> float:
        """Returns the highest Q of the actions that apply in a state; 0 when none does."""
        values = self.applicable_values(state)
        return float(values.max()) if values.size else 0.0

    def best_action(self, state: int, *, estimate: int) -> int | None:
        """Returns the applicable action of the highest value by one of the two estimates.

        Ties go to the lowest index; None when no action applies.
        """
        actions = np.flatnonzero(self._applies(state))
        if not actions.size:
            return None
        return int(actions[self._estimate(estimate)[state, actions].argmax()])

    def applicable_values(self, state: int) -> npt.NDArray[np.float64]:
        """Returns Q of the actions that apply in a state, shape (such actions,)."""
        return self._row(state)[self._applies(state)]

    def estimate_value(self, state: int, action: int, *, estimate: int) -> float:
        """Returns one of the two estimates (0 or 1) of Double Q-learning."""
        return float(self._estimate(estimate)[state, action])

    def set_value(self, state: int, action: int, value: float) -> None:
        """Sets Q(state, action); both estimates where there are two."""
        self._values[state, action] = value
        if self._second is not None:
            self._second[state, action] = value

    def set_estimate(self, state: int, action: int, value: float, *, estimate: int) -> None:
        """Sets one of the two estimates; the second starts as a copy of the first."""
        if self._second is None:
            self._second = self._values.copy()
        self._estimate(estimate)[state, action] = value

    def count_visit(self, state: int, action: int, reward: float) -> None:
        """Counts one experience of a cell and the reward it earned."""
        self._visits[state, action] += 1
        self._reward_sums[state, action] += reward

    def set_counts(self, state: int, action: int, visits: int, reward_sum: float) -> None:
        """Sets the visits and the reward sum of a cell."""
        self._visits[state, action] = visits
        self._reward_sums[state, action] = reward_sum

    def _applies(self, state: int) -> npt.NDArray[np.bool_]:
        applies: npt.NDArray[np.bool_] = self._visits[state, : len(self._actions)] > 0
        applies[: self._everywhere] = True
        return applies

    def _row(self, state: int) -> npt.NDArray[np.float64]:
        row = self._values[state, : len(self._actions)]
        if self._second is not None:
            row = (row + self._second[state, : len(self._actions)]) / 2
        return row

    def _estimate(self, estimate: int) -> npt.NDArray[np.float64]:
        if estimate == 0 or self._second is None:
            return self._values
        return self._second

    def _grow(self, states: int, actions: int) -> None:
        if states * actions > self._max_cells:
            raise LearningError(
                f"the Q-table must stay below {self._max_cells} cells, got {states} states x "
                f"{actions} actions; use fewer distinct tools and strategies, or one agent id per"
                " kind of work"
            )
        self._values = _enlarged(self._values, states, actions)
        self._visits = _enlarged(self._visits, states, actions)
        self._reward_sums = _enlarged(self._reward_sums, states, actions)
        if self._second is not None:
            self._second = _enlarged(self._second, states, actions)


def _enlarged(array: npt.NDArray[_Scalar], states: int, actions: int) -> npt.NDArray[_Scalar]:
    larger = np.zeros((states, actions), dtype=array.dtype)
    larger[: array.shape[0], : array.shape[1]] = array
    return larger
