"""Names placeholders after the place or the kind of their literals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ....schema.frameworks.declarations import node_fields, node_types
from ...text.syntax_tree import CALL_TYPES, NUMBER_TYPES, node_text
from ..pattern_names import words_of
from .literal_place import (
    ARGUMENT_TYPES,
    CHAINING_CALLS,
    COLLECTION_TYPES,
    STRING_TYPES,
    Place,
    called_name,
    string_body,
)

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["PlaceholderNames"]

_MAX_PLACEHOLDER_CHARS = 40
# Longer code is read in part, and longer texts have no kind: each literal reads it again.
_MAX_NAME_BYTES = 400
_MAX_KIND_BYTES = 2_000
_MAX_LEVELS = 64
_KEYED = node_types("keyed")
_ASSIGNMENTS = node_types("assignments")
_COMPARISONS = node_types("comparisons")
_COMPARING_OPERATORS = frozenset({"==", "===", "!=", "!==", "<", ">", "<=", ">="})
# Wrappers that give no name: a literal in one has the place of the wrapper.
_TRANSPARENT = node_types("transparent")
_MEMBERS = frozenset(node_fields("members"))
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


class PlaceholderNames:
    """Unique names for distinct literals."""

    def __init__(self) -> None:
        self._by_literal: dict[str, str] = {}
        self._taken: dict[str, int] = {}

    def placeholder(self, place: Place) -> str:
        """Returns the placeholder of a literal, ``{{name}}``."""
        literal = node_text(place.node)
        name = self._by_literal.get(literal)
        if name is None:
            base = _name_for(place)
            self._taken[base] = self._taken.get(base, 0) + 1
            name = base if self._taken[base] == 1 else f"{base}_{self._taken[base]}"
            self._by_literal[literal] = name
        return f"{{{{{name}}}}}"


def _name_for(place: Place) -> str:
    kind = _plain_kind(place.node) if place.node.type in STRING_TYPES else None
    return _identifier(_name_of_place(place, kind)) or "value"


def _plain_kind(node: Node) -> str | None:
    if node.end_byte - node.start_byte > _MAX_KIND_BYTES:
        return None
    body = string_body(node_text(node))
    return next((kind for kind, pattern in _KINDS if pattern.match(body)), None)


def _name_of_place(place: Place, kind: str | None) -> str:
    above = place.parent
    for _ in range(_MAX_LEVELS):
        if above is None:
            break
        parent = above.node
        if parent.type in _KEYED:
            return _start_of(parent.named_children[0])
        if parent.type in _ASSIGNMENTS:
            return kind or _assigned_name(parent)
        if parent.type in _COMPARISONS or _compares(parent):
            return kind or "expected"
        if parent.type in ARGUMENT_TYPES:
            call = above.parent.node if above.parent else None
            target = above.parent.parent if above.parent else None
            is_assigned = target is not None and target.node.type in _ASSIGNMENTS
            if target and is_assigned and place.node.type in COLLECTION_TYPES:
                return _assigned_name(target.node)  # x = array([...])
            return _name_of_argument(place.node, call, kind)
        if parent.type == "return_statement":
            return kind or "returned"
        if parent.type not in _TRANSPARENT and parent.type not in COLLECTION_TYPES:
            break
        above = above.parent
    return kind or _fallback(place.node)


def _assigned_name(assignment: Node) -> str:
    target = assignment.named_children[0]
    if target.type in _MEMBERS:
        return _start_of(target.named_children[-1])
    return _start_of(target)


def _start_of(node: Node) -> str:
    """Returns as much of a node's code as a name can use."""
    return (node.text or b"")[:_MAX_NAME_BYTES].decode("utf-8", "replace")


def _compares(node: Node) -> bool:
    if node.type != "binary_expression":
        return False
    operator = node.child_by_field_name("operator")
    return operator is not None and operator.type in _COMPARING_OPERATORS


def _name_of_argument(literal: Node, call: Node | None, kind: str | None) -> str:
    called = called_name(call) if call is not None and call.type in CALL_TYPES else ""
    if not called:
        return kind or _fallback(literal)
    if called in _NAMED_CALLS:
        return _NAMED_CALLS[called]
    if kind is not None:
        return kind
    if _EXPECTING.match(called) or called in CHAINING_CALLS:
        return "expected"
    return f"{words_of(called)} arg"


def _fallback(node: Node) -> str:
    if node.type in STRING_TYPES:
        return "text"
    return "number" if node.type in NUMBER_TYPES else "values"


def _identifier(text: str) -> str:
    words = "_".join(re.findall(r"[a-z0-9]+", words_of(text)))
    words = words[:_MAX_PLACEHOLDER_CHARS].strip("_")
    return f"n_{words}" if words[:1].isdigit() else words
