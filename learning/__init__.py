"""What was done, how it went, and what to do next: Q-learning, agents and their improvement."""

from __future__ import annotations

from .agent import BaseAgent, Perform, TaskContext, create_agent
from .analytics import analyse, first_day
from .checking import check_learning, mend_learning
from .config import QLearningConfig
from .decision import ActionChoice, QLearningStats
from .engine import LearningEngine
from .improvement import CycleReport, StageReport, run_cycle
from .improvement_loop import loop_is_alive, request_stop, run_loop
from .interchange import Outcome, outcome_from_mapping
from .memory import PatternBank
from .overview import AgentOverview, overview
from .roles import ROLES, AgentRole, role_named
from .storage import LearningRows, LearningStore
from .switch import learning_switched_on

__all__ = [
    "ROLES",
    "ActionChoice",
    "AgentOverview",
    "AgentRole",
    "BaseAgent",
    "CycleReport",
    "LearningEngine",
    "LearningRows",
    "LearningStore",
    "Outcome",
    "PatternBank",
    "Perform",
    "QLearningConfig",
    "QLearningStats",
    "StageReport",
    "TaskContext",
    "analyse",
    "check_learning",
    "create_agent",
    "first_day",
    "learning_switched_on",
    "loop_is_alive",
    "mend_learning",
    "outcome_from_mapping",
    "overview",
    "request_stop",
    "role_named",
    "run_cycle",
    "run_loop",
]
