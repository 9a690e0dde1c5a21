"""Reads a file as the bodies of its scopes, with the names that each piece of code uses."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...text.syntax_tree import Grammar
from ..source_file import SourceFile
from .code_unit import Body, Unit
from .declared_units import DeclaredUses, declared_units
from .javascript_units import javascript_units
from .name_queries import QUERIED_GRAMMARS
from .name_uses import NameUses
from .python_units import python_units

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["CodeModule"]


class CodeModule:
    """A parsed file.

    Args:
        source: The file.
        root: Its syntax tree.
        grammar: The grammar of the tree.
        tests: The tests found in it.

    Attributes:
        source: The file.
        uses: The names that it uses, by place.
        has_scopes: Whether its language has rules for names and scopes, beyond declared ones.
        is_python: Whether it is Python.
    """

    def __init__(
        self, source: SourceFile, root: Node, grammar: Grammar, tests: Iterable[Node] = ()
    ) -> None:
        self.source = source
        self.has_scopes = grammar in QUERIED_GRAMMARS
        self.uses = (
            NameUses(root, grammar, source.code)
            if self.has_scopes
            else DeclaredUses(root, grammar, source.code, source.language)
        )
        self.is_python = grammar == "python"
        self._root = root
        self._tests = sorted(test.start_byte for test in tests)
        self._bodies: dict[tuple[int, int], Body] = {}

    @property
    def body(self) -> Body:
        """The statements of the file."""
        return self.body_of(self._root)

    def body_of(self, node: Node) -> Body:
        """Returns the statements of the file, or of a class body or block in it."""
        key = (node.start_byte, node.end_byte)
        if key not in self._bodies:
            self._bodies[key] = Body.of(self._units(node))
        return self._bodies[key]

    def origin(self, unit: Unit) -> str:
        """Returns where a unit is, as ``path:line``."""
        line = self.source.line_number(unit.node.start_point[0])
        return f"{self.source.relative_path}:{line}"

    def _units(self, node: Node) -> Iterable[Unit]:
        if self.is_python:
            return self._python_units(node)
        if self.has_scopes:
            return javascript_units(node, self._holds_tests)
        return declared_units(node, self._holds_tests, self.source.language)

    def _python_units(self, node: Node) -> Iterator[Unit]:
        for unit in python_units(node, self._holds_tests, in_class=node.type != "module"):
            # An import that nothing uses is there for what it does.
            unused = unit.imported is not None and self.uses.known.isdisjoint(unit.names)
            unit.always = unit.always or unused
            yield unit

    def _holds_tests(self, node: Node) -> bool:
        place = bisect_left(self._tests, node.start_byte)
        return place < len(self._tests) and self._tests[place] < node.end_byte
