"""aqe: the learned memory of quality-engineering agents.

The names below are loaded on first use, so that ``import aqe`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # importing it from typing would take most of the time of ``import aqe``
if TYPE_CHECKING:
    from typing import Any

    from .learning import (
        ActionChoice,
        AgentOverview,
        BaseAgent,
        LearningEngine,
        LearningTuning,
        PolicyName,
        QLearningConfig,
        QLearningStats,
        UpdateRule,
        create_agent,
    )
    from .maintenance import (
        CheckReport,
        RedactionReport,
        RepairReport,
        check_database,
        redact_database,
        repair_database,
    )
    from .models import (
        Encoder,
        create_encoder,
        register_encoder,
    )
    from .retrieval import (
        BankStatistics,
        CacheStatistics,
        Change,
        FileFormat,
        ForgetReport,
        ImportMode,
        OnDatabaseError,
        PerformanceMetrics,
        QEReasoningBank,
        RankingTuning,
        ReindexReport,
        SearchMode,
        SortKey,
        StorageTuning,
        VectorStatistics,
    )
    from .retrieval.suites.suite_report import (
        GoneTest,
        MovedTest,
        SuiteProgress,
        SuiteReport,
    )
    from .schema import (
        ActionStatistics,
        AgentAction,
        AqeError,
        BackupReport,
        Category,
        ClosedError,
        ContextKind,
        ContextPart,
        DailyTrend,
        Database,
        DatabaseBusyError,
        DatabaseCorruptError,
        DatabaseError,
        DatabaseFullError,
        DatabaseMovedError,
        DatabaseOpenError,
        DatabaseReadOnlyError,
        Durability,
        EncoderError,
        EncoderIdentity,
        EncoderMismatchError,
        Experience,
        FailurePattern,
        FileFacts,
        Framework,
        InterchangeError,
        Language,
        LearnedPattern,
        LearningAnalytics,
        LearningError,
        LearningFeedback,
        LearningOutcome,
        MatchStrength,
        MigrationReport,
        Origin,
        PatternMatch,
        PatternNotFoundError,
        PatternSearchContext,
        PatternSearchCriteria,
        PatternUsageContext,
        PatternVersion,
        Placeholder,
        PlaceholderRole,
        Problem,
        Provenance,
        RecommendationBasis,
        RepairAction,
        RestoreReport,
        RetryPolicy,
        RewardBucket,
        SalvageReport,
        SchemaVersionError,
        Standing,
        StoreReport,
        StoreResult,
        StoreStatus,
        StrategyAlternative,
        StrategyRecommendation,
        SuggestedAction,
        Task,
        TaskResult,
        TaskState,
        TestPattern,
        Trust,
    )
    from .team_figures import TeamReport, team_report

__version__ = "0.1.0"

# Home of names -> the names.
_NAMES = {
    "schema": (
        "ActionStatistics AgentAction AqeError BackupReport Category ClosedError ContextKind "
        "ContextPart DailyTrend Database DatabaseBusyError DatabaseCorruptError DatabaseError "
        "DatabaseFullError DatabaseMovedError DatabaseOpenError DatabaseReadOnlyError "
        "Durability EncoderError EncoderIdentity EncoderMismatchError Experience "
        "FailurePattern FileFacts Framework InterchangeError Language LearnedPattern "
        "LearningAnalytics LearningError LearningFeedback LearningOutcome MatchStrength "
        "MigrationReport Origin PatternMatch PatternNotFoundError PatternSearchContext "
        "PatternSearchCriteria PatternUsageContext PatternVersion Placeholder PlaceholderRole "
        "Problem Provenance RecommendationBasis RepairAction RestoreReport RetryPolicy "
        "RewardBucket SalvageReport SchemaVersionError Standing StoreReport StoreResult "
        "StoreStatus StrategyAlternative StrategyRecommendation SuggestedAction Task "
        "TaskResult TaskState TestPattern Trust "
    ),
    "models": ("Encoder create_encoder register_encoder "),
    "retrieval": (
        "BankStatistics CacheStatistics Change FileFormat ForgetReport ImportMode "
        "OnDatabaseError PerformanceMetrics QEReasoningBank RankingTuning ReindexReport "
        "SearchMode SortKey StorageTuning VectorStatistics "
    ),
    "retrieval.suites.suite_report": ("GoneTest MovedTest SuiteProgress SuiteReport "),
    "learning": (
        "ActionChoice AgentOverview BaseAgent LearningEngine LearningTuning PolicyName "
        "QLearningConfig QLearningStats UpdateRule create_agent "
    ),
    "maintenance": (
        "CheckReport RedactionReport RepairReport check_database redact_database repair_database "
    ),
    "team_figures": ("TeamReport team_report "),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = [
    "ActionChoice",
    "ActionStatistics",
    "AgentAction",
    "AgentOverview",
    "AqeError",
    "BackupReport",
    "BankStatistics",
    "BaseAgent",
    "CacheStatistics",
    "Category",
    "Change",
    "CheckReport",
    "ClosedError",
    "ContextKind",
    "ContextPart",
    "DailyTrend",
    "Database",
    "DatabaseBusyError",
    "DatabaseCorruptError",
    "DatabaseError",
    "DatabaseFullError",
    "DatabaseMovedError",
    "DatabaseOpenError",
    "DatabaseReadOnlyError",
    "Durability",
    "Encoder",
    "EncoderError",
    "EncoderIdentity",
    "EncoderMismatchError",
    "Experience",
    "FailurePattern",
    "FileFacts",
    "FileFormat",
    "ForgetReport",
    "Framework",
    "GoneTest",
    "ImportMode",
    "InterchangeError",
    "Language",
    "LearnedPattern",
    "LearningAnalytics",
    "LearningEngine",
    "LearningError",
    "LearningFeedback",
    "LearningOutcome",
    "LearningTuning",
    "MatchStrength",
    "MigrationReport",
    "MovedTest",
    "OnDatabaseError",
    "Origin",
    "PatternMatch",
    "PatternNotFoundError",
    "PatternSearchContext",
    "PatternSearchCriteria",
    "PatternUsageContext",
    "PatternVersion",
    "PerformanceMetrics",
    "Placeholder",
    "PlaceholderRole",
    "PolicyName",
    "Problem",
    "Provenance",
    "QEReasoningBank",
    "QLearningConfig",
    "QLearningStats",
    "RankingTuning",
    "RecommendationBasis",
    "RedactionReport",
    "ReindexReport",
    "RepairAction",
    "RepairReport",
    "RestoreReport",
    "RetryPolicy",
    "RewardBucket",
    "SalvageReport",
    "SchemaVersionError",
    "SearchMode",
    "SortKey",
    "Standing",
    "StorageTuning",
    "StoreReport",
    "StoreResult",
    "StoreStatus",
    "StrategyAlternative",
    "StrategyRecommendation",
    "SuggestedAction",
    "SuiteProgress",
    "SuiteReport",
    "Task",
    "TaskResult",
    "TaskState",
    "TeamReport",
    "TestPattern",
    "Trust",
    "UpdateRule",
    "VectorStatistics",
    "__version__",
    "check_database",
    "create_agent",
    "create_encoder",
    "redact_database",
    "register_encoder",
    "repair_database",
    "team_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
