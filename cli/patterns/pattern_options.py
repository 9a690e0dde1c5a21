"""Defines the options and arguments that several ``aqe patterns`` commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from ... import schema
from ...retrieval import QEReasoningBank
from ...schema import Category, Framework, Language, PatternNotFoundError, TestPattern
from ...schema.records.validation import require_framework, require_language
from ..options import require_number

__all__ = [
    "CategoryOption",
    "FrameworkOption",
    "LanguageOption",
    "LimitOption",
    "MinQualityOption",
    "NamesCommand",
    "PatternId",
    "TagOption",
    "pattern_of",
]

# Replaced in the help by the names that are declared.
_FRAMEWORK_NAMES = "FRAMEWORKS"
_LANGUAGE_NAMES = "LANGUAGES"


def _require_framework(value: str | None) -> str | None:
    if value is not None:
        _check(value, require_framework, "FRAMEWORKS")
    return value


def _require_language(value: str | None) -> str | None:
    if value is not None:
        _check(value, require_language, "LANGUAGES")
    return value


def _check(value: str, require: Callable[[str, object], None], names: str) -> None:
    """Checks the value of an option that names a framework or language.

    Raises:
        BadParameter: It is not declared.
    """
    try:
        require(names, value)
    except ValueError as error:
        known = ", ".join(getattr(schema, names))
        raise typer.BadParameter(f"{value!r} is not one of {known}") from error


class NamesCommand(TyperCommand):
    """A command whose help lists the declared frameworks and languages.

    They are read when the help is shown, since other commands must not pay for it.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help, with the names in the place of ``FRAMEWORKS`` and ``LANGUAGES``."""
        for parameter in self.params:
            if isinstance(parameter, TyperOption) and parameter.help:
                text = parameter.help.replace(_FRAMEWORK_NAMES, ", ".join(schema.FRAMEWORKS))
                parameter.help = text.replace(_LANGUAGE_NAMES, ", ".join(schema.LANGUAGES))
        super().format_help(ctx, formatter)


FrameworkOption = Annotated[
    Framework | None,
    typer.Option(
        callback=_require_framework,
        metavar="NAME",
        help=f"Only this framework, one of: {_FRAMEWORK_NAMES}.",
    ),
]
CategoryOption = Annotated[Category | None, typer.Option(help="Only this category.")]
LanguageOption = Annotated[
    Language | None,
    typer.Option(
        callback=_require_language,
        metavar="NAME",
        help=f"Only this language, one of: {_LANGUAGE_NAMES}.",
    ),
]
TagOption = Annotated[
    list[str] | None, typer.Option("--tag", help="Only with this tag; can be repeated.")
]
MinQualityOption = Annotated[
    float,
    typer.Option(
        min=0.0, max=1.0, callback=require_number, help="Only with at least this quality."
    ),
]
LimitOption = Annotated[int, typer.Option(min=1, max=4096, help="Maximum number of results.")]
PatternId = Annotated[str, typer.Argument(metavar="ID", help="Pattern id, or a unique prefix.")]


def pattern_of(bank: QEReasoningBank, prefix: str) -> TestPattern:
    """Returns the pattern whose id is or begins with ``prefix``.

    Raises:
        PatternNotFoundError: No id begins with it, or several do.
    """
    id = bank.resolve_id(prefix)
    pattern = bank.get_pattern(id)
    if pattern is None:
        raise PatternNotFoundError(f"pattern {id} was just deleted by another process")
    return pattern
