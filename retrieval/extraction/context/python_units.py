"""Reads the statements of a Python module or class as units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ....schema.records.pattern_parts import ContextKind
from ...text.syntax_tree import node_text
from ..languages.python_scopes import FIXTURE_DECORATOR, MODULE_SETUP_NAMES, SETUP_NAMES
from .code_unit import ImportCode, Unit, leftmost_name

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["python_units"]

_COMPOUND = frozenset(
    {"for_statement", "if_statement", "try_statement", "while_statement", "with_statement"}
)
_CLAUSES = frozenset(
    {"block", "elif_clause", "else_clause", "except_clause", "except_group_clause"}
    | {"finally_clause"}
)
_IMPORTS = frozenset({"future_import_statement", "import_from_statement", "import_statement"})
# Assignments that pytest, unittest or Django read.
_DECLARATIONS = frozenset(
    {"__test__", "databases", "fixtures", "maxDiff", "pytest_plugins", "pytestmark"}
)
_MODULE_SKIP = re.compile(r"\bimportorskip\(|\bpytest\.skip\(|\bSkipTest\b")
_MAIN = re.compile(r"if\s*\(?\s*(?:__name__\s*==|['\"]__main__)")
_FIXTURE_NAME = re.compile(r"\bfixture\([^)]*?\bname\s*=\s*[\"'](\w+)", re.DOTALL)
_TYPE = re.compile(r"(?:typing\.|t\.)?(?:TypeVar|ParamSpec|NewType)\(")
_TYPE_BASES = re.compile(r"\b(?:Protocol|TypedDict|NamedTuple|\w*Enum|IntFlag|Flag)\b")
_MAX_READ_BYTES = 2_000
_MAX_EFFECTS = 50


def python_units(
    body: Node, holds_tests: Callable[[Node], bool], *, in_class: bool
) -> Iterator[Unit]:
    """Yields the units of a module or class body, in order.

    Args:
        holds_tests: Returns whether tests are in a node. The statements of an ``if`` or ``try``
            with tests are units of their own, and a class with tests is taken in parts.
    """
    stack = list(reversed(body.named_children))
    while stack:
        node = stack.pop()
        if node.type in _CLAUSES or (node.type in _COMPOUND and holds_tests(node)):
            stack.extend(reversed(node.named_children))
            continue
        unit = _unit(node, in_class=in_class)
        if unit is None:
            continue
        if unit.members is not None and not holds_tests(unit.members):
            unit.members = None
        yield unit


def _unit(node: Node, *, in_class: bool) -> Unit | None:
    if node.type in _IMPORTS:
        return _import_unit(node)
    if node.type in {"class_definition", "decorated_definition", "function_definition"}:
        return _definition(node, in_class=in_class)
    if node.type == "expression_statement" and node.named_child_count:
        return _expression(node, node.named_children[0])
    if node.type in _COMPOUND:
        return _compound(node)
    if node.type == "type_alias_statement":
        name = re.match(r"type\s+(\w+)", node_text(node)[:_MAX_READ_BYTES])
        return Unit(node, "type", (name[1],) if name else ())
    if node.type in {"assert_statement", "delete_statement", "raise_statement"}:
        return Unit(node, "setup", always=True)
    return None


def _import_unit(node: Node) -> Unit:
    module = node_text(node.child_by_field_name("module_name"))
    if node.type == "future_import_statement":
        return Unit(node, "import", always=True)
    names: dict[str, str] = {}
    for name in node.children_by_field_name("name"):
        alias = node_text(name.child_by_field_name("alias"))
        text = node_text(name)
        bound = alias or (text if module else text.partition(".")[0])
        names[bound] = text if bound not in names else f"{names[bound]}, {text}"
    if not names:
        return Unit(node, "import", ("*",))
    opening = f"from {module} import " if module else "import "
    return Unit(node, "import", tuple(names), imported=ImportCode(opening, names, module=module))


def _definition(outer: Node, *, in_class: bool) -> Unit | None:
    node = outer.child_by_field_name("definition") if outer.type[0] == "d" else outer
    name = node_text(node.child_by_field_name("name")) if node is not None else ""
    if node is None or not name:
        return None
    if node.type == "class_definition":
        bases = node_text(node.child_by_field_name("superclasses"))[:_MAX_READ_BYTES]
        kind: ContextKind = "type" if _TYPE_BASES.search(bases) else "helper"
        return Unit(outer, kind, (name,), members=node.child_by_field_name("body"))
    decorators = node_text(outer)[: min(node.start_byte - outer.start_byte, _MAX_READ_BYTES)]
    if FIXTURE_DECORATOR.search(decorators):
        given = _FIXTURE_NAME.search(decorators)
        autouse = "autouse=True" in decorators.replace(" ", "")
        requested = given[1] if given else name
        return Unit(outer, "fixture", (name,), autouse, fixture=requested, requests=True)
    names = SETUP_NAMES if in_class else MODULE_SETUP_NAMES
    is_hook = name in names or name.startswith("pytest_")
    is_special = in_class and name.startswith("__") and name.endswith("__")
    return Unit(
        outer, "setup" if is_hook else "helper", (name,), is_hook or is_special, requests=is_hook
    )


def _expression(statement: Node, node: Node) -> Unit | None:
    if node.type in {"assignment", "augmented_assignment"}:
        return _assignment(statement, node)
    if node.type in {"string", "concatenated_string", "ellipsis"}:
        return None
    root = leftmost_name(node.named_children[0]) if node.type == "await" else leftmost_name(node)
    return Unit(statement, "setup", effects=(node_text(root) or "",))


def _assignment(statement: Node, node: Node) -> Unit:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is not None and left.type in {"attribute", "subscript"}:
        return Unit(statement, "setup", effects=(node_text(leftmost_name(left)) or "",))
    names = tuple(_bound_names(node))
    value = node_text(right)[:_MAX_READ_BYTES]
    if _MODULE_SKIP.search(value) or not _DECLARATIONS.isdisjoint(names):
        return Unit(statement, "setup", names, always=True)
    if re.match(r"(?:pytest\.)?fixture\(", value):
        return Unit(statement, "fixture", names, fixture=names[0] if names else "")
    if _TYPE.match(value) or "TypeAlias" in node_text(node.child_by_field_name("type")):
        return Unit(statement, "type", names)
    return Unit(statement, "constant", names)


def _bound_names(assignment: Node) -> Iterator[str]:
    """Yields the names of ``a = b = 1``, ``a, b = c`` and ``(a, [b]) = c``."""
    stack = [assignment]
    while stack:
        node = stack.pop()
        if node.type in {"assignment", "augmented_assignment"}:
            right = node.child_by_field_name("right")
            if right is not None and right.type == "assignment":
                stack.append(right)
            left = node.child_by_field_name("left")
            stack += [left] if left is not None else []
        elif node.type == "identifier":
            yield node_text(node)
        elif node.type in {"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern"}:
            stack.extend(reversed(node.named_children))


def _compound(node: Node) -> Unit | None:
    text = node_text(node)
    if node.type == "if_statement" and _MAIN.match(text):
        return None
    names: dict[str, None] = {}
    is_import = True
    stack = [node]
    while stack:
        inner = stack.pop()
        if inner.type in _COMPOUND or inner.type in _CLAUSES:
            stack.extend(reversed(inner.named_children))
            continue
        unit = _unit(inner, in_class=False)
        if unit is not None:
            names.update(dict.fromkeys(unit.names))
            is_import &= unit.kind in {"import", "constant"}
    if _MODULE_SKIP.search(text):
        return Unit(node, "setup", tuple(names), always=True)
    loops = node.type in {"for_statement", "while_statement", "with_statement"}
    if names and is_import and not loops:
        return Unit(node, "import", tuple(names))
    kind: ContextKind = "setup" if loops or not names else "helper"
    return Unit(node, kind, tuple(names), effects=_effects(node))


def _effects(node: Node) -> tuple[str, ...]:
    """Returns the first names that a statement uses: it may change their values."""
    found: dict[str, None] = {}
    stack = [node]
    while stack and len(found) < _MAX_EFFECTS:
        inner = stack.pop()
        if inner.type == "identifier":
            found[node_text(inner)] = None
        stack.extend(reversed(inner.named_children))
    return tuple(found)
