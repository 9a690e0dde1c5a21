"""Describes the position of a literal in a syntax tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ....schema.frameworks.declarations import node_fields, node_types
from ...text.syntax_tree import CALL_TYPES, NUMBER_TYPES, callee_of, node_text

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "ARGUMENT_TYPES",
    "CHAINING_CALLS",
    "COLLECTION_TYPES",
    "CONSTANT_TYPES",
    "LITERAL_TYPES",
    "SIGNED_TYPES",
    "STRING_TYPES",
    "Place",
    "called_name",
    "callee_name",
    "is_interpolated",
    "is_literal",
    "is_number",
    "is_plain_call",
    "string_body",
]

_MAX_CALLEE_BYTES = 100
_MAX_LEVELS = 64
STRING_TYPES: Final = node_types("strings")
CONSTANT_TYPES: Final = node_types("constants")
LITERAL_TYPES: Final = STRING_TYPES | NUMBER_TYPES | CONSTANT_TYPES
COLLECTION_TYPES: Final = node_types("collections")
ARGUMENT_TYPES: Final = node_types("arguments")
_MEMBERS = frozenset(node_fields("members")) - frozenset(node_fields("calls"))
CHAINING_CALLS: Final = frozenset({"should", "and"})
SIGNED_TYPES: Final = frozenset({"unary_expression", "unary_operator"})
_INTERPOLATIONS = node_types("interpolations")
_STRING_PARTS = re.compile(
    r"(?P<prefix>[a-zA-Z]*)(?P<quote>\"\"\"|'''|\"|'|`)(?P<body>.*)(?P=quote)", re.DOTALL
)


@dataclass(slots=True, eq=False)
class Place:
    """A node and the path to it, since finding a node's parent searches the whole tree.

    Attributes:
        kind: The type of the node.
    """

    node: Node
    kind: str
    parent: Place | None
    _called: str | None = None

    @property
    def called(self) -> str:
        """The last name of what a call calls (``called_name``); computed once."""
        if self._called is None:
            self._called = called_name(self.node)
        return self._called

    @property
    def is_number(self) -> bool:
        """Whether the node is a number, with or without a sign."""
        return self.kind in NUMBER_TYPES or (self.kind in SIGNED_TYPES and is_number(self.node))

    def outward(self) -> Iterator[Place]:
        """Yields the places around this one, the nearest first, up to a limit."""
        place = self.parent
        for _ in range(_MAX_LEVELS):
            if place is None:
                return
            yield place
            place = place.parent

    @property
    def call(self) -> Place | None:
        """The call of which the place is an argument."""
        above = self.parent
        if above is None or above.kind not in ARGUMENT_TYPES or above.parent is None:
            return None
        return above.parent if above.parent.kind in CALL_TYPES else None


def is_literal(node: Node) -> bool:
    """Returns whether a node is a string, a number or a constant."""
    return node.type in LITERAL_TYPES


def is_number(node: Node) -> bool:
    """Returns whether a node is a number, with or without a sign."""
    kind = node.type
    if kind in SIGNED_TYPES:
        sign, number = node.children[0], node.children[-1]
        return sign.type in {"-", "+"} and number.type in NUMBER_TYPES
    return kind in NUMBER_TYPES


def is_interpolated(node: Node) -> bool:
    """Returns whether a string contains code, as ``f"{name}"`` does."""
    parts = node.named_children if node.type == "concatenated_string" else [node]
    return any(child.type in _INTERPOLATIONS for part in parts for child in part.named_children)


def callee_name(place: Place) -> str:
    """Returns the last name of the called function if the place is an argument of a call."""
    call = place.call
    return call.called if call is not None else ""


def called_name(call: Node) -> str:
    """Returns ``c`` of ``a.b.c(...)`` and of ``new c(...)``."""
    callee = callee_of(call)
    if callee is None:
        return ""
    if callee.type in _MEMBERS:
        callee = callee.named_children[-1]
    return node_text(callee) if callee.end_byte - callee.start_byte <= _MAX_CALLEE_BYTES else ""


def is_plain_call(call: Node) -> bool:
    """Returns whether a call is one of a function, not of a method."""
    callee = callee_of(call)
    return callee is not None and callee.type == "identifier"


def string_body(literal: str) -> str:
    """Returns the content of a string literal, without prefix and quotes."""
    match = _STRING_PARTS.match(literal)
    return match["body"] if match else literal
