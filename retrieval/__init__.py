"""Extracts test patterns from suites, stores them in a bank and finds them again.

The flow is ``extraction/`` -> ``ingest/`` -> ``storage/`` -> ``ranking/``; ``usage/`` records
outcomes and trust, ``exchange/`` reads and writes files of patterns, ``text/`` and ``quality/``
serve all steps. ``bank.py`` is the public face.
"""

from __future__ import annotations

from .answer_cache import CacheStatistics, PerformanceMetrics
from .bank import ImportMode, QEReasoningBank
from .exchange.formats import FileFormat
from .ingest.reindex import ReindexReport
from .ranking.ranking_tuning import RankingTuning
from .resources import OnDatabaseError
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
    "OnDatabaseError",
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
