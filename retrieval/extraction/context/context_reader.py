"""Finds the context of the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ....schema.records.pattern_parts import ContextPart
from ...text.syntax_tree import Grammar
from ..found_test import FoundTest, Layer
from ..source_file import SourceFile
from .code_module import CodeModule
from .conftest_files import conftest_modules
from .conftest_reach import placed_conftests
from .context_parts import context_parts
from .context_reach import ContextReach

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["ContextReader", "TestInContext"]

_SETUP_KINDS = frozenset({"constant", "fixture", "setup"})


@dataclass(frozen=True, slots=True)
class TestInContext:
    """A test with the code around it that it needs.

    Attributes:
        test: The test; its layers have the members that it needs.
        parts: What it needs outside of its layers.
        setup: The statements of these that run around the test, and what they use.
    """

    __test__ = False

    test: FoundTest
    parts: tuple[ContextPart, ...]
    setup: tuple[Node, ...]


class ContextReader:
    """Finds the context of the tests of one file.

    Args:
        source: The file.
        root: Its syntax tree.
        grammar: The grammar of the tree.
        tests: Its tests.
    """

    def __init__(
        self, source: SourceFile, root: Node, grammar: Grammar, tests: Sequence[FoundTest]
    ) -> None:
        self._module = CodeModule(source, root, grammar, (test.node for test in tests))
        conftests = conftest_modules(source) if self._module.is_python else ()
        self._conftests = placed_conftests(self._module, conftests)

    def of(self, test: FoundTest) -> TestInContext:
        """Returns a test with its context."""
        reach = ContextReach(self._module, self._conftests, test)
        first, *inner = test.layers
        layers: list[Layer] = [first]
        for layer, container in zip(inner, reach.layers[1:], strict=True):
            taken = sorted(container.taken, key=lambda unit: unit.start)
            layers.append(replace(layer, members=tuple(unit.node for unit in taken)))
        parts = context_parts(self._module, reach)
        return TestInContext(replace(test, layers=tuple(layers)), parts, tuple(_setup(reach)))


def _setup(reach: ContextReach) -> Iterator[Node]:
    """Yields what runs around a test: fixtures, hooks, and variables of its blocks."""
    file, *inner = reach.layers
    for container in inner:
        yield from (unit.node for unit in container.taken if unit.kind in _SETUP_KINDS)
    yield from (unit.node for unit in file.taken if unit.kind in {"fixture", "setup"})
