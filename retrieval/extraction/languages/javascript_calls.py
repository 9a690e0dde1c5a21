"""Reads calls of `it`, `test`, `describe` and the like in JavaScript and TypeScript."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from ...text.syntax_tree import node_text
from ..found_test import UnreadCall
from .function_aliases import FunctionNames

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "DECLARATION_TYPES",
    "TestCall",
    "callee_path",
    "is_wrapper",
    "read_call",
    "read_unknown_call",
]

CallKind: TypeAlias = Literal["test", "block"]

_FUNCTIONS = frozenset({"arrow_function", "function", "function_expression", "generator_function"})
# Arguments that are neither a function nor a reference to one.
_VALUES = frozenset(
    {"array", "false", "null", "number", "object", "string", "template_string", "true", "undefined"}
)
_TRANSPARENT = frozenset(
    {"as_expression", "instantiation_expression", "non_null_expression", "parenthesized_expression"}
)
_ASSERTION = re.compile(r"\b(?:expect|assert(?:\.\w+)?)\(|\bcy\.|\.should\b|\bt\.\w+\(")
# Where statements are declared that a runner runs: not in the functions of a test or a helper.
_STATEMENTS = frozenset(
    {"await_expression", "else_clause", "expression_statement", "for_in_statement", "for_statement"}
    | {"if_statement", "statement_block"}
)
_SKIP_OPTION = re.compile(r"\bskip\s*:(?!\s*(?:false|undefined)\b)")
_TITLES = frozenset(
    {
        "binary_expression",
        "call_expression",
        "identifier",
        "member_expression",
        "string",
        "template_string",
    }
)
DECLARATION_TYPES = frozenset({"lexical_declaration", "variable_declaration"})
_MAX_TITLE_CHARS = 300
_MAX_TITLE_CODE_CHARS = 2_000
# `test.describe.parallel.only` has four; a longer chain is not a test.
_MAX_LINKS = 8


@dataclass(frozen=True, slots=True)
class TestCall:
    """A call of a test or block function: its name, modifiers, title, options and body."""

    kind: CallKind
    name: str
    modifiers: tuple[str, ...]
    title: str
    title_node: Node | None
    body: Node | None  # the function passed
    has_body: bool
    is_skipped: bool = False  # by an option: { skip: true }


def read_call(
    node: Node, names: FunctionNames, contexts: AbstractSet[str] = frozenset()
) -> TestCall | None:
    """Returns the test or block that a call declares, or None for any other call.

    Args:
        contexts: The first parameters of the tests around it, which may have subtests.
    """
    path = callee_path(node, names.factories)
    if path is None or _is_own(node, path[0], names):
        return None
    is_table = path[0] in names.tables
    if len(path) > 1 and path[0] in names.objects:
        held = names.members.get(f"{path[0]}.{path[1]}", path[1])
        path = [held, *path[2:]] if held in names.tests | names.blocks else path
    if len(path) == 2 and path[0] in contexts and path[1] in names.forms.subtests:
        return _read_arguments(node, "test", path[1], (), names)
    name, *modifiers = path
    kind: CallKind = "block"
    allowed = names.forms.block_modifiers
    if name in names.tests and modifiers and modifiers[0] in {"describe", "suite"}:
        modifiers = modifiers[1:]  # Playwright's test.describe
    elif name in names.tests:
        kind, allowed = "test", names.forms.test_modifiers
    elif name not in names.blocks:
        return None
    if not set(modifiers) <= allowed or modifiers[-1:] == ["extend"]:
        return None
    call = _read_arguments(node, kind, name, tuple(modifiers), names)
    if call is None or not is_table:
        return call
    return replace(call, modifiers=(*call.modifiers, *names.forms.tables))


def read_unknown_call(node: Node, names: FunctionNames) -> UnreadCall | None:
    """Returns a call that looks like a test, of a function that declares none; None for others.

    It has a title and a function that asserts, and is where tests are declared; or it calls a test
    function that the file defines itself.
    """
    path = callee_path(node)
    if path is None or len(path) > 1 or path[0] in names.forms.hooks | names.blocks:
        return None
    arguments = node.child_by_field_name("arguments")
    given = arguments.named_children if arguments is not None else []
    body = next((argument for argument in given if argument.type in _FUNCTIONS), None)
    if body is None or not any(each.type in {"string", "template_string"} for each in given):
        return None
    is_own = _is_own(node, path[0], names)
    if not (is_own or _ASSERTION.search(node_text(body))) or not _is_declared(node, names):
        return None
    reason = "is a function of this file" if is_own else "is not known to declare a test"
    return UnreadCall(node, f"{path[0]}() {reason}")


def _is_own(node: Node, name: str, names: FunctionNames) -> bool:
    """Returns whether a call is of a test function that the file or a block around it defines."""
    if name not in names.own_in_blocks:
        return name in names.own
    outer = node.parent
    while outer is not None:
        for statement in outer.named_children if outer.type == "statement_block" else ():
            declared = (
                statement.named_children if statement.type in DECLARATION_TYPES else [statement]
            )
            if any(node_text(each.child_by_field_name("name")) == name for each in declared):
                return True
        outer = outer.parent
    return False


def _is_declared(node: Node, names: FunctionNames) -> bool:
    """Returns whether a call is where a file or a block declares its tests."""
    outer = node.parent
    while outer is not None and outer.type != "program":
        if outer.type in _FUNCTIONS:
            arguments = outer.parent
            call = arguments.parent if arguments is not None else None
            if call is None or not _runs_at_once(call, names):
                return False
            outer = call
        elif outer.type not in _STATEMENTS:
            return False
        outer = outer.parent
    return outer is not None


def _runs_at_once(call: Node, names: FunctionNames) -> bool:
    """Returns whether a call runs the function that it is given while the file is loaded."""
    callee = call.child_by_field_name("function")
    if callee is not None and node_text(callee.child_by_field_name("property")) == "forEach":
        return True
    read = read_call(call, names)
    return read is not None and read.kind == "block"


def is_wrapper(node: Node, names: FunctionNames) -> bool:
    """Returns whether a node defines a function whose calls are the tests."""
    if node.type not in {"function_declaration", "variable_declarator"}:
        return False
    return node_text(node.child_by_field_name("name")) in names.wrappers


def callee_path(node: Node, factories: AbstractSet[str] = frozenset()) -> list[str] | None:
    """Returns ``["it", "each"]`` of ``it.each(table)(...)`` and of ``it.each`table`(...)``.

    Args:
        factories: Functions whose result is a test function: ``["onLinux"]`` of
            ``onLinux(true)(...)``.
    """
    current = node.child_by_field_name("function")
    names: list[str] = []
    for _ in range(_MAX_LINKS):
        if current is None:
            break
        if current.type == "member_expression":
            member = current.child_by_field_name("property")
            names.append(node_text(member) if member else "")
            current = current.child_by_field_name("object")
        elif current.type == "call_expression":  # the table or condition: it.each(...)(...)
            current = current.child_by_field_name("function")
            if current is None:
                return None
            if current.type != "member_expression" and node_text(current) not in factories:
                return None
        elif current.type == "subscript_expression":  # it['only']
            names.append(node_text(current.child_by_field_name("index")).strip("\"'`"))
            current = current.child_by_field_name("object")
        elif current.type == "ternary_expression":  # (isSlow ? it.skip : it)
            choices = (
                current.child_by_field_name(field) for field in ("consequence", "alternative")
            )
            current = min(
                filter(None, choices), key=lambda choice: choice.end_byte - choice.start_byte
            )
        elif current.type in _TRANSPARENT:
            current = current.named_children[0]
        elif current.type == "identifier":
            names.append(node_text(current))
            return names[::-1]
        else:
            return None
    return None


def _read_arguments(
    node: Node,
    kind: CallKind,
    name: str,
    modifiers: tuple[str, ...],
    names: FunctionNames,
) -> TestCall | None:
    arguments = node.child_by_field_name("arguments")
    if arguments is None:
        return None
    if arguments.type == "template_string":
        return None  # the table of it.each`...`: the call around it declares the test
    given = [child for child in arguments.named_children if child.type != "comment"]
    if not given or _is_awaiting_title(node, modifiers, given, names):
        return None
    first, rest = given[0], given[1:]
    body = next((arg for arg in reversed(given) if arg.type in _FUNCTIONS), None)
    if first.type in _FUNCTIONS:  # ava's test(t => ...), mocha's describe(function () {})
        if kind == "test" and not names.forms.is_untitled:
            return None
        return TestCall(kind, name, modifiers, "", None, body, True)
    if first.type not in _TITLES:
        return None
    if body is None and first.type not in {"string", "template_string", "binary_expression"}:
        return None  # test(a, b): another function of that name
    title = _title(first)
    has_body = body is not None or any(arg.type not in _VALUES for arg in rest)
    is_skipped = any(_skips(arg) for arg in rest)
    return TestCall(kind, name, modifiers, title, first, body, has_body, is_skipped)


def _skips(options: Node) -> bool:
    return (
        options.type == "object"
        and _SKIP_OPTION.search(node_text(options)[:_MAX_TITLE_CHARS]) is not None
    )


def _is_awaiting_title(
    node: Node, modifiers: tuple[str, ...], given: list[Node], names: FunctionNames
) -> bool:
    """Returns whether this is the inner call of `it.each(table)(...)`, which declares no test."""
    callee = node.child_by_field_name("function")
    if callee is None or callee.type != "member_expression":
        return False
    last = modifiers[-1] if modifiers else ""
    if last in {"skipIf", "runIf", "todoIf", "if"}:
        return True
    return last in names.forms.tables and not any(arg.type in _FUNCTIONS for arg in given[1:])


def _title(node: Node) -> str:
    text = node_text(node)[:_MAX_TITLE_CODE_CHARS]
    if node.type in {"string", "template_string"}:
        text = re.sub(r"\\(['\"`$\\])", r"\1", text[1:-1])
    elif node.type == "binary_expression":  # 'a ' + b: literal parts as they are, others as ${...}
        text = re.sub(r"\s*\+\s*", " ", re.sub(r"['\"`]", "", text))
    else:
        text = re.sub(r"\.name\Z", "", text)
    return " ".join(text.split())[:_MAX_TITLE_CHARS]
