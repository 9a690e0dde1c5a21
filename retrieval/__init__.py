"""The pattern bank: storing test patterns, extracting them from suites, finding them again."""

from __future__ import annotations

from .bank import QEReasoningBank
from .bank_files import ImportMode
from .cache import CacheStatistics
from .forgetting import ForgetReport
from .interchange import FileFormat
from .metrics import PerformanceMetrics
from .reindexing import ReindexReport
from .search import SearchMode
from .storage import BankStatistics, SortKey
from .storing import Change

__all__ = [
    "BankStatistics",
    "CacheStatistics",
    "Change",
    "FileFormat",
    "ForgetReport",
    "ImportMode",
    "PerformanceMetrics",
    "QEReasoningBank",
    "ReindexReport",
    "SearchMode",
    "SortKey",
]
