"""Makes text safe to print, without loading anything."""

from __future__ import annotations

import re

__all__ = ["UNSAFE", "clean", "without_surrogates"]

# C0 but newline and tab, DEL, C1, and the bidirectional and line-separator controls
# (RELIABILITY section 5, "terminal escapes"): each becomes one U+FFFD.
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Returns the text with every character that could control a terminal replaced by U+FFFD."""
    return without_surrogates(UNSAFE.sub("\ufffd", text))


def without_surrogates(text: str) -> str:
    """Returns the text with each lone surrogate, which UTF-8 cannot hold, as U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)
