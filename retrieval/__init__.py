"""The pattern bank: storing test patterns, extracting them from suites, finding them again."""

from __future__ import annotations

from .answer_cache import CacheStatistics
from .bank import QEReasoningBank
from .bank_files import ImportMode
from .exchange.formats import FileFormat
from .ingest.reindex import ReindexReport
from .ingest.writer import Change
from .lookup_times import PerformanceMetrics
from .ranking.search import SearchMode
from .storage.sqlite import BankStatistics, SortKey
from .usage.erasure import ForgetReport

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
