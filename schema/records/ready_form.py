"""Writes a pattern as code that can be used as it is: its test alone, or a whole file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..frameworks.declarations import language_named
from .pattern_parts import ContextPart, filled_template, placeholder_names

if TYPE_CHECKING:
    from ..frameworks.language_declaration import LanguageDeclaration
    from .patterns import TestPattern

__all__ = ["ready_file", "rendered_pattern"]


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
        pieces += [_gap(previous, part, language), _with_origin(part, language.comment)]
        previous = part
    pieces += [_gap(previous, None, language), rendered_pattern(pattern, values)]
    return "".join(pieces).rstrip("\n") + "\n"


def _gap(
    before: ContextPart | None, after: ContextPart | None, language: LanguageDeclaration
) -> str:
    """Returns the line breaks between two parts of a file; the test itself is None."""
    if before is None:
        return ""
    is_package = before.code.startswith("package ")
    if after is not None and before.kind == after.kind and after.kind in _LINES and not is_package:
        return "\n"
    return "\n" * (language.blank_lines + 1)


def _with_origin(part: ContextPart, comment: str) -> str:
    code = part.code.rstrip("\n")
    if f"{comment} left out: " in code:
        return f"{code}, {part.origin}"
    if part.kind == "import" or code.startswith(("/*", "//", "#!")):
        return code
    return f"{comment} from {part.origin}\n{code}"


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
