"""Computes the reward of a result: a number from -2 to 2."""

from __future__ import annotations

import math

from ...schema import LearningFeedback, TaskResult

__all__ = [
    "BUCKET_WIDTH",
    "REWARD_BUCKETS",
    "REWARD_HIGH",
    "REWARD_LOW",
    "reward_bucket",
    "reward_of",
]

REWARD_LOW = -2.0
REWARD_HIGH = 2.0
# A task that took this long or longer earns nothing for speed.
SLOW_S = 30.0
# The distribution of rewards is counted in steps of equal width.
REWARD_BUCKETS = 8
BUCKET_WIDTH = (REWARD_HIGH - REWARD_LOW) / REWARD_BUCKETS


def reward_of(result: TaskResult, feedback: LearningFeedback | None = None) -> float:
    """Returns the reward of a result; each part counts only where it is known.

    +1 for success, -1 for failure; 0.5 * max(0, 1 - seconds / 30); -0.1 for each error;
    2 * (rating - 0.5) and -0.2 for each issue of the feedback; 2 * (coverage - 0.8).
    The sum is clamped to [-2, 2].

    Raises:
        TypeError: ``result`` is not a TaskResult: without a success flag there is nothing to learn.
    """
    if not isinstance(result, TaskResult):
        raise TypeError(f"result must be a TaskResult, got {type(result).__name__}")
    parts = [1.0 if result.success else -1.0, -0.1 * len(result.errors)]
    if result.execution_time_ms is not None:
        parts.append(0.5 * max(0.0, 1 - result.execution_time_ms / 1000 / SLOW_S))
    if result.coverage is not None:
        parts.append(2 * (result.coverage - 0.8))
    if feedback is not None:
        parts.append(-0.2 * len(feedback.issues))
        if feedback.rating is not None:
            parts.append(2 * (feedback.rating - 0.5))
    return min(REWARD_HIGH, max(REWARD_LOW, math.fsum(parts)))


def reward_bucket(reward: float) -> int:
    """Returns the index of the step that a reward falls into; the last one includes its end."""
    return min(REWARD_BUCKETS - 1, max(0, int((reward - REWARD_LOW) // BUCKET_WIDTH)))
