"""Replaces the literals of a test that a user of its pattern must fill in with named placeholders.

A literal is named after its place (keyword argument, key, assigned variable, comparison or called
function) or after its kind (URL, e-mail address, path). The same literal gets the same placeholder
throughout a pattern. Structure, as opposed to data, stays: 0, 1, 2, "", strings of one or two
letters (open modes, axes), keys, interpolated strings, titles of tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text.syntax_tree import CALL_TYPES, NUMBER_TYPES, callee_of, node_text
from .pattern_names import words_of

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Edit", "placeholder_edits"]

_MAX_PLACEHOLDER_CHARS = 40
_MAX_CALLEE_BYTES = 100
# Items that decide whether a collection is data; reading all of them, at every level of a deep one,
# would take quadratic time.
_MAX_ITEMS_SEEN = 500
_TRIVIAL_NUMBERS = frozenset({"0", "1", "2", "0.0", "1.0", "0.", "1.", "2.0", "2."})
_TRIVIAL_STRINGS = frozenset({"utf-8", "utf8", "ascii", "ignore", "use strict"})

_STRINGS = frozenset({"string", "concatenated_string", "template_string"})
_CONSTANTS = frozenset({"true", "false", "none", "null", "undefined"})
_COLLECTIONS = frozenset({"list", "tuple", "set", "dictionary", "array", "object"})
# The type of most nodes; it holds no literal.
_NAME = "identifier"
_ARGUMENTS = frozenset({"argument_list", "arguments"})
_KEYED = frozenset({"keyword_argument", "pair", "pair_pattern", "jsx_attribute", "property"})
_ASSIGNMENTS = frozenset(
    {
        "assignment",
        "assignment_expression",
        "assignment_pattern",
        "augmented_assignment",
        "default_parameter",
        "named_expression",
        "public_field_definition",
        "typed_default_parameter",
        "variable_declarator",
    }
)
_COMPARISONS = frozenset({"comparison_operator"})
_COMPARING_OPERATORS = frozenset({"==", "===", "!=", "!==", "<", ">", "<=", ">="})
# Wrappers that name nothing: the place is that of the wrapper.
_TRANSPARENT = frozenset(
    {
        "as_expression",
        "await",
        "await_expression",
        "binary_expression",
        "binary_operator",
        "list_splat",
        "non_null_expression",
        "parenthesized_expression",
        "satisfies_expression",
        "spread_element",
        "unary_expression",
        "unary_operator",
    }
)
_ARITHMETIC = frozenset(
    {"binary_expression", "binary_operator", "unary_expression", "unary_operator"}
)
# Subtrees whose literals are structure: keys, types, imports, interpolations.
_OPAQUE = frozenset(
    {
        "comment",
        "decorator_name",
        "future_import_statement",
        "import_from_statement",
        "import_statement",
        "interpolation",
        "jsx_text",
        "regex",
        "subscript_key",
        "type",
        "type_annotation",
        "type_arguments",
        "type_parameters",
    }
)

_STRING_PARTS = re.compile(
    r"(?P<prefix>[a-zA-Z]*)(?P<quote>\"\"\"|'''|\"|'|`)(?P<body>.*)(?P=quote)", re.DOTALL
)
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("url", re.compile(r"(?:https?|wss?|ftp)://\S+\Z")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+\Z")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?\Z")),
    ("mime_type", re.compile(r"(?:application|audio|font|image|multipart|text|video)/[\w.+*-]+")),
    ("selector", re.compile(r"[#.][A-Za-z][\w-]*(?:[ .#>:\[].*)?\Z|[a-z]*\[[\w-]+.*\].*\Z")),
    ("ip_address", re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")),
    ("path", re.compile(r"(?:\.{0,2}/)?[\w.@-]+(?:/[\w.@-]*)+\Z|/\Z|[\w-]+\.[a-z]{2,4}\Z")),
)
# Methods and functions whose argument is the expected value; other arguments are named after the
# call.
_EXPECTING = re.compile(
    r"(?:to|not)[A-Z]\w*\Z|assert\w*\Z|deepEqual\Z|equals?\Z|eql\Z|strictEqual\Z|is\Z|isEqual\Z|expect\Z"
    r"|include\w*\Z|contains?\Z|match\Z"
)
# Calls whose strings are names of parameters, fixtures and modules: structure, not data.
_NAMING_CALLS = frozenset({"parametrize", "usefixtures", "getfixturevalue", "importorskip"})
_CHAINING_CALLS = frozenset({"should", "and"})
_CHAINER = re.compile(
    r"(?:not\.)?(?:be|contain|deep|eq|equal|exist|have|include|lengthOf|match)(?:\.[\w.]+)?\Z"
)
_NAMED_CALLS = {
    "patch": "patch_target",
    "object": "attribute",
    "mock": "module",
    "setattr": "attribute",
    "raises": "error",
    "skip": "reason",
    "goto": "url",
    "visit": "url",
    "locator": "selector",
    "querySelector": "selector",
    "parametrize": "cases",
    "each": "cases",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of the bytes ``start`` to ``end`` by ``text``."""

    start: int
    end: int
    text: str


def placeholder_edits(nodes: Iterable[Node], keep: Iterable[Node] = ()) -> list[Edit]:
    """Returns the edits that turn the literals under the nodes into placeholders.

    Args:
        nodes: The shown code of a test, context first; placeholders are named in this order.
        keep: Nodes to leave as they are (titles, docstrings).
    """
    kept = {(node.start_byte, node.end_byte) for node in keep}
    names = _Names()
    edits: list[Edit] = []
    for root in nodes:
        stack = [_Place(root, None)]
        while stack:
            place = stack.pop()
            node = place.node
            if node.type in _OPAQUE or (node.start_byte, node.end_byte) in kept:
                continue
            if _is_fillable(place):
                edits.append(Edit(node.start_byte, node.end_byte, names.placeholder(place)))
            elif not _is_literal(node):
                inner = node.named_children
                stack += [_Place(child, place) for child in reversed(inner) if child.type != _NAME]
    return edits


@dataclass(frozen=True, slots=True)
class _Place:
    """A node and the path down to it (the parent of a node costs a search of the whole tree)."""

    node: Node
    parent: _Place | None


class _Names:
    """The names of literals: each distinct literal has one, and none is used twice."""

    def __init__(self) -> None:
        self._by_literal: dict[str, str] = {}
        self._taken: dict[str, int] = {}

    def placeholder(self, place: _Place) -> str:
        literal = node_text(place.node)
        name = self._by_literal.get(literal)
        if name is None:
            base = _name_for(place)
            self._taken[base] = self._taken.get(base, 0) + 1
            name = base if self._taken[base] == 1 else f"{base}_{self._taken[base]}"
            self._by_literal[literal] = name
        return f"{{{{{name}}}}}"


def _is_literal(node: Node) -> bool:
    return node.type in _STRINGS or node.type in NUMBER_TYPES or node.type in _CONSTANTS


def _is_fillable(place: _Place) -> bool:
    node = place.node
    if node.type in NUMBER_TYPES:
        return node_text(node) not in _TRIVIAL_NUMBERS and not _is_key(place)
    if node.type in _STRINGS:
        return _is_fillable_string(place)
    return node.type in _COLLECTIONS and (_is_cases(place) or _is_data(node))


def _is_fillable_string(place: _Place) -> bool:
    if _is_key(place) or _is_interpolated(place.node) or place.parent is None:
        return False
    called = _callee_name(place)
    if called in _NAMING_CALLS or (called in _CHAINING_CALLS and _is_chainer(place.node)):
        return False
    if place.parent.node.type in {"expression_statement", "concatenated_string", "literal_type"}:
        return False
    body = _string_body(node_text(place.node))
    return len(body) > 2 and body not in _TRIVIAL_STRINGS


def _is_chainer(node: Node) -> bool:
    """Returns whether a string names a Cypress assertion: ``should("have.class", ...)``."""
    return _CHAINER.match(_string_body(node_text(node))) is not None


def _is_cases(place: _Place) -> bool:
    """Returns whether this is the table of a parametrised test, which is replaced as a whole."""
    return _callee_name(place) in {"parametrize", "each"} and place.node.named_child_count > 0


def _callee_name(place: _Place) -> str:
    """Returns the last name of the called function if the place is an argument of a call."""
    arguments = place.parent
    if arguments is None or arguments.node.type not in _ARGUMENTS or arguments.parent is None:
        return ""
    return _called_name(arguments.parent.node)


def _called_name(call: Node) -> str:
    """Returns ``c`` of ``a.b.c(...)`` and of ``new c(...)``."""
    callee = callee_of(call)
    if callee is None:
        return ""
    if callee.type in {"attribute", "member_expression"}:
        callee = callee.named_children[-1]
    return node_text(callee) if callee.end_byte - callee.start_byte <= _MAX_CALLEE_BYTES else ""


def _is_interpolated(node: Node) -> bool:
    inner = {"interpolation", "template_substitution"}
    parts = node.named_children if node.type == "concatenated_string" else [node]
    return any(child.type in inner for part in parts for child in part.named_children)


def _is_key(place: _Place) -> bool:
    if place.parent is None:
        return False
    parent = place.parent.node
    if parent.type in {"subscript", "subscript_expression"}:
        return parent.named_children[0] != place.node
    return (
        parent.type in {"pair", "property_signature"}
        and parent.child_by_field_name("key") == place.node
    )


def _is_data(node: Node) -> bool:
    """Returns whether a collection holds only literals, two or more and not all trivial."""
    leaves = 0
    telling = False
    stack = list(node.named_children)
    if len(stack) < 2:
        return False
    for _ in range(_MAX_ITEMS_SEEN):
        if not stack:
            break
        item = stack.pop()
        if item.type in _ARITHMETIC:  # -1, 2 + 3j
            stack.extend(item.named_children)
        elif _is_literal(item):
            if _is_interpolated(item):
                return False
            leaves += 1
            telling = telling or item.type in _STRINGS or node_text(item) not in _TRIVIAL_NUMBERS
        elif item.type == "pair":
            value = item.child_by_field_name("value")
            # Keys name the values of a mapping: each value gets a placeholder of its own.
            if value is None or node.type in {"dictionary", "object"}:
                return False
            stack.append(value)
        elif item.type in _COLLECTIONS:
            stack.extend(item.named_children)
        elif item.type != "comment":
            return False
    return telling and leaves >= 2


def _name_for(place: _Place) -> str:
    kind = _plain_kind(place.node) if place.node.type in _STRINGS else None
    return _identifier(_name_of_place(place, kind)) or "value"


def _plain_kind(node: Node) -> str | None:
    body = _string_body(node_text(node))
    return next((kind for kind, pattern in _KINDS if pattern.match(body)), None)


def _name_of_place(place: _Place, kind: str | None) -> str:
    above = place.parent
    while above is not None:
        parent = above.node
        if parent.type in _KEYED:
            return node_text(parent.named_children[0])
        if parent.type in _ASSIGNMENTS:
            return kind or _assigned_name(parent)
        if parent.type in _COMPARISONS or _compares(parent):
            return kind or "expected"
        if parent.type in _ARGUMENTS:
            call = above.parent.node if above.parent else None
            assigned = above.parent.parent if above.parent else None
            if assigned and assigned.node.type in _ASSIGNMENTS and place.node.type in _COLLECTIONS:
                return _assigned_name(assigned.node)  # x = array([...])
            return _name_of_argument(place.node, call, kind)
        if parent.type == "return_statement":
            return kind or "returned"
        if parent.type not in _TRANSPARENT and parent.type not in _COLLECTIONS:
            break
        above = above.parent
    return kind or _fallback(place.node)


def _assigned_name(assignment: Node) -> str:
    target = assignment.named_children[0]
    if target.type in {"attribute", "member_expression"}:
        return node_text(target.named_children[-1])
    return node_text(target)


def _compares(node: Node) -> bool:
    if node.type != "binary_expression":
        return False
    operator = node.child_by_field_name("operator")
    return operator is not None and operator.type in _COMPARING_OPERATORS


def _name_of_argument(literal: Node, call: Node | None, kind: str | None) -> str:
    called = _called_name(call) if call is not None and call.type in CALL_TYPES else ""
    if not called:
        return kind or _fallback(literal)
    if called in _NAMED_CALLS:
        return _NAMED_CALLS[called]
    if kind is not None:
        return kind
    if _EXPECTING.match(called) or called in _CHAINING_CALLS:
        return "expected"
    return f"{words_of(called)} arg"


def _fallback(node: Node) -> str:
    if node.type in _STRINGS:
        return "text"
    return "number" if node.type in NUMBER_TYPES else "values"


def _identifier(text: str) -> str:
    words = "_".join(re.findall(r"[a-z0-9]+", words_of(text)))
    words = words[:_MAX_PLACEHOLDER_CHARS].strip("_")
    return f"n_{words}" if words[:1].isdigit() else words


def _string_body(literal: str) -> str:
    match = _STRING_PARTS.match(literal)
    return match["body"] if match else literal
