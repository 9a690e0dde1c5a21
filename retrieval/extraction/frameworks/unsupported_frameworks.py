"""Counts the tests of frameworks that are recognised and not supported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ....schema.errors import AqeError
from ....schema.frameworks.framework_declaration import FrameworkDeclaration
from ...text.syntax_tree import callee_of, node_text

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
_FUNCTIONS: Final = frozenset(
    {"arrow_function", "function", "function_expression", "generator_function"}
)


def count_tests(framework: FrameworkDeclaration, code: bytes, root: Node | None = None) -> int:
    """Returns what looks like tests of a framework: by its expression, or the calls in a tree."""
    if not framework.test_code:
        return count_calls(root) if root is not None else 0
    if framework.section:
        parts = re.finditer(framework.section.encode(), code)
        code = b"\n".join(match[1] for match in parts)
    return sum(1 for _ in re.finditer(framework.test_code.encode(), code))


def count_calls(root: Node) -> int:
    """Returns the number of calls of `test`, `it` or `t.test` with a function, nested ones too."""
    count = 0
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "call_expression" and _is_test(node):
            count += 1
        stack.extend(node.named_children)
    return count


def _is_test(call: Node) -> bool:
    callee, arguments = callee_of(call), call.child_by_field_name("arguments")
    if callee is None or arguments is None or callee.end_byte - callee.start_byte > 100:
        return False
    path = re.split(r"\s*\.\s*", node_text(callee))
    last = path[-1]
    while len(path) > 1 and path[-1] in _MODIFIERS:
        path.pop()
    # QUnit.skip, or skip of const { skip } = QUnit
    is_modifier_alone = last in _MODIFIERS and len(path) == 1
    if path[-1] not in _TESTS and not is_modifier_alone:
        return False
    given = arguments.named_children
    if any(argument.type in _FUNCTIONS for argument in given):
        return True
    is_titled = bool(given) and given[0].type in {"string", "template_string"}
    described = bool(given) and given[0].type == "object" and b"fn" in (given[0].text or b"")
    return described or (is_titled and len(given) > 1 and len(path) == 1)
