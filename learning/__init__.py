"""Learns from the outcome of tasks: Q-learning, agents, and the improvement cycle.

The flow: ``outcome/`` (a task becomes an experience), ``q_learning/`` (experiences become
Q-values), ``decision/`` (Q-values become a choice); ``storage/`` stores all of it,
``improvement/`` consolidates it, ``agents/`` uses it. ``LearningEngine`` is the public face.
"""

from __future__ import annotations

from .agents.agent_services import PatternBank
from .agents.base_agent import BaseAgent, Perform, TaskContext, create_agent
from .agents.environment import learning_switched_on
from .agents.roles import ROLES, AgentRole, role_named
from .analytics import analyse, first_day
from .check import (
    check_learning,
    check_learning_in,
    redact_learning_in,
    repair_learning,
    repair_learning_in,
)
from .config import LearningTuning, PolicyName, QLearningConfig, UpdateRule
from .decision.action_choice import ActionChoice, QLearningStats
from .engine import LearningEngine
from .improvement.cycle import (
    CycleReport,
    CycleTuning,
    Stage,
    StageReport,
    StageWork,
    run_cycle,
    standard_stages,
)
from .improvement.loop import loop_is_alive, request_stop, run_loop
from .outcome.outcome_json import Outcome, outcome_from_mapping
from .overview import AgentOverview, overview
from .storage.backend import LearningBackend, LearningReader, LearningWriter
from .storage.learning_rows import CycleRow, ImprovementStatus, LoopRow, StageError
from .storage.sqlite.learning_backend import SQLiteLearningBackend

__all__ = [
    "ROLES",
    "ActionChoice",
    "AgentOverview",
    "AgentRole",
    "BaseAgent",
    "CycleReport",
    "CycleRow",
    "CycleTuning",
    "ImprovementStatus",
    "LearningBackend",
    "LearningEngine",
    "LearningReader",
    "LearningTuning",
    "LearningWriter",
    "LoopRow",
    "Outcome",
    "PatternBank",
    "Perform",
    "PolicyName",
    "QLearningConfig",
    "QLearningStats",
    "SQLiteLearningBackend",
    "Stage",
    "StageError",
    "StageReport",
    "StageWork",
    "TaskContext",
    "UpdateRule",
    "analyse",
    "check_learning",
    "check_learning_in",
    "create_agent",
    "first_day",
    "learning_switched_on",
    "loop_is_alive",
    "outcome_from_mapping",
    "overview",
    "redact_learning_in",
    "repair_learning",
    "repair_learning_in",
    "request_stop",
    "role_named",
    "run_cycle",
    "run_loop",
    "standard_stages",
]
