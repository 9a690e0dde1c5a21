"""Says what a literal is, by its place: its name and its role."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....schema.frameworks.declarations import node_types
from ....schema.records.pattern_parts import PlaceholderRole
from ..pattern_names import words_of
from .argument_name import EXPECTING, argument_name, is_conversion
from .compared_subject import CONVERSIONS, subject_name
from .literal_kind import TARGET_KINDS, literal_kind
from .literal_place import (
    ARGUMENT_TYPES,
    CHAINING_CALLS,
    COLLECTION_TYPES,
    STRING_TYPES,
    Place,
    callee_name,
    is_plain_call,
)
from .parameter_names import ParameterNames

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["LiteralSense", "literal_sense"]

_MAX_NAME_BYTES = 400
_MAX_TARGETS = 16
_KEYED = node_types("keyed")
_ASSIGNMENTS = frozenset(
    {
        "assignment",
        "assignment_expression",
        "assignment_pattern",
        "augmented_assignment",
        "augmented_assignment_expression",
        "default_parameter",
        "named_expression",
        "optional_parameter",
        "public_field_definition",
        "required_parameter",
        "typed_default_parameter",
        "variable_declarator",
    }
) | node_types("assignments")
_LOOPS = frozenset({"for_in_clause", "for_in_statement", "for_statement"})
_TARGET_LISTS = frozenset({"array_pattern", "list_pattern", "pattern_list", "tuple_pattern"})
_COMPARING_OPERATORS = frozenset({"==", "===", "!=", "!==", "<", ">", "<=", ">="})
_BINARY = frozenset({"binary_expression", "binary_operator"})
_OPERANDS = {
    "*": "factor",
    "+": "offset",
    "-": "offset",
    "/": "divisor",
    "//": "divisor",
    "%": "modulus",
    "**": "exponent",
    "<<": "shift",
    ">>": "shift",
    "&": "mask",
    "|": "flag",
}
_FUNCTIONS = frozenset(
    {
        "arrow_function",
        "function_declaration",
        "function_definition",
        "function_expression",
        "generator_function",
        "lambda",
        "method_definition",
    }
)
_SUBSCRIPTS = node_types("subscripts")
# Wrappers that give no name: a literal in one has the place of the wrapper.
_TRANSPARENT = COLLECTION_TYPES | frozenset(
    {
        "argument_list",
        "arguments",
        "arrow_function",
        "as_expression",
        "attribute",
        "await",
        "await_expression",
        "boolean_operator",
        "call",
        "call_expression",
        "conditional_expression",
        "expression_list",
        "jsx_expression",
        "lambda",
        "list_splat",
        "member_expression",
        "new_expression",
        "non_null_expression",
        "parenthesized_expression",
        "satisfies_expression",
        "slice",
        "spread_element",
        "ternary_expression",
        "unary_expression",
        "unary_operator",
        *_BINARY,
    }
)
_MESSAGES = re.compile(r"(?:(?:err(?:or)?|assertion|failure) )?(?:message|msg|reason)\Z")
_TARGETS = re.compile(
    r"(?:.* )?(?:endpoint|event|file|filename|href|id|path|pathname|placeholder text|role|route"
    r"|selector|target|test id|uri|url)\Z"
)
_SETTINGS = re.compile(
    r"(?:.* )?(?:atol|axis|bins|cmap|color|count limit|decimal|delay|digits|dtype|encoding|errors"
    r"|flags|format|interval|level|limit|milliseconds|mode|n jobs|options?|order|places|precision"
    r"|random state|retries|rtol|seconds|seed|timeout|timers|tol|tolerance|verbose)\Z|max .*|min .*"
)


@dataclass(frozen=True, slots=True)
class LiteralSense:
    """What a literal is.

    Attributes:
        name: Words that are the name of its placeholder.
        is_generic: Its place says nothing about it: the name is that of the called function, or
            of its type.
    """

    name: str
    role: PlaceholderRole
    is_generic: bool = False


def literal_sense(place: Place, parameters: ParameterNames, language: str) -> LiteralSense:
    """Returns what a literal is.

    Args:
        parameters: The parameters of the functions that the file defines.
        language: The language of the test.
    """
    if callee_name(place) in {"parametrize", "each"} and place.kind in COLLECTION_TYPES:
        return LiteralSense("cases", "cases")
    kind = literal_kind(place)
    name = _name(place, kind, parameters, language)
    is_argument = place.call is not None and not is_conversion(place)
    expected = not is_argument and _is_expected(place)
    if expected and name and name.partition(" ")[0] not in {"expected", "unexpected"}:
        name = name if _MESSAGES.match(name) or _SETTINGS.match(name) else f"expected {name}"
    words = words_of(name)
    if words:
        return LiteralSense(name, _role(words, kind, expected), words == "expected")
    return LiteralSense(_fallback(place), "expected" if expected else "input", is_generic=True)


def _role(words: str, kind: str, expected: bool) -> PlaceholderRole:
    if _MESSAGES.match(words):
        return "message"
    if words.startswith(("expected", "unexpected")):
        return "expected"
    if _SETTINGS.match(words):
        return "setting"
    if expected:
        return "expected"
    return "target" if kind in TARGET_KINDS or _TARGETS.match(words) else "input"


def _name(place: Place, kind: str, parameters: ParameterNames, language: str) -> str:
    """Returns the name that the nearest place around a literal gives it."""
    inner = place
    below: Place | None = None  # what is between the literal and ``inner``
    returned = False
    for above in place.outward():
        node_kind = above.kind
        if returned and node_kind not in _FUNCTIONS:
            continue
        if returned:
            name = words_of(_start_of(above.node.child_by_field_name("name")))
            if name:
                return kind or name
            returned = False
        elif node_kind == "return_statement":
            returned = True
        elif node_kind in ARGUMENT_TYPES:
            if not is_conversion(inner):
                assigned = _assigned_collection(place, above)
                return assigned or argument_name(inner, kind, parameters, language)
        else:
            name = _name_by(above, inner, below, kind, place.is_number)
            if name:
                return name
            if node_kind not in _TRANSPARENT:
                break
        inner, below = above, inner
    return kind


def _name_by(above: Place, inner: Place, below: Place | None, kind: str, numeric: bool) -> str:
    """Returns the name that a node gives to a literal in ``inner``."""
    node, node_kind = above.node, above.kind
    if node_kind in _KEYED:
        return words_of(_start_of(node.named_child(0)))
    if node_kind in _ASSIGNMENTS:
        return _assigned_name(node, inner, below) or kind
    if node_kind in _LOOPS:
        name = words_of(_start_of(node.child_by_field_name("left")))
        return f"{name}s" if name and " " not in name else name
    if _compares(above):
        return _other_side(node, inner.node) or kind
    if node_kind in _BINARY and numeric:
        return _operand_name(above, inner.node)
    if node_kind in _SUBSCRIPTS:
        return f"{subject_name(node.named_child(0))} index".strip()
    if node_kind == "assert_statement":
        return "assertion message"
    if node_kind in {"switch_case", "case_clause", "case_pattern"}:
        return "case"
    if node_kind == "jsx_element":
        return f"{_tag_name(node)} text"
    return ""


def _assigned_name(node: Node, inner: Place, below: Place | None) -> str:
    target = node.named_children[0]
    if target.type in _TARGET_LISTS and below is not None:
        items = map(inner.node.named_child, range(min(_MAX_TARGETS, target.named_child_count)))
        index = next((i for i, item in enumerate(items) if item == below.node), -1)
        if 0 <= index < target.named_child_count:
            target = target.named_children[index]
    is_list = target.type in _TARGET_LISTS or not target.named_child_count
    return words_of(_start_of(target) if is_list else subject_name(target))


def _tag_name(element: Node) -> str:
    opening = element.named_child(0)
    return _start_of(opening.child_by_field_name("name")) if opening is not None else ""


def _assigned_collection(place: Place, arguments: Place) -> str:
    """Returns ``x`` for the list in ``x = frame([...])``."""
    call = arguments.parent
    if place.kind not in COLLECTION_TYPES or call is None or call.parent is None:
        return ""
    target = call.parent
    return _assigned_name(target.node, call, None) if target.kind in _ASSIGNMENTS else ""


def _operator(place: Place) -> str:
    operator = place.node.child_by_field_name("operator") if place.kind in _BINARY else None
    return operator.type if operator is not None else ""


def _compares(place: Place) -> bool:
    return place.kind == "comparison_operator" or _operator(place) in _COMPARING_OPERATORS


def _other_side(node: Node, inner: Node) -> str:
    sides = map(node.named_child, range(min(3, node.named_child_count)))
    return next((name for side in sides if side != inner and (name := subject_name(side))), "")


def _operand_name(above: Place, inner: Node) -> str:
    noun = _OPERANDS.get(_operator(above), "")
    subject = _other_side(above.node, inner)
    return f"{subject} {noun}" if noun and subject else ""


def _is_expected(place: Place) -> bool:
    """Returns whether a literal is compared with a result in an assertion."""
    compared = False
    for above in place.outward():
        if _compares(above):
            compared = True
        elif above.kind == "assert_statement":
            return compared
        elif above.kind in ARGUMENT_TYPES and above.parent is not None:
            called = above.parent.called
            if called in CONVERSIONS:
                continue
            if called == "expect" and is_plain_call(above.parent.node):
                return compared
            return EXPECTING.match(called) is not None or called in CHAINING_CALLS
        elif above.kind.endswith(("_statement", "_declaration")):
            return False
    return False


def _fallback(place: Place) -> str:
    """Returns a name from the function that is called with a literal, or from its type."""
    calls = (call.called for each in (place, *place.outward()) if (call := each.call))
    called = next((name for name in calls if name not in CONVERSIONS), "")
    if place.parent is not None and place.parent.kind == "return_statement":
        return "returned"
    if called:
        return f"{called} arg"
    if place.kind in STRING_TYPES:
        return "text"
    return "number" if place.is_number else "values"


def _start_of(node: Node | None) -> str:
    """Returns as much of a node's code as a name can use."""
    return (node.text or b"")[:_MAX_NAME_BYTES].decode("utf-8", "replace") if node else ""
