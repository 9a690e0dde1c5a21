"""Counts the tests of frameworks that are recognised and not supported."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ....schema.errors import AqeError
from ....schema.frameworks.framework_declaration import FrameworkDeclaration
from ...text.syntax_tree import callee_of, node_text
from ..code_facts import Import

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["UnsupportedFrameworkError", "count_calls", "count_tests"]


class UnsupportedFrameworkError(AqeError):
    """A file is for an unsupported framework; never leaves this package.

    Attributes:
        framework: Its name.
        tests: The number of calls or lines of the file that look like tests.
    """

    def __init__(self, framework: str, tests: int) -> None:
        super().__init__(f"{framework} is not supported")
        self.framework = framework
        self.tests = tests


_TESTS: Final = frozenset({"test", "it", "specify", "tape", "tap", "Scenario", "add"})
_MODIFIERS: Final = frozenset({"concurrent", "only", "skip", "todo", "serial", "ignore", "solo"})
_TABLES: Final = frozenset({"each", "failing", "fails", "for", "if", "runIf", "skipIf", "todoIf"})
_MAX_NAME_CHARS: Final = 100
_FUNCTIONS: Final = frozenset(
    {"arrow_function", "function", "function_expression", "generator_function"}
)


@dataclass(frozen=True, slots=True)
class _Names:
    """The functions of a file that declare tests, and those that return such functions."""

    tests: frozenset[str] = _TESTS
    makers: frozenset[str] = frozenset()


def count_tests(
    framework: FrameworkDeclaration,
    code: bytes,
    root: Node | None = None,
    imports: Iterable[Import] = (),
) -> int:
    """Returns what looks like tests of a framework: by its expression, or the calls in a tree.

    Args:
        imports: What the file imports; names that it gives to the framework's functions.
    """
    own = [found for found in imports if framework.imports(found.module)]
    if not framework.test_code:
        makers = {found.alias for found in own if found.name in framework.suites}
        tests = {found.alias for found in own if found.name in _TESTS | {"default"}}
        names = _Names(_TESTS | tests, framework.suites | makers)
        return _count(root, names) if root is not None else 0
    if framework.section:
        parts = re.finditer(framework.section.encode(), code)
        code = b"\n".join(match[1] for match in parts)
    aliases = {found.alias for found in own if found.name == "test"} | {"test"}
    expressions = {framework.test_code.replace("test", alias) for alias in aliases}
    return sum(1 for each in expressions for _ in re.finditer(each.encode(), code))


def count_calls(root: Node) -> int:
    """Returns the number of calls of `test`, `it` or `t.test` with a function, nested ones too."""
    return _count(root, _Names())


def _count(root: Node, names: _Names) -> int:
    named = set(names.tests)
    calls: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "call_expression":
            calls.append(node)
        elif node.type == "variable_declarator":
            named |= _declared_names(node, names)
        stack.extend(node.named_children)
    return sum(_is_test(call, named) for call in calls)


def _declared_names(declarator: Node, names: _Names) -> set[str]:
    """Returns the name of a suite, ``const cart = suite('cart')``, and of an unpacked function."""
    name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
    if name is not None and name.type == "object_pattern":
        pairs = [pair for pair in name.named_children if pair.type == "pair_pattern"]
        return {
            node_text(pair.child_by_field_name("value"))
            for pair in pairs
            if node_text(pair.child_by_field_name("key")) in names.tests
        }
    callee = callee_of(value) if value is not None else None
    is_suite = node_text(callee)[-_MAX_NAME_CHARS:].rpartition(".")[2] in names.makers
    return {node_text(name)} if is_suite else set()


def _is_test(call: Node, tests: AbstractSet[str]) -> bool:
    callee, arguments = callee_of(call), call.child_by_field_name("arguments")
    if callee is not None and callee.type == "call_expression":  # test.each(rows)('x', ...)
        callee = callee_of(callee)
    if callee is None or arguments is None or callee.end_byte - callee.start_byte > _MAX_NAME_CHARS:
        return False
    path = re.split(r"\s*\.\s*", node_text(callee))
    last = path[-1]
    while len(path) > 1 and path[-1] in _MODIFIERS | _TABLES:
        path.pop()
    # QUnit.skip, or skip of const { skip } = QUnit
    is_modifier_alone = last in _MODIFIERS and len(path) == 1
    if path[-1] not in tests and not is_modifier_alone:
        return False
    given = arguments.named_children
    if any(argument.type in _FUNCTIONS for argument in given):
        return True
    is_titled = bool(given) and given[0].type in {"string", "template_string"}
    described = bool(given) and given[0].type == "object" and b"fn" in (given[0].text or b"")
    return described or (is_titled and len(given) > 1 and len(path) == 1)
