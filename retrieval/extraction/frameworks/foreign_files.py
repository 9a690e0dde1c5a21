"""Recognises test files of other languages by their names, and counts their tests.

To add one, add a row to ``FOREIGN_TESTS``. Such files are named in the report of an extraction;
nothing is stored from them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..source_file import ExtractionTuning, read_bytes
from .unsupported_frameworks import UnsupportedFrameworkError

__all__ = ["is_foreign_test", "refuse_foreign_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTests:
    """Test files of another language: their names, and what declares a test."""

    framework: str
    names: re.Pattern[str]
    test: re.Pattern[bytes]


def _names(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})\Z")


def _line(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"^[ \t]*(?:" + pattern + rb")", re.MULTILINE)


FOREIGN_TESTS: Final = (
    ForeignTests(
        framework="cucumber",
        names=_names(r".+\.feature"),
        test=_line(rb"Scenario(?:[ ](?:Outline|Template))?\s*:|Example\s*:"),
    ),
    ForeignTests(
        framework="Robot Framework",
        names=_names(r".+\.robot"),
        test=re.compile(rb"^[^\s#|*]", re.M),
    ),
    ForeignTests(
        framework="Go testing",
        names=_names(r".+_test\.go"),
        test=re.compile(rb"^func[ \t]+(?:Test|Fuzz)\w*\(", re.M),
    ),
    ForeignTests(
        framework="JUnit",
        names=_names(r"(?:Test\w*|\w+(?:Tests?|TestCase|IT))\.(?:java|kt|groovy)"),
        test=_line(rb"@(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\b"),
    ),
    ForeignTests(
        framework="xUnit, NUnit or MSTest",
        names=_names(r"\w*Tests?\.cs"),
        test=_line(rb"\[(?:Fact|Theory|Test|TestCase|TestMethod)\b"),
    ),
    ForeignTests(
        framework="RSpec or Minitest",
        names=_names(r".+_(?:spec|test)\.rb|test_.+\.rb"),
        test=_line(rb"(?:it|specify|test)[ \t]+['\"]|def[ \t]+test_"),
    ),
    ForeignTests(
        framework="PHPUnit",
        names=_names(r"\w+Test\.php"),
        test=_line(rb"(?:public[ \t]+)?function[ \t]+test\w*\(|#\[Test\]"),
    ),
    ForeignTests(framework="bats", names=_names(r".+\.bats"), test=_line(rb"@test\b")),
    ForeignTests(
        framework="Dart test", names=_names(r".+_test\.dart"), test=_line(rb"test(?:Widgets)?\(")
    ),
    ForeignTests(framework="ExUnit", names=_names(r".+_test\.exs"), test=_line(rb"test[ \t]+\"")),
)

_ROBOT_SECTION = re.compile(
    rb"^\*+[ \t]*(?:test cases?|tasks?)[ \t]*\**[^\n]*\n(.*?)(?=^\*|\Z)", re.I | re.M | re.S
)


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
    if foreign.framework == "Robot Framework":
        code = b"\n".join(match[1] for match in _ROBOT_SECTION.finditer(code))
    framework = foreign.framework
    if path.suffix == ".feature" and _has_python_steps(path):
        framework = "behave"
    raise UnsupportedFrameworkError(framework, len(foreign.test.findall(code)))


def _foreign(name: str) -> ForeignTests | None:
    return next((row for row in FOREIGN_TESTS if row.names.match(name)), None)


def _has_python_steps(path: Path) -> bool:
    """Returns whether the steps of a feature file are in Python."""
    for folder in list(path.absolute().parents)[:3]:
        if (folder / "environment.py").is_file():
            return True
        if next((folder / "steps").glob("*.py"), None) is not None:
            return True
    return False
