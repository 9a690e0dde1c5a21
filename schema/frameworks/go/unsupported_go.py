"""Declares the Go frameworks whose tests are only counted."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import unsupported_framework

DECLARED: Final = (
    unsupported_framework(
        "Ginkgo",
        "go",
        modules=r"github\.com/onsi/ginkgo(?:/|\Z)",
        test_code=r"(?<![\w.])(?:\w+\.)?[FPX]?(?:It|Specify|Entry)\(",
    ),
    unsupported_framework(
        "gocheck",
        "go",
        modules=r"(?:gopkg\.in|launchpad\.net|github\.com/go-check)/(?:check|gocheck)\b",
        test_code=r"(?m)^func[ \t]*\([^)\n]*\)[ \t]*Test\w*\([^)\n]*\*(?:\w+\.)?C\)",
    ),
)
