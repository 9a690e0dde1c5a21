"""Stores a bank in SQLite: one file with rows, their embeddings and an FTS5 index.

``pattern_backend.py`` opens sessions, ``pattern_session.py`` is one transaction; the
``*_table`` files hold the SQL of their tables, ``text_*`` the full-text index, ``vector_*`` the
three ways to search vectors, ``filter_*`` exact filters. FTS5's syntax, distances, row numbers
and ``data_version`` stay in this folder.
"""

from __future__ import annotations

from .bank_check import CHECK_DEADLINE_S, check_patterns, count_patterns
from .bank_repair import quarantine_patterns, redact_bank, repair_bank, repair_patterns
from .pattern_backend import SQLitePatternBackend
from .pattern_session import SQLitePatternSession
from .storage_tuning import StorageTuning
from .vector_file_build import check_vector_file, repair_vector_file

__all__ = [
    "CHECK_DEADLINE_S",
    "SQLitePatternBackend",
    "SQLitePatternSession",
    "StorageTuning",
    "check_patterns",
    "check_vector_file",
    "count_patterns",
    "quarantine_patterns",
    "redact_bank",
    "repair_bank",
    "repair_patterns",
    "repair_vector_file",
]
