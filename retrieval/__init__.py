"""The pattern bank: extracts test patterns from suites, stores them, finds them again.

The flow is ``extraction/`` -> ``ingest/`` -> ``storage/`` -> ``ranking/``; ``usage/`` learns from
what happened afterwards, ``exchange/`` moves patterns to and from files, ``text/`` and
``quality/`` are used by all. ``bank.py`` is the public face.
"""

from __future__ import annotations

from .answer_cache import CacheStatistics, PerformanceMetrics
from .bank import ImportMode, QEReasoningBank
from .exchange.formats import FileFormat
from .ingest.reindex import ReindexReport
from .ranking.ranking_tuning import RankingTuning
from .storage.backend import PatternBackend, PatternReader, PatternWriter
from .storage.sqlite import SQLitePatternBackend, StorageTuning
from .storage.storage_values import BankStatistics, Change, SearchMode, SortKey, VectorStatistics
from .usage.erasure import ForgetReport

__all__ = [
    "BankStatistics",
    "CacheStatistics",
    "Change",
    "FileFormat",
    "ForgetReport",
    "ImportMode",
    "PatternBackend",
    "PatternReader",
    "PatternWriter",
    "PerformanceMetrics",
    "QEReasoningBank",
    "RankingTuning",
    "ReindexReport",
    "SQLitePatternBackend",
    "SearchMode",
    "SortKey",
    "StorageTuning",
    "VectorStatistics",
]
