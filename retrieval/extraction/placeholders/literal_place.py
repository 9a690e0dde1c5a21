"""Describes the position of a literal in a syntax tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....schema.frameworks.declarations import node_fields, node_types
from ...text.syntax_tree import NUMBER_TYPES, callee_of, node_text

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "ARGUMENT_TYPES",
    "CHAINING_CALLS",
    "COLLECTION_TYPES",
    "STRING_TYPES",
    "Place",
    "called_name",
    "callee_name",
    "is_literal",
    "string_body",
]

_MAX_CALLEE_BYTES = 100
STRING_TYPES = node_types("strings")
_CONSTANTS = node_types("constants")
COLLECTION_TYPES = node_types("collections")
ARGUMENT_TYPES = node_types("arguments")
_MEMBERS = frozenset(node_fields("members")) - frozenset(node_fields("calls"))
CHAINING_CALLS = frozenset({"should", "and"})
_STRING_PARTS = re.compile(
    r"(?P<prefix>[a-zA-Z]*)(?P<quote>\"\"\"|'''|\"|'|`)(?P<body>.*)(?P=quote)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Place:
    """A node and the path to it, since finding a node's parent searches the whole tree."""

    node: Node
    parent: Place | None


def is_literal(node: Node) -> bool:
    """Returns whether a node is a string, a number or a constant."""
    return node.type in STRING_TYPES or node.type in NUMBER_TYPES or node.type in _CONSTANTS


def callee_name(place: Place) -> str:
    """Returns the last name of the called function if the place is an argument of a call."""
    arguments = place.parent
    if arguments is None or arguments.node.type not in ARGUMENT_TYPES or arguments.parent is None:
        return ""
    return called_name(arguments.parent.node)


def called_name(call: Node) -> str:
    """Returns ``c`` of ``a.b.c(...)`` and of ``new c(...)``."""
    callee = callee_of(call)
    if callee is None:
        return ""
    if callee.type in _MEMBERS:
        callee = callee.named_children[-1]
    return node_text(callee) if callee.end_byte - callee.start_byte <= _MAX_CALLEE_BYTES else ""


def string_body(literal: str) -> str:
    """Returns the content of a string literal, without prefix and quotes."""
    match = _STRING_PARTS.match(literal)
    return match["body"] if match else literal
