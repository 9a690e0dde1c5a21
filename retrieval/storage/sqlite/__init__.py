"""All SQL of the pattern bank, behind ``PatternStore`` and its sessions."""

from __future__ import annotations

from .check import check_patterns, count_patterns
from .disk_usage import CleanUp, FileMemory, TableMemory, clean_up, file_memory
from .pattern_table import SORT_KEYS, CandidateRow, SortKey, StoredPattern, content_hash
from .repair import quarantine_pattern, repair_patterns
from .statistics import BankStatistics
from .store import PatternSession, PatternStore
from .vector_cache import VectorMemoryStatistics
from .vector_index import VectorLeg, as_blob
from .vector_nearest import dot_products

__all__ = [
    "SORT_KEYS",
    "BankStatistics",
    "CandidateRow",
    "CleanUp",
    "FileMemory",
    "PatternSession",
    "PatternStore",
    "SortKey",
    "StoredPattern",
    "TableMemory",
    "VectorLeg",
    "VectorMemoryStatistics",
    "as_blob",
    "check_patterns",
    "clean_up",
    "content_hash",
    "count_patterns",
    "dot_products",
    "file_memory",
    "quarantine_pattern",
    "repair_patterns",
]
