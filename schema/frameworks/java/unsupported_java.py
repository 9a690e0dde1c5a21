"""Declares the Java frameworks whose tests are only counted."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import unsupported_framework

DECLARED: Final = (
    unsupported_framework(
        "TestNG",
        "java",
        modules=r"org\.testng\.annotations(?:\.|\Z)",
        test_code=r"(?<![\w*/])@Test\b",
    ),
    unsupported_framework(
        "JUnit 3",
        "java",
        modules=r"junit\.framework(?:\.|\Z)",
        test_code=r"\bpublic[ \t]+void[ \t]+test\w*[ \t]*\(\s*\)",
    ),
    unsupported_framework(
        "jqwik",
        "java",
        modules=r"net\.jqwik\.api(?:\.|\Z)",
        test_code=r"(?<![\w*/])@(?:Property|Example)\b",
    ),
)
