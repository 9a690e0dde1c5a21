"""Finds the literals of a test: those that a placeholder may replace, and those that must stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from ....schema.frameworks.declarations import node_types
from ...text.syntax_tree import NUMBER_TYPES, node_text
from .literal_place import (
    CHAINING_CALLS,
    COLLECTION_TYPES,
    CONSTANT_TYPES,
    LITERAL_TYPES,
    SIGNED_TYPES,
    STRING_TYPES,
    Place,
    callee_name,
    is_interpolated,
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
# Node types without a text or number in them; the names are most of all nodes.
_EMPTY = frozenset({"comment", "identifier"}) | CONSTANT_TYPES
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


class LiteralSite(NamedTuple):
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
        return self.place.kind in STRING_TYPES

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return self.place.is_number

    @property
    def is_collection(self) -> bool:
        """Whether it is a collection that is data as a whole."""
        return self.place.kind in COLLECTION_TYPES

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
    kept = {(node.type, node.start_byte, node.end_byte) for node in keep}
    kept_types = {kind for kind, _, _ in kept}
    found = LiteralSites()
    for root in nodes:
        stack = [Place(root, root.type, None)]
        while stack:
            place = stack.pop()
            kind, node = place.kind, place.node
            if kind in kept_types and (kind, node.start_byte, node.end_byte) in kept:
                continue
            add = _PARTS.get(kind)
            if add is None or not add(found, place):
                stack += _inside(place)
    return found


def inner_sites(site: LiteralSite) -> list[LiteralSite]:
    """Returns the strings and numbers inside a collection that may be replaced one by one."""
    found = LiteralSites()
    stack = [site.place]
    while stack:
        place = stack.pop()
        add = _LITERALS.get(place.kind)
        if add is None or not add(found, place):
            stack += _inside(place)
    return found.sites


def _inside(place: Place) -> list[Place]:
    """Returns the places inside a place that can hold literals, the last one first."""
    return [
        Place(child, kind, place)
        for child in reversed(place.node.named_children)
        if (kind := child.type) not in _EMPTY
    ]


def _add_property(found: LiteralSites, place: Place) -> bool:
    found.kept_names.add(node_text(place.node))
    return True


def _add_opaque(found: LiteralSites, place: Place) -> bool:
    found.kept_texts.append(node_text(place.node))
    return True


def _add_attribute(found: LiteralSites, place: Place) -> bool:
    found.kept_names.add(node_text(place.node.named_children[-1]))
    return False


def _add_keyword(found: LiteralSites, place: Place) -> bool:
    found.kept_names.add(node_text(place.node.named_children[0]))
    return False


def _add_collection(found: LiteralSites, place: Place) -> bool:
    is_whole = _is_table(place) or _is_data(place.node)
    if is_whole:
        found.sites.append(LiteralSite(place, node_text(place.node)))
    return is_whole


def _add_number(found: LiteralSites, place: Place) -> bool:
    if not place.is_number:
        return False  # an operator on anything else
    text = node_text(place.node)
    if text.lstrip("-+") not in _TRIVIAL_NUMBERS and not _is_pair_key(place):
        found.sites.append(LiteralSite(place, text))
    else:
        found.kept_numbers.add(text)
    return True


def _add_string(found: LiteralSites, place: Place) -> bool:
    if place.parent is not None and place.parent.kind == "expression_statement":
        return True  # a docstring or a directive
    text = node_text(place.node)
    if _is_structure(place, text):
        found.kept_texts.append(text)
    else:
        found.sites.append(LiteralSite(place, text, is_key=_is_key(place)))
    return True


_Part: TypeAlias = Callable[[LiteralSites, Place], bool]

# What adds a node to the literals found; returns whether all inside it is done too.
_LITERALS: Final[Mapping[str, _Part]] = {
    **dict.fromkeys(NUMBER_TYPES | SIGNED_TYPES, _add_number),
    **dict.fromkeys(STRING_TYPES, _add_string),
}
_PARTS: Final[Mapping[str, _Part]] = {
    "attribute": _add_attribute,
    "keyword_argument": _add_keyword,
    **dict.fromkeys(COLLECTION_TYPES, _add_collection),
    **_LITERALS,
    **dict.fromkeys(_OPAQUE, _add_opaque),
    **dict.fromkeys(_PROPERTIES, _add_property),
}


def _is_structure(place: Place, text: str) -> bool:
    """Returns whether a string must stay as it is."""
    if place.parent is None or place.parent.kind == "call_expression":
        return True  # a tagged template is a call: gql`...`
    if is_interpolated(place.node):
        return True
    called = callee_name(place)
    if called in _NAMING_CALLS or (called in CHAINING_CALLS and _CHAINER.match(string_body(text))):
        return True
    body = string_body(text)
    return len(body) <= 2 or body in _TRIVIAL_STRINGS or not _WORD.search(body)


def _is_table(place: Place) -> bool:
    """Returns whether this is the table of a parametrised test, to be replaced as a whole."""
    return callee_name(place) in {"parametrize", "each"} and place.node.named_child_count > 0


def _is_key(place: Place) -> bool:
    if place.parent is not None and place.parent.kind in _ELEMENTS:
        place = place.parent
    if place.parent is None:
        return False
    if place.parent.kind in _SUBSCRIPTS:
        return place.parent.node.named_child(0) != place.node
    return _is_pair_key(place)


def _is_pair_key(place: Place) -> bool:
    parent = place.parent
    return (
        parent is not None
        and parent.kind in _PAIRS
        and parent.node.child_by_field_name("key") == place.node
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
        kind = item.type
        if kind in _ARITHMETIC:  # -1, 2 + 3j
            stack.extend(item.named_children)
        elif kind in LITERAL_TYPES:
            is_string = kind in STRING_TYPES
            if is_string and is_interpolated(item):
                return False
            leaves += 1
            has_data = has_data or is_string or node_text(item) not in _TRIVIAL_NUMBERS
        elif kind == "pair":
            value = item.child_by_field_name("value")
            # Keys name the values of a mapping: each value gets a placeholder of its own.
            if value is None or node.type in {"dictionary", "object"}:
                return False
            stack.append(value)
        elif kind in COLLECTION_TYPES:
            stack.extend(item.named_children)
        elif kind != "comment":
            return False
    return has_data and leaves >= 2
