"""Reads the parameter names of the functions and classes that a file defines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ....schema.frameworks.declarations import language_named
from ....schema.frameworks.language_declaration import LanguageDeclaration
from ....schema.records.patterns import Language

__all__ = ["ParameterNames", "defined_parameters"]

# The parameters of each function, by the name that a call uses; "" for one without a name.
ParameterNames = Mapping[str, tuple[str, ...]]

_CONSTRUCTORS = frozenset({"__init__", "constructor"})
_OPENING, _CLOSING = frozenset("[{<"), frozenset("]}>")
_STATEMENTS = frozenset(
    {"catch", "function", "for", "if", "switch", "synchronized", "try", "while", "with"}
)


def defined_parameters(code: str, language: Language) -> ParameterNames:
    """Returns the parameters of the functions that some code defines.

    Parameters are read up to the first parenthesis inside them: a default that is a call. A
    function that is defined twice with other parameters is left out: a call does not say which one
    it means. A class has the parameters of its constructor.
    """
    declared = language_named(language)
    parameter = re.compile(declared.parameter, re.DOTALL)
    found: dict[str, tuple[str, ...]] = {}
    ambiguous: set[str] = set()
    for name, parameters in _definitions(code, declared):
        names = _names(parameters, parameter)
        if found.setdefault(name, names) != names:
            ambiguous.add(name)
    return {name: names for name, names in found.items() if name not in ambiguous}


def _definitions(code: str, language: LanguageDeclaration) -> Iterator[tuple[str, str]]:
    """Yields the name of each function or class, and its parameters as they are written."""
    klass = ""
    for match in re.finditer(language.functions, code, re.MULTILINE):
        if match.groupdict().get("klass"):
            klass = match["klass"]
        elif match["function"] not in _STATEMENTS:
            name = klass if match["function"] in _CONSTRUCTORS else match["function"]
            yield name, match["parameters"]
    for match in re.finditer(language.registered, code) if language.registered else ():
        has_subject = match["subject"] or match["call"] == "overwrite"
        parameters = match["parameters"]
        yield match["function"], parameters.partition(",")[2] if has_subject else parameters


def _names(parameters: str, parameter: re.Pattern[str]) -> tuple[str, ...]:
    names = []
    for part in _parts(parameters):
        match = parameter.match(part)
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
