"""Redacts texts and JSON values as they are stored; the same input always gives the same output.

Names and ids recur with every task, so what was found in short texts is remembered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec

from .redaction import redact

__all__ = ["redacted_json", "redacted_text"]

# The shortest secret has ten characters, with its name or prefix more.
MIN_SECRET_CHARS: Final = 10
MAX_REMEMBERED_CHARS: Final = 256
MAX_REMEMBERED_TEXTS: Final = 4096


def redacted_text(text: str) -> str:
    """Returns a text without its secrets."""
    if len(text) < MIN_SECRET_CHARS:
        return text
    return _remembered(text) if len(text) <= MAX_REMEMBERED_CHARS else redact(text)


def redacted_json(value: Any) -> Any:
    """Returns a JSON value in which no text holds a secret, alone or by the key that names it."""
    text = msgspec.json.encode(value).decode()
    clean = redact(text)
    if clean == text:
        return value
    try:
        return msgspec.json.decode(clean)
    except msgspec.DecodeError:  # a secret over several texts took the quotes between them along
        return _part_by_part(value)


_remembered = lru_cache(maxsize=MAX_REMEMBERED_TEXTS)(redact)


def _part_by_part(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(key): _named(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_part_by_part(item) for item in value]
    return value


def _named(name: str, value: Any) -> Any:
    """Returns the value of a key, redacted; its key may show that it is a secret."""
    if not isinstance(value, str):
        return _part_by_part(value)
    opening = f'{name}="'
    clean = redact(f'{opening}{value}"')
    return clean[len(opening) : -1] if clean.startswith(opening) else redact(value)
