"""Finds the literals of a test: those that a placeholder may replace, and those that must stay."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ....schema.frameworks.declarations import node_types
from ...text.syntax_tree import node_text
from .literal_place import (
    CHAINING_CALLS,
    COLLECTION_TYPES,
    STRING_TYPES,
    Place,
    callee_name,
    is_interpolated,
    is_literal,
    is_number,
    string_body,
)

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["LiteralSite", "LiteralSites", "inner_sites", "literal_sites"]

# Items read to decide whether a collection is data; reading all at every level of a deep one would
# take quadratic time.
_MAX_ITEMS_SEEN = 500
_TRIVIAL_NUMBERS = frozenset({"0", "1", "2", "0.0", "1.0", "0.", "1.", "2.0", "2."})
_TRIVIAL_STRINGS = frozenset({"utf-8", "utf8", "ascii", "ignore", "use strict"})
_WORD = re.compile(r"\w")
# The most frequent node type; it contains no literals.
_NAME = "identifier"
_ARITHMETIC = node_types("arithmetic")
_ELEMENTS = node_types("elements")
_PAIRS = node_types("pairs")
_SUBSCRIPTS = node_types("subscripts")
_PROPERTIES = frozenset(
    {
        "property_identifier",
        "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
    }
)
_NAMED_PARTS = frozenset({"attribute", "keyword_argument"})
# Subtrees whose literals are structure: types, imports, interpolations.
_OPAQUE = frozenset(
    {
        "decorator_name",
        "enum_body",
        "future_import_statement",
        "import_from_statement",
        "import_statement",
        "interface_declaration",
        "interpolation",
        "jsx_text",
        "literal_type",
        "regex",
        "type",
        "type_alias_declaration",
        "type_annotation",
        "type_arguments",
        "type_parameters",
    }
) | node_types("opaque")
# Calls whose strings are names of parameters, fixtures and modules: structure, not data.
_NAMING_CALLS = frozenset({"parametrize", "usefixtures", "getfixturevalue", "importorskip"})
_CHAINER = re.compile(
    r"(?:not\.)?(?:be|contain|deep|eq|equal|exist|have|include|lengthOf|match)(?:\.[\w.]+)?\Z"
)


@dataclass(frozen=True, slots=True)
class LiteralSite:
    """A literal that a placeholder may replace.

    Attributes:
        text: Its code.
        is_key: It is a key or an index: replaced only with an equal literal elsewhere.
    """

    place: Place
    text: str
    is_key: bool = False

    @property
    def is_string(self) -> bool:
        """Whether it is a string."""
        return self.place.node.type in STRING_TYPES

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return is_number(self.place.node)

    @property
    def is_table(self) -> bool:
        """Whether it is the table of a parametrised test."""
        return not self.is_string and callee_name(self.place) in {"parametrize", "each"}


@dataclass(slots=True)
class LiteralSites:
    """The literals of a test.

    Attributes:
        sites: In source order: strings, numbers, and collections that are data as a whole.
        kept_texts: Code that stays and contains or is text: interpolated strings, regular
            expressions, types.
        kept_names: Names of attributes, keywords and properties.
        kept_numbers: Numbers that stay.
    """

    sites: list[LiteralSite] = field(default_factory=list)
    kept_texts: list[str] = field(default_factory=list)
    kept_names: set[str] = field(default_factory=set)
    kept_numbers: set[str] = field(default_factory=set)


def literal_sites(nodes: Iterable[Node], keep: Iterable[Node] = ()) -> LiteralSites:
    """Returns the literals under the nodes.

    Args:
        nodes: The code of a test, context first.
        keep: Nodes to leave out (titles, docstrings).
    """
    kept = {(node.start_byte, node.end_byte) for node in keep}
    found = LiteralSites()
    for root in nodes:
        stack = [Place(root, None)]
        while stack:
            place = stack.pop()
            node = place.node
            kind = node.type
            if kind == "comment" or (kept and (node.start_byte, node.end_byte) in kept):
                continue
            if kind in _PROPERTIES:
                found.kept_names.add(node_text(node))
            elif kind in _OPAQUE:
                found.kept_texts.append(node_text(node))
            elif is_literal(node) or is_number(node):
                _add_literal(found, place)
            elif kind in COLLECTION_TYPES and (_is_table(place) or _is_data(node)):
                found.sites.append(LiteralSite(place, node_text(node)))
            else:
                inner = node.named_children
                if kind in _NAMED_PARTS:
                    found.kept_names.add(node_text(inner[-1 if kind == "attribute" else 0]))
                stack += [Place(child, place) for child in reversed(inner) if child.type != _NAME]
    return found


def inner_sites(site: LiteralSite) -> list[LiteralSite]:
    """Returns the strings and numbers inside a collection that may be replaced one by one."""
    found = LiteralSites()
    stack = [site.place]
    while stack:
        place = stack.pop()
        if is_literal(place.node) or is_number(place.node):
            _add_literal(found, place)
        else:
            stack += [Place(child, place) for child in reversed(place.node.named_children)]
    return found.sites


def _add_literal(found: LiteralSites, place: Place) -> None:
    node = place.node
    text = node_text(node)
    if is_number(node):
        if text.lstrip("-+") not in _TRIVIAL_NUMBERS and not _is_pair_key(place):
            found.sites.append(LiteralSite(place, text))
        else:
            found.kept_numbers.add(text)
    elif node.type in STRING_TYPES:
        parent = place.parent.node.type if place.parent is not None else ""
        if parent == "expression_statement":
            return  # a docstring or a directive
        if _is_structure(place, text):
            found.kept_texts.append(text)
        else:
            found.sites.append(LiteralSite(place, text, is_key=_is_key(place)))


def _is_structure(place: Place, text: str) -> bool:
    """Returns whether a string must stay as it is."""
    parent = place.parent.node if place.parent is not None else None
    if parent is None or parent.type == "call_expression" or is_interpolated(place.node):
        return True  # a tagged template is a call: gql`...`
    called = callee_name(place)
    if called in _NAMING_CALLS or (called in CHAINING_CALLS and _CHAINER.match(string_body(text))):
        return True
    body = string_body(text)
    return len(body) <= 2 or body in _TRIVIAL_STRINGS or not _WORD.search(body)


def _is_table(place: Place) -> bool:
    """Returns whether this is the table of a parametrised test, to be replaced as a whole."""
    return callee_name(place) in {"parametrize", "each"} and place.node.named_child_count > 0


def _is_key(place: Place) -> bool:
    if place.parent is not None and place.parent.node.type in _ELEMENTS:
        place = place.parent
    if place.parent is None:
        return False
    parent = place.parent.node
    if parent.type in _SUBSCRIPTS:
        return parent.named_child(0) != place.node
    return _is_pair_key(place)


def _is_pair_key(place: Place) -> bool:
    parent = place.parent.node if place.parent is not None else None
    return (
        parent is not None
        and parent.type in _PAIRS
        and parent.child_by_field_name("key") == place.node
    )


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
            if is_interpolated(item):
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
