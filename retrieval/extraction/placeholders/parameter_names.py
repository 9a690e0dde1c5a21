"""Reads the parameter names of the functions and classes that a file defines."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ....schema.records.patterns import Language

__all__ = ["ParameterNames", "defined_parameters"]

# The parameters of each function, by the name that a call uses; "" for one without a name.
ParameterNames = Mapping[str, tuple[str, ...]]

# Parameters are read up to the first parenthesis inside them: a default that is a call.
_LIST = r"\(([^()]{0,1000})"
_PYTHON = re.compile(
    rf"^[ \t]*class (?P<klass>\w+)|\bdef (?P<function>\w+)(?:\[[^\]\n]{{0,200}}\])?{_LIST}",
    re.MULTILINE,
)
_JAVASCRIPT = re.compile(
    r"\bclass (?P<klass>[\w$]+)|\b(?P<function>[\w$]+)(?: ?[=:] ?(?:async )?(?:function\*? ?)?)?"
    rf"(?:<[^>()\n]{{0,200}}>)?{_LIST}\)(?: ?: ?[^\n=;{{]{{1,100}})? ?(?:=>|\{{)"
)
_CONSTRUCTORS = frozenset({"__init__", "constructor"})
_OPENING, _CLOSING = frozenset("[{<"), frozenset("]}>")
_NAME = re.compile(
    r"\s*(?:(?:public|private|protected|readonly)\s+)*(?:\.\.\.|\*{0,2})([A-Za-z_$][\w$]*)"
)
_STATEMENTS = frozenset({"catch", "function", "for", "if", "switch", "while", "with"})


def defined_parameters(code: str, language: Language) -> ParameterNames:
    """Returns the parameters of the functions that some code defines.

    A function that is defined twice with other parameters is left out: a call does not say which
    one it means. A class has the parameters of its constructor.
    """
    found: dict[str, tuple[str, ...]] = {}
    ambiguous: set[str] = set()
    klass = ""
    for match in (_PYTHON if language == "python" else _JAVASCRIPT).finditer(code):
        if match["klass"]:
            klass = match["klass"]
            continue
        name = klass if match["function"] in _CONSTRUCTORS else match["function"]
        if name in _STATEMENTS:
            continue
        names = _names(match[3])
        if found.setdefault(name, names) != names:
            ambiguous.add(name)
    return {name: names for name, names in found.items() if name not in ambiguous}


def _names(parameters: str) -> tuple[str, ...]:
    names = []
    for part in _parts(parameters):
        match = _NAME.match(part)
        if match is not None:
            names.append(match[1])
        elif part.strip() and part.strip() not in {"*", "/"}:
            names.append("")  # ({ name, email }) => ...
    return tuple(names[1:] if names[:1] in (["self"], ["cls"], ["this"]) else names)


def _parts(parameters: str) -> list[str]:
    """Returns the parts between the commas outside any bracket."""
    parts, start, depth = [], 0, 0
    for position, character in enumerate(parameters):
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(parameters[start:position])
            start = position + 1
    return [*parts, parameters[start:]]
