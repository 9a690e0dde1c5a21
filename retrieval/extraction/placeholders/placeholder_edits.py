"""Replaces the literals that a user of a pattern must fill in with named placeholders.

A literal is named after its place (keyword argument, key, assigned variable, comparison or called
function) or after its kind (URL, e-mail address, path). Equal literals get the same placeholder
throughout a pattern. Literals that are structure rather than data stay: 0, 1, 2, "", strings of one
or two letters (open modes, axes), keys, interpolated strings, titles of tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....schema.frameworks.declarations import node_types
from ...text.syntax_tree import NUMBER_TYPES, node_text
from .literal_place import (
    CHAINING_CALLS,
    COLLECTION_TYPES,
    STRING_TYPES,
    Place,
    callee_name,
    is_literal,
    string_body,
)
from .placeholder_names import PlaceholderNames

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Edit", "placeholder_edits"]

# Items read to decide whether a collection is data; reading all at every level of a deep one would
# take quadratic time.
_MAX_ITEMS_SEEN = 500
_TRIVIAL_NUMBERS = frozenset({"0", "1", "2", "0.0", "1.0", "0.", "1.", "2.0", "2."})
_TRIVIAL_STRINGS = frozenset({"utf-8", "utf8", "ascii", "ignore", "use strict"})
# The most frequent node type; it contains no literals.
_NAME = "identifier"
_ARITHMETIC = node_types("arithmetic")
# Subtrees whose literals are structure: keys, types, imports, interpolations.
_OPAQUE = node_types("opaque")
_ELEMENTS = node_types("elements")
_PAIRS = node_types("pairs")
_SUBSCRIPTS = node_types("subscripts")
_INTERPOLATIONS = node_types("interpolations")
# Calls whose strings are names of parameters, fixtures and modules: structure, not data.
_NAMING_CALLS = frozenset({"parametrize", "usefixtures", "getfixturevalue", "importorskip"})
_CHAINER = re.compile(
    r"(?:not\.)?(?:be|contain|deep|eq|equal|exist|have|include|lengthOf|match)(?:\.[\w.]+)?\Z"
)


@dataclass(frozen=True, slots=True)
class Edit:
    """The replacement of bytes ``start`` to ``end`` by ``text``."""

    start: int
    end: int
    text: str


def placeholder_edits(nodes: Iterable[Node], keep: Iterable[Node] = ()) -> list[Edit]:
    """Returns the edits that turn the literals under the nodes into placeholders.

    Args:
        nodes: The code of a test, context first; placeholders are named in this order.
        keep: Nodes to leave as they are (titles, docstrings).
    """
    kept = {(node.start_byte, node.end_byte) for node in keep}
    names = PlaceholderNames()
    edits: list[Edit] = []
    for root in nodes:
        stack = [Place(root, None)]
        while stack:
            place = stack.pop()
            node = place.node
            if node.type in _OPAQUE or (node.start_byte, node.end_byte) in kept:
                continue
            if _is_fillable(place):
                edits.append(Edit(node.start_byte, node.end_byte, names.placeholder(place)))
            elif not is_literal(node):
                inner = node.named_children
                stack += [Place(child, place) for child in reversed(inner) if child.type != _NAME]
    return edits


def _is_fillable(place: Place) -> bool:
    node = place.node
    if node.type in NUMBER_TYPES:
        return node_text(node) not in _TRIVIAL_NUMBERS and not _is_key(place)
    if node.type in STRING_TYPES:
        return _is_fillable_string(place)
    return node.type in COLLECTION_TYPES and (_is_cases(place) or _is_data(node))


def _is_fillable_string(place: Place) -> bool:
    if _is_key(place) or _is_interpolated(place.node) or place.parent is None:
        return False
    called = callee_name(place)
    if called in _NAMING_CALLS or (called in CHAINING_CALLS and _is_chainer(place.node)):
        return False
    if place.parent.node.type in {"expression_statement", "concatenated_string", "literal_type"}:
        return False
    body = string_body(node_text(place.node))
    return len(body) > 2 and body not in _TRIVIAL_STRINGS


def _is_chainer(node: Node) -> bool:
    """Returns whether a string names a Cypress assertion: ``should("have.class", ...)``."""
    return _CHAINER.match(string_body(node_text(node))) is not None


def _is_cases(place: Place) -> bool:
    """Returns whether this is the table of a parametrised test, to be replaced as a whole."""
    return callee_name(place) in {"parametrize", "each"} and place.node.named_child_count > 0


def _is_interpolated(node: Node) -> bool:
    parts = node.named_children if node.type == "concatenated_string" else [node]
    return any(child.type in _INTERPOLATIONS for part in parts for child in part.named_children)


def _is_key(place: Place) -> bool:
    if place.parent is not None and place.parent.node.type in _ELEMENTS:
        place = place.parent
    if place.parent is None:
        return False
    parent = place.parent.node
    if parent.type in _SUBSCRIPTS:
        return parent.named_child(0) != place.node
    return parent.type in _PAIRS and parent.child_by_field_name("key") == place.node


def _is_data(node: Node) -> bool:
    """Returns whether a collection consists of two or more literals, not all trivial."""
    leaves = 0
    has_data = False
    stack = list(node.named_children)
    if len(stack) < 2:
        return False
    for _ in range(_MAX_ITEMS_SEEN):
        if not stack:
            break
        item = stack.pop()
        if item.type in _ARITHMETIC:  # -1, 2 + 3j
            stack.extend(item.named_children)
        elif is_literal(item):
            if _is_interpolated(item):
                return False
            leaves += 1
            is_trivial = item.type not in STRING_TYPES and node_text(item) in _TRIVIAL_NUMBERS
            has_data = has_data or not is_trivial
        elif item.type == "pair":
            value = item.child_by_field_name("value")
            # Keys name the values of a mapping: each value gets a placeholder of its own.
            if value is None or node.type in {"dictionary", "object"}:
                return False
            stack.append(value)
        elif item.type in COLLECTION_TYPES:
            stack.extend(item.named_children)
        elif item.type != "comment":
            return False
    return has_data and leaves >= 2
