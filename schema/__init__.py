"""Defines records and errors, and manages the database file and its migrations.

The lowest layer: ``models``, ``retrieval``, ``learning`` and ``cli`` import it, and it imports none
of them. ``records/`` defines the values that the halves exchange, ``database/`` manages the
file, ``migrations/`` has its tables as SQL, ``errors.py`` all exceptions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .database.connection_settings import Durability
from .database.database import Database
from .database.database_tuning import DatabaseTuning
from .database.file_check import (
    FileFacts,
    Problem,
    RepairAction,
    check_file,
    file_facts,
    rebuild_indexes,
    unreadable,
)
from .database.files.private_file import real_path
from .database.files.side_files import orphaned_logs
from .database.location import DatabaseLocation, find_beside_bank, locate_database
from .database.migrate import MigrationReport, known_migrations, schema_version
from .errors import (
    AqeError,
    ClosedError,
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseFullError,
    DatabaseMovedError,
    DatabaseOpenError,
    DatabaseReadOnlyError,
    EncoderError,
    EncoderMismatchError,
    InterchangeError,
    LearningError,
    PatternNotFoundError,
    SchemaVersionError,
)
from .records.encoder_identity import EncoderIdentity
from .records.pattern_parts import ContextKind, ContextPart, Placeholder, PlaceholderRole
from .records.pattern_query import (
    MatchStrength,
    PatternMatch,
    PatternSearchContext,
    PatternSearchCriteria,
)
from .records.patterns import (
    CATEGORIES,
    Category,
    Framework,
    Language,
    PatternUsageContext,
    PatternVersion,
    TestPattern,
    stable_id,
    utc_now,
)
from .records.provenance import ORIGINS, TRUSTED, UNPROVEN, Origin, Provenance, Trust, agent_key
from .records.store_report import StoreReport, StoreResult, StoreStatus

if TYPE_CHECKING:  # a search needs none of these; their records take 15 ms to build
    from .database.files.backup import BackupReport, RestoreReport, back_up, restore
    from .database.files.file_replacement import KeptFiles, put_in_place
    from .database.files.private_file import partial_file, remove_stale_partials, write_private
    from .database.files.salvage import SalvageReport, salvage, salvage_in_place
    from .frameworks.declarations import declarations, declare, withdraw
    from .frameworks.framework_declaration import CallForms, EvidenceWeights, FrameworkDeclaration
    from .records.learned import (
        ActionStatistics,
        DailyTrend,
        FailurePattern,
        LearnedPattern,
        LearningAnalytics,
        RecommendationBasis,
        RewardBucket,
        Standing,
        StrategyAlternative,
        StrategyRecommendation,
        SuggestedAction,
    )
    from .records.learning import (
        RETRY_POLICIES,
        AgentAction,
        Experience,
        LearningFeedback,
        LearningOutcome,
        RetryPolicy,
        Task,
        TaskResult,
        TaskState,
    )
    from .records.patterns import FRAMEWORKS, LANGUAGES

__all__ = [
    "CATEGORIES",
    "FRAMEWORKS",
    "LANGUAGES",
    "ORIGINS",
    "RETRY_POLICIES",
    "TRUSTED",
    "UNPROVEN",
    "ActionStatistics",
    "AgentAction",
    "AqeError",
    "BackupReport",
    "CallForms",
    "Category",
    "ClosedError",
    "ContextKind",
    "ContextPart",
    "DailyTrend",
    "Database",
    "DatabaseBusyError",
    "DatabaseCorruptError",
    "DatabaseError",
    "DatabaseFullError",
    "DatabaseLocation",
    "DatabaseMovedError",
    "DatabaseOpenError",
    "DatabaseReadOnlyError",
    "DatabaseTuning",
    "Durability",
    "EncoderError",
    "EncoderIdentity",
    "EncoderMismatchError",
    "EvidenceWeights",
    "Experience",
    "FailurePattern",
    "FileFacts",
    "Framework",
    "FrameworkDeclaration",
    "InterchangeError",
    "KeptFiles",
    "Language",
    "LearnedPattern",
    "LearningAnalytics",
    "LearningError",
    "LearningFeedback",
    "LearningOutcome",
    "MatchStrength",
    "MigrationReport",
    "Origin",
    "PatternMatch",
    "PatternNotFoundError",
    "PatternSearchContext",
    "PatternSearchCriteria",
    "PatternUsageContext",
    "PatternVersion",
    "Placeholder",
    "PlaceholderRole",
    "Problem",
    "Provenance",
    "RecommendationBasis",
    "RepairAction",
    "RestoreReport",
    "RetryPolicy",
    "RewardBucket",
    "SalvageReport",
    "SchemaVersionError",
    "Standing",
    "StoreReport",
    "StoreResult",
    "StoreStatus",
    "StrategyAlternative",
    "StrategyRecommendation",
    "SuggestedAction",
    "Task",
    "TaskResult",
    "TaskState",
    "TestPattern",
    "Trust",
    "agent_key",
    "back_up",
    "check_file",
    "declarations",
    "declare",
    "file_facts",
    "find_beside_bank",
    "known_migrations",
    "locate_database",
    "orphaned_logs",
    "partial_file",
    "put_in_place",
    "real_path",
    "rebuild_indexes",
    "remove_stale_partials",
    "restore",
    "salvage",
    "salvage_in_place",
    "schema_version",
    "stable_id",
    "unreadable",
    "utc_now",
    "withdraw",
    "write_private",
]

# Name -> the module that it is imported from when it is first used.
_HOMES = {
    **dict.fromkeys(("declarations", "declare", "withdraw"), ".frameworks.declarations"),
    **dict.fromkeys(
        ("CallForms", "EvidenceWeights", "FrameworkDeclaration"),
        ".frameworks.framework_declaration",
    ),
    **dict.fromkeys(("FRAMEWORKS", "LANGUAGES"), ".records.patterns"),
    **dict.fromkeys(
        ("BackupReport", "RestoreReport", "back_up", "restore"),
        ".database.files.backup",
    ),
    **dict.fromkeys(("KeptFiles", "put_in_place"), ".database.files.file_replacement"),
    **dict.fromkeys(
        ("partial_file", "remove_stale_partials", "write_private"),
        ".database.files.private_file",
    ),
    **dict.fromkeys(
        ("SalvageReport", "salvage", "salvage_in_place"),
        ".database.files.salvage",
    ),
    **dict.fromkeys(
        (
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
        ),
        ".records.learned",
    ),
    **dict.fromkeys(
        (
            "AgentAction",
            "Experience",
            "LearningFeedback",
            "LearningOutcome",
            "RETRY_POLICIES",
            "RetryPolicy",
            "Task",
            "TaskResult",
            "TaskState",
        ),
        ".records.learning",
    ),
}
# Declared frameworks can be added in a process.
_CHANGING = frozenset({"FRAMEWORKS", "LANGUAGES"})


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    if name not in _CHANGING:
        globals()[name] = value
    return value
