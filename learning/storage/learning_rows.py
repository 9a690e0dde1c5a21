"""Defines the rows that pass between learning and its backend, the same for every backend.

Times are ISO 8601 text in UTC, days ``YYYY-MM-DD``; both sort as text. ``None`` means "not known".
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from ...schema import Standing

__all__ = [
    "AgentRow",
    "Cell",
    "CycleRow",
    "DailyGroup",
    "ExperienceCounts",
    "HistoryCounts",
    "ImprovementStatus",
    "LoopRow",
    "OutcomeCount",
    "OutcomeSums",
    "SnapshotMark",
    "StageError",
    "StageRow",
    "StandingChange",
    "StrategyCounts",
    "Transition",
    "TrialRow",
]

DailyGroup = Literal["day", "task type", "strategy"]


class AgentRow(NamedTuple):
    """The state of one agent's learning.

    Attributes:
        agent_id: The stable name of the agent.
        enabled: The agent's own switch.
        all_enabled: The switch for all agents together.
        generation: Number of resets before this history began.
        experience_count: Experiences recorded, archived ones included.
        last_experience: Number of the last one; 0 before the first.
        snapshot_count: Experiences that the stored Q-values contain: a prefix of the history.
        snapshot_experience: Number of the last experience of that prefix.
        snapshot_epsilon: Epsilon after that prefix; None before the first snapshot.
    """

    agent_id: str
    enabled: bool
    all_enabled: bool
    generation: int
    experience_count: int
    last_experience: int
    snapshot_count: int
    snapshot_experience: int
    snapshot_epsilon: float | None


class SnapshotMark(NamedTuple):
    """The prefix of the history that a set of Q-values contains.

    Attributes:
        experiences: How many it has.
        last_experience: Number of the last one; 0 when there is none.
        epsilon: Epsilon after it; None when there is none.
    """

    experiences: int
    last_experience: int
    epsilon: float | None


class Cell(NamedTuple):
    """One Q-value with its evidence; ``second_q_value`` only under Double Q-learning."""

    state_key: str
    action_key: str
    q_value: float
    second_q_value: float | None
    update_count: int
    reward_sum: float


class Transition(NamedTuple):
    """The part of one experience that the fold over the history needs.

    ``experience`` is its number, ``settings_id`` that of the settings it was learned with.
    """

    experience: int
    state: str
    action: str
    reward: float
    next_state: str | None
    terminated: bool
    settings_id: int


class ExperienceCounts(NamedTuple):
    """Number of experiences in the history and in its archive."""

    live: int
    archived: int


class StrategyCounts(NamedTuple):
    """A strategy's uses, and how many of them succeeded."""

    strategy: str
    successes: int
    uses: int


class HistoryCounts(NamedTuple):
    """The counters of one agent as its history has them, archived experiences included.

    Attributes:
        experiences: How many there are.
        last_experience: Number of the last one; 0 when there is none.
        records: (task type, strategy) -> uses and successes.
    """

    experiences: int
    last_experience: int
    records: dict[tuple[str, str], StrategyCounts]


class OutcomeSums(NamedTuple):
    """Sums over the experiences that share a name: a day, a task type or a strategy.

    ``rewards`` counts them by reward, in ``REWARD_BUCKETS`` steps of equal width.
    """

    name: str
    experiences: int
    successes: int
    reward_sum: float
    explored: int
    explored_known: int
    with_patterns: int
    rewards: tuple[int, ...]


class OutcomeCount(NamedTuple):
    """The experiences of a range of time, with the sums of their rewards and of the squares."""

    experiences: int
    successes: int
    reward_sum: float
    reward_squares: float


class StandingChange(NamedTuple):
    """A standing that the improvement gave a strategy, and since when it has it."""

    agent_id: str
    task_type: str
    strategy: str
    standing: Standing
    since: str


class TrialRow(NamedTuple):
    """The last comparison of the two best strategies of a task type."""

    agent_id: str
    task_type: str
    strategy_a: str
    strategy_b: str
    uses_a: int
    uses_b: int
    mean_reward_a: float
    mean_reward_b: float
    p_value: float
    winner: str | None
    decided_at: str


class StageRow(NamedTuple):
    """The work of one stage of a cycle, and why; ``error`` is None when it ended well."""

    stage: str
    duration_ms: float
    changed: int
    summary: str
    error: str | None


class CycleRow(NamedTuple):
    """One cycle; ``finished_at`` is None while it runs, and for good when it was killed."""

    cycle: int
    started_at: str
    finished_at: str | None
    status: str


class StageError(NamedTuple):
    """The error of a stage that failed."""

    cycle: int
    stage: str
    error: str


class LoopRow(NamedTuple):
    """The last improvement loop that was started on this storage."""

    process_id: int
    host: str
    interval_s: float
    started_at: str
    heartbeat_at: str
    stop_requested_at: str | None
    ended_at: str | None


class ImprovementStatus(NamedTuple):
    """The state of the improvement loop and of its cycles.

    Attributes:
        loop: The last loop that was started.
        cycle_count: Cycles begun so far.
        cycles: The last of them, newest first.
        stages: The stages of the newest cycle, in the order in which they ran.
        last_closed: The last cycle that ended well.
        last_error: The last stage that failed.
        standings: Number of strategy records of each standing.
    """

    loop: LoopRow | None
    cycle_count: int
    cycles: tuple[CycleRow, ...]
    stages: tuple[StageRow, ...]
    last_closed: CycleRow | None
    last_error: StageError | None
    standings: dict[str, int]
