"""What was done, how it went, and what to do next: Q-learning, agents and their improvement."""

from __future__ import annotations

from .agent import BaseAgent, Perform, TaskContext, create_agent
from .config import QLearningConfig
from .decision import ActionChoice, QLearningStats
from .engine import LearningEngine
from .memory import PatternBank
from .roles import ROLES, AgentRole, role_named
from .switch import learning_switched_on

__all__ = [
    "ROLES",
    "ActionChoice",
    "AgentRole",
    "BaseAgent",
    "LearningEngine",
    "PatternBank",
    "Perform",
    "QLearningConfig",
    "QLearningStats",
    "TaskContext",
    "create_agent",
    "learning_switched_on",
    "role_named",
]
