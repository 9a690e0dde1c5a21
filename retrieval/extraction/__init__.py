"""Test patterns from real test suites: files are found, parsed and read, never run."""

from .extract import ExtractedFile, SkippedFile, extract_file
from .files import find_test_files

__all__ = ["ExtractedFile", "SkippedFile", "extract_file", "find_test_files"]
