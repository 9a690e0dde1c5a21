"""Writes a pattern as code that can be used as it is: its test alone, or a whole file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..frameworks.declarations import language_named
from .pattern_parts import ContextPart, filled_template, placeholder_names

if TYPE_CHECKING:
    from .patterns import TestPattern

__all__ = ["ready_file", "rendered_pattern"]


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
    comment = language_named(pattern.language).comment
    blocks = [_with_origin(part, comment) for part in pattern.context]
    return "\n\n".join([*blocks, rendered_pattern(pattern, values)]).rstrip("\n") + "\n"


def _with_origin(part: ContextPart, comment: str) -> str:
    code = part.code.rstrip("\n")
    return code if part.kind == "import" else f"{comment} from {part.origin}\n{code}"


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
