"""Extracts test patterns from test suites; code is parsed, never run.

``discovery/`` finds test files, ``file_extraction.py`` runs the steps for one file: read and
redact (``source_file.py``), find tests and imports (``languages/``), detect the framework
(``frameworks/``), build a pattern from each test (``pattern_*.py``, ``labels/``,
``placeholders/``).
After it: ``ingest/`` stores the patterns.
"""

from .discovery.file_discovery import (
    FoundFiles,
    discover_test_files,
    find_test_files,
    require_paths,
)
from .discovery.project_names import bank_project, project_folder
from .discovery.project_root import ProjectRoot, find_project_root
from .file_extraction import (
    ExtractedFile,
    LostTest,
    SkippedFile,
    UnsupportedTests,
    extract_file,
)
from .source_file import ExtractionTuning

__all__ = [
    "ExtractedFile",
    "ExtractionTuning",
    "FoundFiles",
    "LostTest",
    "ProjectRoot",
    "SkippedFile",
    "UnsupportedTests",
    "bank_project",
    "discover_test_files",
    "extract_file",
    "find_project_root",
    "find_test_files",
    "project_folder",
    "require_paths",
]
