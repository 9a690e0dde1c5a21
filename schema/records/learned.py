"""Defines the records of learning: recommendations, strategy and failure records, analytics.

A missing value is ``None`` and means "no data"; nothing is guessed in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from ..wilson import wilson_interval
from .learning import AgentAction
from .record import Record

__all__ = [
    "ActionStatistics",
    "DailyTrend",
    "FailurePattern",
    "LearnedPattern",
    "LearningAnalytics",
    "RecommendationBasis",
    "RewardBucket",
    "Standing",
    "StrategyAlternative",
    "StrategyRecommendation",
    "SuggestedAction",
]

HALF = 0.5  # a strategy that works succeeds more often than it fails
Standing = Literal["candidate", "promoted", "demoted", "retired"]
RecommendationBasis = Literal["state", "task type", "no data"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StrategyAlternative(Record):
    """An alternative strategy and its record."""

    strategy: str
    expected_reward: float
    evidence: int
    success_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StrategyRecommendation(Record):
    """A strategy to follow next, and the reasons.

    Attributes:
        strategy: None when there is no data to recommend from.
        confidence: 0..1, grows with the number of experiences.
        reasoning: The reasons as text.
        basis: The kind of experiences that it is based on.
        action: The full action; None if it is based on the task type only.
        expected_reward: The Q-value (same state) or the mean reward (same task type).
        evidence: Number of those experiences.
        alternatives: At most three, best first.
    """

    strategy: str | None
    confidence: float
    reasoning: str
    basis: RecommendationBasis
    action: AgentAction | None = None
    expected_reward: float | None = None
    evidence: int = 0
    alternatives: tuple[StrategyAlternative, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LearnedPattern(Record):
    """A strategy record: what one strategy achieved on one type of task.

    Attributes:
        confidence: Lower bound of the 95 % Wilson interval of ``success_rate``.
        works: Whether it succeeds more often than it fails: True if that interval is above one
            half, False if it is below, None while the uses do not show which.
    """

    pattern: str
    agent_id: str
    task_type: str
    strategy: str
    confidence: float
    success_rate: float
    usage_count: int
    success_count: int
    average_reward: float
    standing: Standing
    contexts: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime
    works: bool | None = field(init=False)

    def __post_init__(self) -> None:
        low, high = wilson_interval(self.success_count, self.usage_count)
        works = True if low > HALF else False if high < HALF else None
        object.__setattr__(self, "works", works)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SuggestedAction(Record):
    """A strategy that succeeded where another failed; ``basis`` says how similar the tasks were."""

    strategy: str
    basis: Literal["same state", "same task type"]
    successes: int
    uses: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FailurePattern(Record):
    """A failure record: one kind of failure on one type of task.

    ``frequency`` is its count; ``share`` is that count over all tasks of the type;
    ``confidence`` is the lower bound of the 95 % Wilson interval of ``share``.
    """

    pattern: str
    agent_id: str
    task_type: str
    failure_kind: str
    frequency: int
    share: float
    confidence: float
    contexts: tuple[str, ...]
    suggested_actions: tuple[SuggestedAction, ...]
    identified_at: datetime
    last_occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DailyTrend(Record):
    """The experiences of one UTC day; days without any are left out."""

    day: date
    experiences: int
    successes: int
    average_reward: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RewardBucket(Record):
    """The number of rewards in ``[low, high)``; the last bucket includes its upper end."""

    low: float
    high: float
    experiences: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ActionStatistics(Record):
    """The results of one task type, or of one strategy, within a time range."""

    name: str
    experiences: int
    successes: int
    average_reward: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LearningAnalytics(Record):
    """Totals, averages and records within a time range; averages are None without data.

    ``exploration_rate`` is the share of exploratory experiences among those where that is known;
    ``pattern_reuse_rate`` is the share of experiences that used a pattern of the bank.
    ``agent_id`` is None for all agents together.
    """

    agent_id: str | None
    time_range: str
    since: datetime | None
    until: datetime
    total_experiences: int
    average_reward: float | None
    success_rate: float | None
    exploration_rate: float | None
    pattern_reuse_rate: float | None
    daily: tuple[DailyTrend, ...]
    rewards: tuple[RewardBucket, ...]
    by_task_type: tuple[ActionStatistics, ...]
    by_strategy: tuple[ActionStatistics, ...]
    top_patterns: tuple[LearnedPattern, ...]
    failure_patterns: tuple[FailurePattern, ...]
