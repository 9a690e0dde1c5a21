"""Writes a pattern as code that can be used as it is: its test alone, or a whole file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..frameworks.declarations import language_named
from .pattern_parts import ContextPart, filled_template, placeholder_names

if TYPE_CHECKING:
    from ..frameworks.language_declaration import LanguageDeclaration
    from .patterns import TestPattern

__all__ = ["import_group", "ready_file", "rendered_pattern"]


_IMPORT: Final = re.compile(r"(?:from|import)\s+([\w.]+)")
_LINES: Final = frozenset({"import", "constant"})


def rendered_pattern(pattern: TestPattern, values: Mapping[str, object]) -> str:
    """Returns the code of a pattern's template; see ``TestPattern.render``."""
    names = placeholder_names(pattern.template)
    for name in values:
        if name not in names:
            known = ", ".join(names) or "none"
            raise ValueError(f"{name!r} is no placeholder of this pattern; it has: {known}")
    originals = {placeholder.name: placeholder.value for placeholder in pattern.placeholders}
    given = {name: _as_code(name, value, pattern.language) for name, value in values.items()}
    return filled_template(pattern.template, originals | given)


def ready_file(pattern: TestPattern, values: Mapping[str, object]) -> str:
    """Returns one file with a pattern's test and its context; see ``TestPattern.ready``."""
    language = language_named(pattern.language)
    pieces: list[str] = []
    previous: ContextPart | None = None
    for part in pattern.context:
        pieces += [_gap(previous, part, language), _with_origin(part, previous, language.comment)]
        previous = part
    pieces += [_gap(previous, None, language), rendered_pattern(pattern, values)]
    return "".join(pieces).rstrip("\n") + "\n"


def _gap(
    before: ContextPart | None, after: ContextPart | None, language: LanguageDeclaration
) -> str:
    """Returns the line breaks between two parts of a file; the test itself is None."""
    if before is None:
        return ""
    if after is not None and before.kind == after.kind and after.kind in _LINES:
        return "\n" if _is_same_group(before, after, language) else "\n\n"
    return "\n" * (language.blank_lines + 1)


def _is_same_group(before: ContextPart, after: ContextPart, language: LanguageDeclaration) -> bool:
    if before.kind != "import":
        return True
    groups = [import_group(part.code, language) for part in (before, after)]
    return groups[0] == groups[1] and None not in groups


def import_group(code: str, language: LanguageDeclaration) -> int | None:
    """Returns where an import stands among others, or None if code is not a plain import.

    In Python, those of ``__future__`` come first, then the standard library, other modules, and
    relative ones. Other languages have a single group.
    """
    if language.family != "python":
        return None if code.startswith("package ") else 1
    match = _IMPORT.match(code)
    if match is None:
        return None
    module = match[1]
    if module.startswith((".", "__future__")):
        return 3 if module[0] == "." else 0
    return 1 if language.is_standard(module) else 2


def _with_origin(part: ContextPart, before: ContextPart | None, comment: str) -> str:
    code = part.code.rstrip("\n")
    if f"{comment} left out: " in code:
        return f"{code}, {part.origin}"
    if part.kind == "import" or code.startswith(("/*", "//", "#!")):
        return code
    is_after_constant = before is not None and before.kind == part.kind == "constant"
    if is_after_constant and _path(before) == _path(part):  # constants are one paragraph
        return code
    return f"{comment} from {part.origin}\n{code}"


def _path(part: ContextPart | None) -> str:
    return part.origin.rpartition(":")[0] if part is not None else ""


def _as_code(name: str, value: object, language: str) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        declared = language_named(language)
        return declared.none if value is None else declared.true if value else declared.false
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(
        f"{name} must be code as text, a number, a bool or None, got {type(value).__name__}"
    )
