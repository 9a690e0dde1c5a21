"""Says what is wrong with a JSON or YAML document, in a user's words instead of a parser's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

__all__ = ["field_fault", "json_fault", "yaml_fault"]

_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_TRUNCATED = "Input data was truncated"
_MALFORMED = "JSON is malformed: "
# What a decoder says of a field -> what we say. A place is ``$`` for the whole, or ``$.tags[0]``.
_FIELD_FAULTS: dict[str, Callable[[re.Match[str]], str]] = {
    r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`": lambda found: (
        f"expected {_kind(found['expected'])}, got {_kind(found['got'])}"
    ),
    r"Object (?:missing|contains) required field `(?P<field>[^`]+)`": lambda found: (
        f"required field {found['field']!r} is missing"
    ),
    r"Invalid enum value (?P<got>.+)": lambda found: (
        f"{found['got']} is not one of the values that it may have"
    ),
    r"Invalid RFC3339 encoded datetime": lambda _: "expected a time such as 2026-01-31T12:00:00Z",
}
_PLACE = re.compile(r"(?P<fault>.*?) - at `(?:key in )?\$\.?(?P<place>[^`]*)`", re.DOTALL)


def json_fault(error: Exception) -> str:
    """Returns why a text is no JSON document.

    Args:
        error: A ``msgspec.DecodeError``, or a ``RecursionError``.
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = str(error)
    return "it ends too early" if text == _TRUNCATED else text.removeprefix(_MALFORMED)


def field_fault(error: Exception) -> str:
    """Returns which field of a document is wrong, and why.

    Args:
        error: A ``msgspec.ValidationError``; the message of a check of ours is returned as it is.
    """
    found = _PLACE.fullmatch(str(error))
    fault, place = (found["fault"], found["place"]) if found else (str(error), "")
    for pattern, words in _FIELD_FAULTS.items():
        if matched := re.fullmatch(pattern, fault):
            fault = words(matched)
    return f"{place}: {fault}" if place else fault


def yaml_fault(error: Any) -> str:
    """Returns why a text is no YAML document, and where.

    Args:
        error: A ``yaml.YAMLError``, or an error of a value such as a date that there is not.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    return f"{error.problem} in line {mark.line + 1}, column {mark.column + 1}"


def _kind(names: str) -> str:
    return " or ".join(_KINDS.get(name, name) for name in names.split(" | "))
