"""Recognises test files of other languages by their names, and counts their tests.

Such files are named in the report of an extraction; nothing is stored from them.
"""

from __future__ import annotations

import re
from pathlib import Path

from ....schema.frameworks.declarations import declarations
from ....schema.frameworks.framework_declaration import FrameworkDeclaration
from ..source_file import ExtractionTuning, read_bytes
from .unsupported_frameworks import UnsupportedFrameworkError, count_tests

__all__ = ["is_foreign_test", "refuse_foreign_file"]


def is_foreign_test(name: str) -> bool:
    """Returns whether a file name is that of a test of another language."""
    return _foreign(name) is not None


def refuse_foreign_file(path: Path, tuning: ExtractionTuning) -> None:
    """Checks that a file is no test of another language.

    Raises:
        UnsupportedFrameworkError: It is.
        UnreadableSourceError: It is, and cannot be read.
    """
    foreign = _foreign(path.name)
    if foreign is None or path.is_dir():
        return
    code = read_bytes(path, tuning).replace(b"\r\n", b"\n")
    name = foreign.name
    if path.suffix == ".feature" and _has_python_steps(path):
        name = "behave"
    raise UnsupportedFrameworkError(name, count_tests(foreign, code))


def _foreign(name: str) -> FrameworkDeclaration | None:
    foreign = declarations().foreign
    return next((each for each in foreign if re.fullmatch(each.file_names, name)), None)


def _has_python_steps(path: Path) -> bool:
    """Returns whether the steps of a feature file are in Python."""
    for folder in list(path.absolute().parents)[:3]:
        if (folder / "environment.py").is_file():
            return True
        if next((folder / "steps").glob("*.py"), None) is not None:
            return True
    return False
