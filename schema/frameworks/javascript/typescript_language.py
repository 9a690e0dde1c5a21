"""Declares TypeScript, by its differences from JavaScript."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .javascript_language import DECLARED as JAVASCRIPT
from .javascript_language import EXCLUDED_NAMES

_WITHOUT_JSX: Final = ("typescript", "tsx")

DECLARED: Final = replace(
    JAVASCRIPT,
    name="typescript",
    suffixes=(".ts", ".tsx", ".mts", ".cts"),
    parse_order={
        "": ("tsx", "typescript"),
        ".ts": _WITHOUT_JSX,
        ".mts": _WITHOUT_JSX,
        ".cts": _WITHOUT_JSX,
    },
    excluded_names=EXCLUDED_NAMES,
)
