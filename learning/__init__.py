"""What was done, how it went, and what to do next: Q-learning, agents and their improvement."""

from __future__ import annotations

from .agents.agent_memory import PatternBank
from .agents.base_agent import BaseAgent, Perform, TaskContext, create_agent
from .agents.environment import learning_switched_on
from .agents.roles import ROLES, AgentRole, role_named
from .analytics import analyse, first_day
from .check import check_learning, repair_learning
from .config import QLearningConfig
from .decision.action_choice import ActionChoice, QLearningStats
from .engine import LearningEngine
from .improvement.cycle import CycleReport, StageReport, run_cycle
from .improvement.loop import loop_is_alive, request_stop, run_loop
from .outcome.outcome_json import Outcome, outcome_from_mapping
from .overview import AgentOverview, overview
from .storage.sqlite.store import LearningRows, LearningStore

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
    "outcome_from_mapping",
    "overview",
    "repair_learning",
    "request_stop",
    "role_named",
    "run_cycle",
    "run_loop",
]
