"""Reads a test file by the rules of its language, in the module that the language declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from ....schema.frameworks.declarations import language_named
from ..code_facts import Import
from ..found_test import ReadTests
from ..source_file import ExtractionBudget, SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["LanguageReader", "reader_of"]

_PACKAGE: Final = __name__.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class LanguageReader:
    """What a module of a language gives as its ``READER``.

    Attributes:
        read_imports: Returns what a file imports, from the root of its syntax tree.
        find_tests: Returns the tests in a file, in source order, each once, while the budget lasts,
            and the calls that look like tests and are none that a framework runs.
    """

    read_imports: Callable[[Node], tuple[Import, ...]]
    find_tests: Callable[[SourceFile, Node, Sequence[Import], ExtractionBudget], ReadTests]


@cache
def reader_of(language: str) -> LanguageReader:
    """Returns the reader of a declared language.

    Raises:
        TypeError: Its module has no ``READER``.
    """
    name = f"{_PACKAGE}.{language_named(language).reader}"
    reader = getattr(import_module(name), "READER", None)
    if not isinstance(reader, LanguageReader):
        raise TypeError(f"READER of {name} must be a LanguageReader, got {type(reader).__name__}")
    return reader
