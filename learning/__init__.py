"""What was done, how it went, and what to do next: Q-learning, agents and their improvement."""

from __future__ import annotations

from .config import QLearningConfig
from .decision import ActionChoice, QLearningStats
from .engine import LearningEngine

__all__ = ["ActionChoice", "LearningEngine", "QLearningConfig", "QLearningStats"]
