"""All SQL of the pattern bank, behind ``PatternStore`` and its sessions."""

from __future__ import annotations

from .consistency import check_patterns
from .disk_usage import CleanUp, FileMemory, TableMemory, clean_up, file_memory
from .mending import mend_patterns, quarantine_pattern
from .nearest import dot_products
from .rows import SORT_KEYS, CandidateRow, SortKey, StoredPattern, content_hash
from .statistics import BankStatistics
from .store import PatternSession, PatternStore
from .vector_leg import VectorLeg, as_blob
from .vector_memory import VectorMemoryStatistics

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
    "dot_products",
    "file_memory",
    "mend_patterns",
    "quarantine_pattern",
]
