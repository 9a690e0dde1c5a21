"""Test patterns from real test suites: files are found, parsed and read, never run."""

from .file_discovery import find_test_files
from .file_extraction import ExtractedFile, SkippedFile, extract_file

__all__ = ["ExtractedFile", "SkippedFile", "extract_file", "find_test_files"]
