"""Declares the tests of languages that are not read: their file names, and what is a test."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import FrameworkDeclaration


def _foreign(name: str, file_names: str, test_code: str, section: str = "") -> FrameworkDeclaration:
    return FrameworkDeclaration(
        name=name,
        is_supported=False,
        file_names=file_names,
        test_code=test_code,
        section=section,
    )


DECLARED: Final = (
    _foreign(
        "cucumber",
        r".+\.feature",
        r"(?m)^[ \t]*(?:Scenario(?:[ ](?:Outline|Template))?\s*:|Example\s*:)",
    ),
    _foreign(
        "Robot Framework",
        r".+\.robot",
        r"(?m)^[^\s#|*]",
        r"(?ims)^\*+[ \t]*(?:test cases?|tasks?)[ \t]*\**[^\n]*\n(.*?)(?=^\*|\Z)",
    ),
    _foreign(
        "JUnit in Kotlin",
        r"(?:Test\w*|\w+(?:Tests?|TestCase|IT|Spec))\.kt",
        r"(?m)^[ \t]*@(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\b",
    ),
    _foreign(
        "Spock or JUnit in Groovy",
        r"(?:Test\w*|\w+(?:Tests?|TestCase|IT|Spec))\.groovy",
        r"(?m)^[ \t]*(?:@Test\b|(?:def|void)[ \t]+[\"'][^\"'\n]+[\"'][ \t]*\()",
    ),
    _foreign(
        "xUnit, NUnit or MSTest",
        r"\w*Tests?\.cs",
        r"(?m)^[ \t]*\[(?:Fact|Theory|Test|TestCase|TestMethod)\b",
    ),
    _foreign(
        "RSpec or Minitest",
        r".+_(?:spec|test)\.rb|test_.+\.rb",
        r"(?m)^[ \t]*(?:(?:it|specify|test)[ \t]+['\"]|def[ \t]+test_)",
    ),
    _foreign(
        "PHPUnit",
        r"\w+Test\.php",
        r"(?m)^[ \t]*(?:(?:public[ \t]+)?function[ \t]+test\w*\(|#\[Test\])",
    ),
    _foreign("bats", r".+\.bats", r"(?m)^[ \t]*@test\b"),
    _foreign("Dart test", r".+_test\.dart", r"(?m)^[ \t]*test(?:Widgets)?\("),
    _foreign("ExUnit", r".+_test\.exs", r"(?m)^[ \t]*test[ \t]+\""),
)
