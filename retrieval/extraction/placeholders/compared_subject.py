"""Names what a value is compared with: ``user_name`` for ``assert user.name == "x"``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ....schema.frameworks.declarations import node_fields, node_types
from ...text.syntax_tree import CALL_TYPES, callee_of, node_text
from .literal_place import (
    ARGUMENT_TYPES,
    COLLECTION_TYPES,
    STRING_TYPES,
    called_name,
    is_literal,
    is_number,
    string_body,
)

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["CONVERSIONS", "argument_subject", "chain_subject", "subject_name"]

# Calls whose result stands for their argument.
CONVERSIONS: Final = frozenset(
    "approx array arrayContaining as_posix asanyarray asarray atleast_1d atleast_2d"
    " BehaviorSubject BigInt bool Boolean Buffer bytes cast complex complex128 complex64"
    " coo_array coo_matrix Counter createSignal csc_array csr_array csr_matrix Decimal dedent"
    " deepcopy deque dict float float16 float32 Float32Array float64 Float64Array Fraction"
    " freeze from fromEntries frozenset gettext int int16 int32 Int32Array int64 int8 iter"
    " list literal longdouble Map matrix next Number objectContaining observable of"
    " OrderedDict Path PurePath raw reactive ref repr resolve reversed round Set set"
    " shallowReactive shallowRef signal sorted str String stringContaining stringify"
    " stringMatching tuple uint16 uint32 uint64 uint8 Uint8Array unref useState zip".split()
)
# Methods whose result is named after their object.
_VIEWS = frozenset(
    "at astype copy decode encode filter find first flat flatten get items join json keys last"
    " lower map pop ravel read slice sort strip text toArray toJSON toString tolist trim upper"
    " values".split()
)
_COMPREHENSIONS = frozenset(
    {"generator_expression", "list_comprehension", "set_comprehension", "dictionary_comprehension"}
)
_MEMBERS = frozenset(node_fields("members")) - frozenset(node_fields("calls"))
_SUBSCRIPTS = node_types("subscripts")
_WRAPPERS = frozenset(
    {
        "as_expression",
        "await",
        "await_expression",
        "binary_expression",
        "binary_operator",
        "boolean_operator",
        "list_splat",
        "non_null_expression",
        "not_operator",
        "parenthesized_expression",
        "spread_element",
        "unary_expression",
        "unary_operator",
    }
) | node_types("transparent")
_OWNERS = frozenset({"", "cls", "np", "self", "this", "screen"})
_EXPECTATIONS = frozenset({"assertThat", "expect", "expectTypeOf", "assert_that"})
_MAX_LEVELS = 12
_MAX_TEXT_BYTES = 80


def subject_name(node: Node | None, levels: int = _MAX_LEVELS) -> str:
    """Returns the name of what an expression is, in words joined by blanks, or an empty text.

    Args:
        levels: Number of expressions inside each other to read.
    """
    for level in reversed(range(levels)):
        if node is None or is_literal(node) or is_number(node):
            return ""
        kind = node.type
        if kind in _MEMBERS:
            return _member_name(node)
        if kind in CALL_TYPES:
            arguments = node.child_by_field_name("arguments")
            called = called_name(node)
            first = _first_argument(arguments)
            if called not in CONVERSIONS or first is None:
                return _call_name(node, called, first, level)
            node = first
        elif kind in _SUBSCRIPTS:
            return _item_name(node, level)
        elif kind in _COMPREHENSIONS:
            clauses = (child for child in node.named_children if child.type == "for_in_clause")
            node = next((clause.child_by_field_name("right") for clause in clauses), None)
        elif kind in _WRAPPERS and node.named_child_count:
            node = next((c for c in node.named_children if _can_have_name(c)), None)
        else:
            return _short_text(node) if kind in {"identifier", "this"} else ""
    return ""


def _can_have_name(node: Node) -> bool:
    """Returns whether an expression can have a name."""
    return not (is_literal(node) or is_number(node) or node.type in COLLECTION_TYPES)


def argument_subject(arguments: Node, literal: Node) -> str:
    """Returns the name of the argument that a literal is compared with in an assertion's call."""
    for argument in map(arguments.named_child, range(min(3, arguments.named_child_count))):
        if argument is None or argument.start_byte <= literal.start_byte < argument.end_byte:
            continue
        is_test = arguments.named_child_count > 2 and argument.text == b"t"  # Go's assert.Equal(t,
        if argument.type not in {"comment", "keyword_argument"} and not is_test:
            name = subject_name(argument)
            if name:
                return name
    return ""


def chain_subject(call: Node) -> str:
    """Returns the name of ``x`` in ``expect(x).not.toBe(...)`` and in ``x.should.equal(...)``."""
    node = callee_of(call)
    for _ in range(_MAX_LEVELS):
        if node is None:
            return ""
        if node.type in CALL_TYPES:
            if called_name(node) in _EXPECTATIONS:
                return subject_name(_first_argument(node.child_by_field_name("arguments")))
            node = callee_of(node)
        elif node.type in _MEMBERS:
            owner = node.child_by_field_name("object")
            if _short_text(node.named_children[-1]) == "should":
                return subject_name(owner)
            node = owner
        else:
            return ""
    return ""


def _first_argument(arguments: Node | None) -> Node | None:
    if arguments is None or arguments.type not in ARGUMENT_TYPES or not arguments.named_child_count:
        return None
    first = arguments.named_child(0)
    return None if first is None or first.type in {"comment", "keyword_argument"} else first


def _member_name(node: Node) -> str:
    member = _short_text(node.named_children[-1])
    owner = node.child_by_field_name("object")
    if owner is not None and owner.type in _MEMBERS:
        owner = owner.named_children[-1]
    name = _short_text(owner) if owner is not None and not owner.named_child_count else ""
    return member if name in _OWNERS else f"{name} {member}"


def _call_name(node: Node, called: str, first: Node | None, levels: int) -> str:
    if called == "len" and first is not None:
        return f"{subject_name(first, levels)} length".strip()
    callee = callee_of(node)
    owner = callee.child_by_field_name("object") if callee is not None else None
    return (called in _VIEWS and _short_name(owner)) or called


def _short_name(node: Node | None) -> str:
    """Returns the name of an attribute or variable, or an empty text."""
    if node is None:
        return ""
    return _member_name(node) if node.type in _MEMBERS else _plain_name(node)


def _plain_name(node: Node) -> str:
    name = _short_text(node) if node.type == "identifier" else ""
    return "" if name in _OWNERS else name


def _item_name(node: Node, levels: int) -> str:
    owner = subject_name(node.named_child(0), levels)
    key = node.named_child(1)
    if key is not None and key.type in STRING_TYPES:
        return f"{owner} {string_body(_short_text(key))}".strip()
    return owner


def _short_text(node: Node | None) -> str:
    if node is None or node.end_byte - node.start_byte > _MAX_TEXT_BYTES:
        return ""
    return node_text(node)
