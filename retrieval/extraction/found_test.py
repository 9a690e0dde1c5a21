"""Describes a test found in a syntax tree, with the surrounding code that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["FoundTest", "Layer", "ReadTests", "Snippet", "TestStyle", "UnreadCall"]

# How a test is written, as far as its syntax shows.
TestStyle = Literal["function", "testcase", "call"]


@dataclass(frozen=True, slots=True)
class Snippet:
    """The source from byte ``start`` to ``end``; its first line is indented by ``column``."""

    start: int
    end: int
    column: int

    @classmethod
    def of(cls, node: Node, *, end: int | None = None) -> Snippet:
        """Returns the snippet that a node covers, up to ``end`` if given."""
        return cls(node.start_byte, node.end_byte if end is None else end, node.start_point[1])


@dataclass(frozen=True, slots=True)
class Layer:
    """A level around a test: a module, class or describe block.

    Attributes:
        opening: The class line or the call up to its brace; None for the module.
        closing: The end of the block (``});``); None in Python.
        body: The node whose children are its statements.
        bases: The base classes of a class.
        members: Setup, fixtures and declarations that the test needs.
    """

    opening: Snippet | None
    closing: Snippet | None
    body: Node
    bases: tuple[str, ...] = ()
    members: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTest:
    """A test in source code.

    Attributes:
        node: The whole test: decorators and function, or the call.
        chain: Titles or names of the enclosing classes or describe blocks, outermost first.
        title: Its own name or title.
        title_node: The literal that holds the title; None in Python.
        doc: Its docstring, or empty.
        doc_node: The statement that holds the docstring.
        layers: The enclosing levels, the module first.
        fixtures: Names of the fixtures that it requests.
        marks: Its properties: parametrized, async, skipped, expected-failure.
        scope_marks: Names of the pytest marks on it and on the enclosing classes (``slow``).
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


class UnreadCall(NamedTuple):
    """A call that looks like a test, and why it is not read as one."""

    node: Node
    reason: str


class ReadTests(NamedTuple):
    """What is read from a file: its tests in source order, and what only looks like a test."""

    tests: list[FoundTest]
    unread: tuple[UnreadCall, ...] = ()
