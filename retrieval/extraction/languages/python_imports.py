"""Reads the imports of a Python test file from its syntax tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.syntax_tree import node_text
from ..code_facts import Import

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["python_imports"]


def python_imports(root: Node) -> tuple[Import, ...]:
    """Returns the imports at module level, including those inside `if` and `try`."""
    imports: list[Import] = []
    stack = list(reversed(root.named_children))
    while stack:
        node = stack.pop()
        if node.type == "import_statement":
            imports += [_python_import("", name) for name in node.named_children]
        elif node.type in {"import_from_statement", "future_import_statement"}:
            module = node_text(node.child_by_field_name("module_name"))
            names = node.children_by_field_name("name")
            imports += [_python_import(module, name) for name in names]
        elif node.type in {
            "if_statement",
            "try_statement",
            "block",
            "else_clause",
            "except_clause",
        }:
            stack.extend(reversed(node.named_children))
    return tuple(imports)


def _python_import(module: str, name: Node) -> Import:
    alias = name.child_by_field_name("alias")
    target = node_text(name.child_by_field_name("name")) if alias is not None else node_text(name)
    if not module:
        return Import(target, "", node_text(alias) or target.partition(".")[0])
    return Import(module, target, node_text(alias) or target)
