"""What the language walkers find: tests, with the code around them that they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["MAX_CONTEXT_LINES", "FoundTest", "Layer", "Snippet", "TestStyle"]

# Setup and fixtures are context: beyond a screenful they would bury the test itself.
MAX_CONTEXT_LINES = 40

# How a test is written, as far as its syntax tells.
TestStyle = Literal["function", "testcase", "call"]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of the source: bytes ``start`` to ``end``, its first line indented by ``column``."""

    start: int
    end: int
    column: int

    @classmethod
    def of(cls, node: Node, *, end: int | None = None) -> Snippet:
        """Returns the snippet that a node covers (or its beginning, up to ``end``)."""
        return cls(node.start_byte, node.end_byte if end is None else end, node.start_point[1])


@dataclass(frozen=True, slots=True)
class Layer:
    """One level around a test: a module, class or describe block.

    Attributes:
        opening: The class line or the call up to its brace; None for the module.
        closing: What ends it (``});``), None in Python.
        members: Setup, fixtures and declarations to take along.
    """

    opening: Snippet | None
    closing: Snippet | None
    members: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTest:
    """One written test.

    Attributes:
        node: The whole test: decorators and function, or the call.
        chain: Titles or names of the classes or describe blocks around it, outermost first.
        title: Its own name or title.
        title_node: The literal that holds the title, None in Python.
        doc: Its docstring, empty without one.
        doc_node: The statement that holds the docstring.
        layers: The levels around it, the module first.
        fixtures: Names of fixtures that it asks for.
        marks: What is said about it: parametrized, async, skipped, expected to fail.
        scope_marks: Names of marks on it and on the classes around it (``slow``).
    """

    node: Node
    style: TestStyle
    chain: tuple[str, ...]
    title: str
    title_node: Node | None
    doc: str
    doc_node: Node | None
    layers: tuple[Layer, ...]
    fixtures: tuple[str, ...]
    marks: frozenset[str]
    scope_marks: tuple[str, ...] = ()
