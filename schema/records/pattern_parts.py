r"""Defines the parts of a pattern's code: its placeholders, and the context that its test needs.

A template is code in which ``{{name}}`` marks a placeholder. Two braces of the code itself are
written with a backslash between them, ``{\\{``, so that nothing else looks like a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from .record import Record
from .validation import as_text, require_count, require_one_of

__all__ = [
    "CONTEXT_KINDS",
    "PLACEHOLDER_ROLES",
    "ContextKind",
    "ContextPart",
    "Placeholder",
    "PlaceholderRole",
    "escaped_code",
    "filled_template",
    "placeholder_names",
    "placeholder_places",
    "unescaped_code",
]

ContextKind = Literal["import", "setup", "constant", "type", "helper", "fixture", "base"]
PlaceholderRole = Literal["input", "expected", "target", "setting", "cases", "message"]
CONTEXT_KINDS: tuple[ContextKind, ...] = get_args(ContextKind)
PLACEHOLDER_ROLES: tuple[PlaceholderRole, ...] = get_args(PlaceholderRole)

_PLACEHOLDER = re.compile(r"\{\{([A-Za-z_]\w*)\}\}")
_BRACES = re.compile(r"\{(\\*)(?=\{)")
_ESCAPED_BRACES = re.compile(r"\{\\(\\*)(?=\{)")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ContextPart(Record):
    """A piece of code outside a test that the test needs to run.

    Attributes:
        kind: ``import``, ``setup`` (a statement run for its effect), ``constant``, ``type``,
            ``helper`` (a function or class), ``fixture``, or ``base`` (a base class).
        name: The names that it defines, joined by commas.
        code: Its source, at the left margin.
        origin: Where it is from, as ``path:line`` in its project.

    Raises:
        ValueError: The kind is unknown.
        TypeError: A field is not text.
    """

    kind: ContextKind
    name: str
    code: str
    origin: str

    def __post_init__(self) -> None:
        require_one_of("kind", self.kind, CONTEXT_KINDS)
        for name in ("name", "code", "origin"):
            object.__setattr__(self, name, as_text(name, getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Placeholder(Record):
    """A value of a template that a user of the pattern may replace.

    Attributes:
        name: Its name, unique in the pattern.
        value: The code in the original, such as ``"admin"`` with its quotes.
        role: What the value is for: ``input`` (given to the code under test), ``expected``,
            ``target`` (a URL, path, selector or name that the test acts on), ``setting`` (an
            option), ``cases`` (the table of a parametrised test), or ``message``.
        places: The lines of the template that have it, 1-based, ascending; a line with it twice is
            there twice.

    Raises:
        ValueError: The role is unknown, or a place is no line.
        TypeError: A field is of the wrong type.
    """

    name: str
    value: str
    role: PlaceholderRole = "input"
    places: Sequence[int] = ()

    def __post_init__(self) -> None:
        for name in ("name", "value"):
            object.__setattr__(self, name, as_text(name, getattr(self, name)))
        require_one_of("role", self.role, PLACEHOLDER_ROLES)
        for line in self.places:
            require_count("places", line, minimum=1)
        object.__setattr__(self, "places", tuple(self.places))


def escaped_code(code: str) -> str:
    """Returns code as a template writes it: no two braces of it look like a placeholder's."""
    return _BRACES.sub(r"{\\\1", code)


def unescaped_code(text: str) -> str:
    """Returns the code that ``escaped_code`` made a template of."""
    return _ESCAPED_BRACES.sub(r"{\1", text)


def placeholder_names(template: str) -> tuple[str, ...]:
    """Returns the names of the placeholders in a template, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


def placeholder_places(template: str) -> dict[str, tuple[int, ...]]:
    """Returns the lines (1-based, ascending) of each placeholder in a template, in order."""
    places: dict[str, tuple[int, ...]] = {}
    line, position = 1, 0
    for match in _PLACEHOLDER.finditer(template):
        line += template.count("\n", position, match.start())
        position = match.start()
        places[match[1]] = (*places.get(match[1], ()), line)
    return places


def filled_template(template: str, values: Mapping[str, str]) -> str:
    """Returns the code of a template with values in its placeholders.

    A placeholder without a value stays as it is.
    """
    pieces: list[str] = []
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        pieces.append(unescaped_code(template[position : match.start()]))
        pieces.append(values.get(match[1], match[0]))
        position = match.end()
    return "".join((*pieces, unescaped_code(template[position:])))
