"""Declares the Python frameworks whose tests are only counted."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import unsupported_framework

DECLARED: Final = (
    unsupported_framework(
        "ward",
        "python",
        modules=r"ward(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*@(?:\w+\.)?test\(",
    ),
    unsupported_framework(
        "mamba",
        "python",
        modules=r"mamba(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*with[ \t]+[f_]?it\(",
    ),
    unsupported_framework(
        "vedro",
        "python",
        modules=r"vedro(?:\.|\Z)",
        test_code=r"(?m)^class[ \t]+\w+\((?:vedro\.)?Scenario\)|^@scenario\(",
    ),
    unsupported_framework(
        "testslide",
        "python",
        modules=r"testslide\.dsl(?:\.|\Z)",
        test_code=r"(?m)^[ \t]*@\w+\.[fx]?example\b",
    ),
)
