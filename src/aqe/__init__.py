"""aqe: the learned memory of quality-engineering agents.

The names below are loaded on first use, so that ``import aqe`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .learning import BaseAgent, LearningEngine, QLearningConfig, create_agent
    from .maintenance import (
        CheckReport,
        RedactionReport,
        RepairReport,
        check_database,
        redact_database,
        repair_database,
    )
    from .models import Encoder, create_encoder
    from .retrieval import QEReasoningBank
    from .schema import (
        AgentAction,
        AqeError,
        ContextPart,
        Database,
        LearningFeedback,
        PatternMatch,
        PatternSearchContext,
        PatternSearchCriteria,
        PatternUsageContext,
        Placeholder,
        Problem,
        StoreReport,
        StoreResult,
        Task,
        TaskResult,
        TaskState,
        TestPattern,
    )
    from .team_figures import TeamReport, team_report

__version__ = "0.1.0"

_HOMES = {
    "AgentAction": "schema",
    "AqeError": "schema",
    "BaseAgent": "learning",
    "CheckReport": "maintenance",
    "ContextPart": "schema",
    "Database": "schema",
    "Encoder": "models",
    "LearningEngine": "learning",
    "LearningFeedback": "schema",
    "PatternMatch": "schema",
    "PatternSearchContext": "schema",
    "PatternSearchCriteria": "schema",
    "PatternUsageContext": "schema",
    "Placeholder": "schema",
    "Problem": "schema",
    "QEReasoningBank": "retrieval",
    "QLearningConfig": "learning",
    "RedactionReport": "maintenance",
    "RepairReport": "maintenance",
    "StoreReport": "schema",
    "StoreResult": "schema",
    "Task": "schema",
    "TaskResult": "schema",
    "TaskState": "schema",
    "TeamReport": "team_figures",
    "TestPattern": "schema",
    "check_database": "maintenance",
    "redact_database": "maintenance",
    "create_agent": "learning",
    "create_encoder": "models",
    "repair_database": "maintenance",
    "team_report": "team_figures",
}

__all__ = [
    "AgentAction",
    "AqeError",
    "BaseAgent",
    "CheckReport",
    "ContextPart",
    "Database",
    "Encoder",
    "LearningEngine",
    "LearningFeedback",
    "PatternMatch",
    "PatternSearchContext",
    "PatternSearchCriteria",
    "PatternUsageContext",
    "Placeholder",
    "Problem",
    "QEReasoningBank",
    "QLearningConfig",
    "RedactionReport",
    "RepairReport",
    "StoreReport",
    "StoreResult",
    "Task",
    "TaskResult",
    "TaskState",
    "TeamReport",
    "TestPattern",
    "__version__",
    "check_database",
    "create_agent",
    "create_encoder",
    "redact_database",
    "repair_database",
    "team_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
