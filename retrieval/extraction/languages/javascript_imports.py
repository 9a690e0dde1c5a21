"""Reads the imports of a JavaScript or TypeScript test file from its syntax tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...text.syntax_tree import node_text
from ..code_facts import Import
from .javascript_calls import DECLARATION_TYPES

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["javascript_imports"]

_REQUIRE = re.compile(r"(?:await\s+import|require)\s*\(\s*[\"'`](?P<module>[^\"'`]+)[\"'`]\s*\)")
# Statements around a `require` that may depend on the platform.
_TRANSPARENT = frozenset({"else_clause", "if_statement", "statement_block", "try_statement"})


def javascript_imports(root: Node) -> tuple[Import, ...]:
    """Returns ES imports, and the `require` and dynamic imports outside functions."""
    imports: list[Import] = []
    stack = root.named_children[::-1]
    while stack:
        node = stack.pop()
        if node.type in _TRANSPARENT:
            stack += node.named_children[::-1]
        elif node.type == "import_statement":
            imports += _es_imports(node)
        elif node.type in DECLARATION_TYPES:
            for declarator in node.named_children:
                imports += _required(declarator)
        elif node.type == "expression_statement" and node.end_byte - node.start_byte < 500:
            match = _REQUIRE.search(node_text(node))
            if match:
                imports.append(Import(match["module"], "", ""))
    return tuple(imports)


def _es_imports(node: Node) -> list[Import]:
    module = node_text(node.child_by_field_name("source")).strip("\"'`")
    imports: list[Import] = []
    clause = next((child for child in node.named_children if child.type == "import_clause"), None)
    for part in clause.named_children if clause else ():
        if part.type == "identifier":
            imports.append(Import(module, "default", node_text(part)))
        elif part.type == "namespace_import":
            imports.append(Import(module, "", node_text(part.named_children[-1])))
        elif part.type == "named_imports":
            imports += _named_imports(module, part)
    return imports or [Import(module, "", "")]


def _named_imports(module: str, clause: Node) -> list[Import]:
    imports: list[Import] = []
    for specifier in clause.named_children:
        name = node_text(specifier.child_by_field_name("name"))
        if name:
            alias = node_text(specifier.child_by_field_name("alias"))
            imports.append(Import(module, name, alias or name))
    return imports


def _required(declarator: Node) -> list[Import]:
    name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
    if name is None or value is None or value.end_byte - value.start_byte > 500:
        return []
    match = _REQUIRE.search(node_text(value))
    if match is None:
        return []
    module = match["module"]
    if name.type == "identifier":
        rest = node_text(value)[match.end() :]
        member = re.match(r"\)?\.(\w+)", rest)
        return [Import(module, member[1] if member else "default", node_text(name))]
    return [
        Import(module, key, alias or key)
        for key, alias in re.findall(r"(\w+)\s*(?::\s*(\w+))?\s*(?=[,}=])", node_text(name))
    ]
