"""Declares the Python frameworks whose tests are only counted."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import FrameworkDeclaration

DECLARED: Final = (
    FrameworkDeclaration(
        name="ward",
        languages=("python",),
        is_supported=False,
        modules=r"ward(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*@(?:\w+\.)?test\(",
    ),
    FrameworkDeclaration(
        name="mamba",
        languages=("python",),
        is_supported=False,
        modules=r"mamba(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*with[ \t]+[f_]?it\(",
    ),
    FrameworkDeclaration(
        name="vedro",
        languages=("python",),
        is_supported=False,
        modules=r"vedro(?:\.|\Z)",
        test_code=r"(?m)^class[ \t]+\w+\((?:vedro\.)?Scenario\)|^@scenario\(",
    ),
    FrameworkDeclaration(
        name="testslide",
        languages=("python",),
        is_supported=False,
        modules=r"testslide\.dsl(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*@\w+\.[fx]?example\b",
    ),
)
