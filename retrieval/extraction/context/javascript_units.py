"""Reads the statements of a JavaScript or TypeScript file or block as units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from ....schema.frameworks.declarations import call_forms, declarations
from ....schema.records.pattern_parts import ContextKind
from ...text.syntax_tree import callee_of, node_text
from ..languages.javascript_calls import DECLARATION_TYPES, callee_path
from .code_unit import ImportCode, Unit, leftmost_name

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["COMMENT_TYPES", "javascript_units"]

COMMENT_TYPES = frozenset({"comment", "hash_bang_line"})

_REQUIRE = re.compile(r"(?:await\s+import|require)\s*\(")
_TEST_FUNCTION = re.compile(r"[fx]?(?:it|test|describe|context|specify|suite|bench)\Z")
# What may follow a test function in a statement that sets tests up, besides hooks.
_SETTINGS = frozenset({"configure", "setTimeout", "use"})
_MOCKS = frozenset({"doMock", "dontMock", "enableAutomock", "hoisted", "mock", "unmock"})
_PRAGMA = re.compile(r"@(?:jest|vitest|jsx|flow|ts-)|<reference|eslint-env")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_MAX_READ_BYTES = 2_000
_FUNCTION_TYPES = frozenset(
    {"abstract_class_declaration", "class_declaration", "function_declaration"}
    | {"function_signature", "generator_function_declaration"}
)
_TYPES = frozenset(
    {"enum_declaration", "interface_declaration", "internal_module", "module"}
    | {"type_alias_declaration"}
)
_STATEMENTS = frozenset(
    {"for_in_statement", "for_statement", "if_statement", "switch_statement", "try_statement"}
    | {"while_statement"}
)


def javascript_units(body: Node, holds_tests: Callable[[Node], bool]) -> Iterator[Unit]:
    """Yields the units of a file or block, in order; statements with tests are none.

    Args:
        holds_tests: Returns whether tests are in a node.
    """
    leading = True
    for node in body.named_children:
        leading = leading and node.type in COMMENT_TYPES
        if leading and _PRAGMA.search(node_text(node)[:_MAX_READ_BYTES]):
            yield Unit(node, "setup", always=True)
        elif not holds_tests(node) or node.type in DECLARATION_TYPES | _FUNCTION_TYPES:
            unit = _unit(node)
            if unit is not None:
                yield unit


def _unit(node: Node) -> Unit | None:
    inner = node
    if node.type in {"export_statement", "ambient_declaration"}:
        declared = node.child_by_field_name("declaration") or next(
            (child for child in node.named_children if child.type in _TYPES | _FUNCTION_TYPES), None
        )
        if declared is None:
            return Unit(node, "type", always=True) if node.type[0] == "a" else None
        inner = declared
    if inner.type in {"import_statement", "import_alias"}:
        return _import_unit(node)
    if inner.type in DECLARATION_TYPES:
        return _declaration(node, inner)
    if inner.type in _FUNCTION_TYPES or inner.type in _TYPES:
        kind: ContextKind = "type" if inner.type in _TYPES else "helper"
        return Unit(node, kind, (node_text(inner.child_by_field_name("name")),))
    if inner.type == "expression_statement" and inner.named_child_count:
        return _expression(node, inner.named_children[0])
    if inner.type in _STATEMENTS:
        return Unit(node, "setup", effects=tuple(_names_of(node_text(inner)[:_MAX_READ_BYTES])))
    return None


def _import_unit(node: Node) -> Unit:
    clause = next((child for child in node.named_children if child.type == "import_clause"), None)
    if clause is None:
        required = next((c for c in node.named_children if c.type == "import_require_clause"), None)
        if required is not None:
            return Unit(node, "import", (node_text(leftmost_name(required.named_children[0])),))
        return Unit(node, "import", always=True)
    names: dict[str, str] = {}
    opening = node_text(node)[: clause.start_byte - node.start_byte]
    for part in clause.named_children:
        if part.type == "named_imports":
            for specifier in part.named_children:
                alias = specifier.child_by_field_name("alias")
                bound = node_text(alias or specifier.child_by_field_name("name"))
                names[bound] = node_text(specifier)
        elif part.type == "namespace_import":
            names[node_text(part.named_children[-1])] = node_text(part)
        else:
            names[node_text(part)] = f"default {node_text(part)}"
    closing = (node.text or b"")[clause.end_byte - node.start_byte :].decode("utf-8", "replace")
    return Unit(node, "import", tuple(names), imported=ImportCode(opening, names, closing))


def _declaration(node: Node, declaration: Node) -> Unit:
    names: dict[str, None] = {}
    kind: ContextKind = "constant"
    for declarator in declaration.named_children:
        name = declarator.child_by_field_name("name")
        value = declarator.child_by_field_name("value")
        text = node_text(value)[:_MAX_READ_BYTES]
        if name is not None:
            names.update(dict.fromkeys(_names_of(node_text(name))))
        if value is not None and value.end_byte - value.start_byte < 300 and _REQUIRE.match(text):
            kind = "import"
        elif value is not None and value.type in {"arrow_function", "function_expression", "class"}:
            kind = "helper"
    return Unit(node, kind, tuple(names))


def _expression(statement: Node, node: Node) -> Unit | None:
    if node.type == "await_expression" and node.named_child_count:
        node = node.named_children[0]
    if node.type == "string":
        return Unit(statement, "setup", always=True)  # "use strict"
    if node.type == "call_expression":
        path = callee_path(node) or [""]
        if _TEST_FUNCTION.match(path[0]):
            is_setting = not _settings().isdisjoint(path[1:])
            return Unit(statement, "setup", always=True) if is_setting else None
        if path[-1] in _MOCKS:
            return Unit(statement, "setup", always=True)
        root = leftmost_name(callee_of(node))
        return Unit(statement, "setup", effects=(node_text(root),))
    if node.type in {"assignment_expression", "augmented_assignment_expression"}:
        root = leftmost_name(node.child_by_field_name("left"))
        if node_text(root) in {"exports", "module"}:
            return None
        return Unit(statement, "setup", effects=(node_text(root),))
    return None


@cache
def _settings() -> frozenset[str]:
    known = declarations().frameworks_of("javascript")
    return _SETTINGS | call_forms([each.forms for each in known if each.is_supported]).hooks


def _names_of(text: str) -> Iterator[str]:
    return iter(_NAME.findall(text))
