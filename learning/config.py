"""Defines the settings and bounds of a learner."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ..schema.records.record import Record

__all__ = [
    "MAX_CELLS",
    "MAX_REPLAY",
    "POLICIES",
    "UPDATE_RULES",
    "LearningTuning",
    "PolicyName",
    "QLearningConfig",
    "UpdateRule",
]

UpdateRule = Literal["q-learning", "double-q", "expected-sarsa"]
PolicyName = Literal["epsilon-greedy", "ucb1", "thompson"]

UPDATE_RULES: tuple[UpdateRule, ...] = get_args(UpdateRule)
POLICIES: tuple[PolicyName, ...] = get_args(PolicyName)

# Newest experiences that every process keeps in memory, whatever its settings replay.
MAX_REPLAY = 10_000
# States times actions of a Q-table: 2**25 take 0.8 GiB in three arrays, less while most of them
# were never visited.
MAX_CELLS = 1 << 25


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class QLearningConfig(Record):
    """The settings of a learner, recorded with every experience.

    The defaults are those of the specification.

    Attributes:
        learning_rate: alpha, in (0, 1].
        discount_factor: gamma, in [0, 1].
        epsilon: Share of random choices before the first experience.
        epsilon_decay: Factor on epsilon for each experience.
        epsilon_min: Epsilon never falls below it.
        replay_capacity: Newest experiences that replay draws from; at most 10,000, which every
            process keeps in memory.
        replay_batch: Experiences per replay; it starts when there are that many.
        replay_interval: Experiences between two replays; 0 switches replay off.
        update_rule: See ``update_rules``.
        policy: See ``policies``. It does not affect updates; Expected SARSA always assumes an
            epsilon-greedy policy.

    Raises:
        ValueError: A field is outside its range.
    """

    learning_rate: float = 0.1
    discount_factor: float = 0.95
    epsilon: float = 0.3
    epsilon_decay: float = 0.995
    epsilon_min: float = 0.01
    replay_capacity: int = 10_000
    replay_batch: int = 32
    replay_interval: int = 10
    update_rule: UpdateRule = "q-learning"
    policy: PolicyName = "epsilon-greedy"

    def __post_init__(self) -> None:
        shares = ("discount_factor", "epsilon", "epsilon_decay", "epsilon_min")
        for name in ("learning_rate", *shares):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise ValueError(f"{name} must be from 0 to 1, got {value}")
        if self.learning_rate == 0:
            raise ValueError("learning_rate must be above 0, got 0")
        if self.epsilon_min > self.epsilon:
            raise ValueError(
                f"epsilon_min must not exceed epsilon, got {self.epsilon_min} and {self.epsilon}"
            )
        for name, minimum in (("replay_capacity", 1), ("replay_batch", 1), ("replay_interval", 0)):
            if not minimum <= getattr(self, name) <= MAX_REPLAY:
                raise ValueError(
                    f"{name} must be from {minimum} to {MAX_REPLAY}, got {getattr(self, name)}"
                )
        if self.update_rule not in UPDATE_RULES:
            raise ValueError(
                f"update_rule must be one of {', '.join(UPDATE_RULES)}, got {self.update_rule!r}"
            )
        if self.policy not in POLICIES:
            raise ValueError(f"policy must be one of {', '.join(POLICIES)}, got {self.policy!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningTuning:
    """Bounds of a learner, which do not change what it learns.

    Attributes:
        snapshot_interval: Experiences between two writes of the Q-values that they changed.
        far_behind: A learner that lags by more experiences than this reads the last snapshot (0.1 s
            for 50,000 Q-values) instead of applying them one by one (0.02 ms each), since it may
            hold the write lock meanwhile.
        max_cells: Largest Q-table, in states times actions.
        max_replay: Newest experiences kept in memory for replay, and never archived. If
            smaller than ``replay_capacity``, it does change what is learned.
    """

    snapshot_interval: int = 10
    far_behind: int = 5_000
    max_cells: int = MAX_CELLS
    max_replay: int = MAX_REPLAY
