"""Extracts a file of a project that has only this file."""

from __future__ import annotations

from pathlib import Path

from aqe.retrieval.extraction import extract_file
from aqe.schema import TestPattern

__all__ = ["extract_sample"]


def extract_sample(
    folder: Path, code: str, name: str = "tests/test_sample.py"
) -> tuple[TestPattern, ...]:
    """Returns the patterns of some code; fails if the file is skipped."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "sample"\n')
    path.write_text(code, "utf-8")
    extracted = extract_file(path)
    assert extracted.skipped is None, extracted.skipped
    return extracted.patterns
