"""Validates the fields of records; messages name the field, what was expected and the value.

``require_…`` returns nothing; the others return the value as the record stores it. All of them
raise ``TypeError`` for a wrong type and ``ValueError`` for a value out of range. Searches build
records, so the usual case is checked first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

__all__ = [
    "MAX_COUNT",
    "as_share",
    "as_text",
    "as_texts",
    "as_utc",
    "bounded_texts",
    "records_of",
    "require_count",
    "require_flag",
    "require_framework",
    "require_language",
    "require_mapping",
    "require_not_negative",
    "require_one_of",
    "require_share",
    "require_text",
    "require_type",
    "without_secrets",
]

# The largest integer that every JSON reader represents exactly.
MAX_COUNT = 2**53

# No secret is shorter.
MIN_SECRET_CHARS = 10

_SURROGATES = re.compile("[\ud800-\udfff]")


def require_type(name: str, value: object, expected: type) -> None:
    """Refuses what is not an instance of a class.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(value, expected):
        raise TypeError(f"{name} must be a {expected.__name__}, got {type(value).__name__}")


def require_text(name: str, value: object, *, max_chars: int | None = None) -> None:
    """Refuses what is not text, or has more characters than ``max_chars``.

    Raises:
        TypeError: It is not text.
        ValueError: It is too long.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {type(value).__name__}")
    if max_chars is not None and len(value) > max_chars:
        raise ValueError(f"{name} must have at most {max_chars} characters, got {len(value)}")


def bounded_texts(
    name: str, values: object, *, max_chars: int | None = None, max_items: int | None = None
) -> tuple[str, ...]:
    """Returns a list of texts as a tuple, the texts unchanged.

    Raises:
        TypeError: It is not a list of texts.
        ValueError: It has too many entries, or one that is too long.
    """
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must be a list of texts, got {type(values).__name__}")
    if max_items is not None and len(values) > max_items:
        raise ValueError(f"{name} must have at most {max_items} entries, got {len(values)}")
    each = f"each of {name}"
    for value in values:
        require_text(each, value, max_chars=max_chars)
    return tuple(values)


def as_text(name: str, value: object) -> str:
    """Returns a text as it can be stored: a lone surrogate, which UTF-8 lacks, as U+FFFD.

    Raises:
        TypeError: It is not text.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {type(value).__name__}")
    return value if value.isascii() else _SURROGATES.sub("\ufffd", value)


def without_secrets(text: str) -> str:
    """Returns a text with each secret replaced by a placeholder; equal for equal texts."""
    if len(text) < MIN_SECRET_CHARS:  # most names; a search needs no rules
        return text
    return _redaction()(text)


@cache
def _redaction() -> Callable[[str], str]:
    from ..redaction.stored_text import redacted_text

    return redacted_text


def as_texts(name: str, values: object) -> tuple[str, ...]:
    """Returns a list of texts as it can be stored.

    Raises:
        TypeError: It is not a list of texts.
    """
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must be a list of texts, got {type(values).__name__}")
    each = f"each of {name}"
    return tuple([as_text(each, value) for value in values])


def require_one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    """Refuses a value that is not among those allowed.

    Raises:
        ValueError: It is not.
    """
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def require_framework(name: str, value: object) -> None:
    """Refuses what is not the name of a declared framework.

    Raises:
        ValueError: It is not.
    """
    from ..frameworks import declarations  # most searches name none

    declarations.require_framework(name, value)


def require_language(name: str, value: object) -> None:
    """Refuses what is not the name of a declared language.

    Raises:
        ValueError: It is not.
    """
    from ..frameworks import declarations

    declarations.require_language(name, value)


def require_flag(name: str, value: object) -> None:
    """Refuses what is not True or False; 0 and 1 are not.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")


def as_share(name: str, value: object) -> float:
    """Returns a number from 0 to 1 as a float.

    Raises:
        TypeError: It is not a number.
        ValueError: It is out of range, or not a number at all (NaN).
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number from 0 to 1, got {type(value).__name__}")
    if not 0 <= value <= 1:  # also refuses NaN
        raise ValueError(f"{name} must be from 0 to 1, got {value}")
    return float(value) + 0.0  # SQLite stores -0.0 as 0.0


def require_share(name: str, value: object) -> None:
    """Refuses what is neither None nor a number from 0 to 1.

    Raises:
        TypeError: It is not a number.
        ValueError: It is out of range.
    """
    if value is not None:
        as_share(name, value)


def require_not_negative(name: str, value: object) -> None:
    """Refuses what is neither None nor a finite number of at least 0.

    Raises:
        TypeError: It is not a number.
        ValueError: It is negative or not finite.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not 0 <= value < math.inf:  # also refuses NaN
        raise ValueError(f"{name} must be finite and >= 0, got {value}")


def require_count(name: str, value: object, *, minimum: int = 0) -> None:
    """Refuses what is not a whole number from ``minimum`` to ``MAX_COUNT``.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {type(value).__name__}")
    if not minimum <= value <= MAX_COUNT:
        raise ValueError(f"{name} must be from {minimum} to {MAX_COUNT}, got {value}")


def require_mapping(name: str, value: object) -> None:
    """Refuses what is not a mapping.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping, got {type(value).__name__}")


def records_of(name: str, values: object, record: type) -> tuple[Any, ...]:
    """Returns a list of records as a tuple.

    Raises:
        TypeError: It is not a list of such records.
    """
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must be a list of {record.__name__}, got {type(values).__name__}")
    for value in values:
        require_type(f"each of {name}", value, record)
    return tuple(values)


def as_utc(name: str, value: object) -> datetime:
    """Returns a time in UTC; one without a zone is taken as UTC.

    Raises:
        TypeError: It is not a datetime.
        ValueError: In UTC it is before the year 1 or after 9999.
    """
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime, got {type(value).__name__}")
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(
            f"{name} must be from the year 1 to 9999 in UTC, got {value.isoformat()}"
        ) from None
