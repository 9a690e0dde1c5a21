"""Declares the Java frameworks whose tests are only counted."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import FrameworkDeclaration

DECLARED: Final = (
    FrameworkDeclaration(
        name="TestNG",
        languages=("java",),
        is_supported=False,
        modules=r"org\.testng\.annotations(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*@Test\b",
    ),
    FrameworkDeclaration(
        name="JUnit 3",
        languages=("java",),
        is_supported=False,
        modules=r"junit\.framework(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*public[ \t]+void[ \t]+test\w*[ \t]*\(\s*\)",
    ),
    FrameworkDeclaration(
        name="jqwik",
        languages=("java",),
        is_supported=False,
        modules=r"net\.jqwik\.api(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*@(?:Property|Example)\b",
    ),
)
