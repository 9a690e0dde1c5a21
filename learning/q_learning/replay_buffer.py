"""The newest experiences, kept for rehearsal."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ReplayBuffer", "Step"]


class Step(NamedTuple):
    """One experience as indexes of the Q-table; ``next_state`` None when it terminated."""

    state: int
    action: int
    reward: float
    next_state: int | None


class ReplayBuffer:
    """A ring of steps: step number n (from 0) of the history lies at n modulo capacity.

    The place of a step depends on its number alone, so that a buffer that was filled again from
    the newest rows equals the one that was lost.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._steps: list[Step | None] = [None] * capacity
        self._end = 0

    def put(self, number: int, step: Step) -> None:
        """Stores step ``number``; numbers come in ascending order."""
        self._steps[number % self.capacity] = step
        self._end = number + 1

    def size(self) -> int:
        """Returns how many steps there are."""
        return min(self._end, self.capacity)

    def of_number(self, number: int) -> Step:
        """Returns step ``number`` of the history.

        Raises:
            IndexError: It is not among the newest, or was never put.
        """
        first = self._end - self.size()
        step = self._steps[number % self.capacity] if first <= number < self._end else None
        if step is None:
            raise IndexError(f"number must be from {first} to {self._end - 1}, got {number}")
        return step
