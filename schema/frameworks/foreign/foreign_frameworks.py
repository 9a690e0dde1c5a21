"""Declares the tests of languages that are not read: their file names, and what is a test."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import unsupported_framework

DECLARED: Final = (
    unsupported_framework(
        "cucumber",
        file_names=r".+\.feature",
        test_code=r"(?m)^[ \t]*(?:Scenario(?:[ ](?:Outline|Template))?\s*:|Example\s*:)",
    ),
    unsupported_framework(
        "Robot Framework",
        file_names=r".+\.robot",
        test_code=r"(?m)^[^\s#|*]",
        section=r"(?ims)^\*+[ \t]*(?:test cases?|tasks?)[ \t]*\**[^\n]*\n(.*?)(?=^\*|\Z)",
    ),
    unsupported_framework(
        "JUnit in Kotlin",
        file_names=r"(?:Test\w*|\w+(?:Tests?|TestCase|IT|Spec))\.kt",
        test_code=r"(?m)^[ \t]*@(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\b",
    ),
    unsupported_framework(
        "Spock or JUnit in Groovy",
        file_names=r"(?:Test\w*|\w+(?:Tests?|TestCase|IT|Spec))\.groovy",
        test_code=r"(?m)^[ \t]*(?:@Test\b|(?:def|void)[ \t]+[\"'][^\"'\n]+[\"'][ \t]*\()",
    ),
    unsupported_framework(
        "xUnit, NUnit or MSTest",
        file_names=r"\w*Tests?\.cs",
        test_code=r"(?m)^[ \t]*\[(?:Fact|Theory|Test|TestCase|TestMethod)\b",
    ),
    unsupported_framework(
        "RSpec or Minitest",
        file_names=r".+_(?:spec|test)\.rb|test_.+\.rb",
        test_code=r"(?m)^[ \t]*(?:(?:it|specify|test)[ \t]+['\"]|def[ \t]+test_)",
    ),
    unsupported_framework(
        "PHPUnit",
        file_names=r"\w+Test\.php",
        test_code=r"(?m)^[ \t]*(?:(?:public[ \t]+)?function[ \t]+test\w*\(|#\[Test\])",
    ),
    unsupported_framework("bats", file_names=r".+\.bats", test_code=r"(?m)^[ \t]*@test\b"),
    unsupported_framework(
        "Dart test", file_names=r".+_test\.dart", test_code=r"(?m)^[ \t]*test(?:Widgets)?\("
    ),
    unsupported_framework(
        "ExUnit", file_names=r".+_test\.exs", test_code=r"(?m)^[ \t]*test[ \t]+\""
    ),
)
