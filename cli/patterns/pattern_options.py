"""Defines the options and arguments that several ``aqe patterns`` commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from ...retrieval import QEReasoningBank
from ...schema import Category, Framework, Language, PatternNotFoundError, TestPattern
from ..options import require_number

__all__ = [
    "CategoryOption",
    "FrameworkOption",
    "LanguageOption",
    "LimitOption",
    "MinQualityOption",
    "PatternId",
    "TagOption",
    "pattern_of",
]

FrameworkOption = Annotated[Framework | None, typer.Option(help="Only this framework.")]
CategoryOption = Annotated[Category | None, typer.Option(help="Only this category.")]
LanguageOption = Annotated[Language | None, typer.Option(help="Only this language.")]
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
