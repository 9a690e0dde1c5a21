"""Describes the frameworks that are recognised and not supported, and counts their tests.

To add one, add a row: its imports, its calls without an import, its commands in package.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ....schema.errors import AqeError
from ...text.syntax_tree import callee_of, node_text
from ..code_facts import Import
from ..source_file import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "JAVASCRIPT_FRAMEWORKS",
    "PYTHON_FRAMEWORKS",
    "JavaScriptFramework",
    "UnsupportedFrameworkError",
    "count_javascript_tests",
    "unsupported_module",
    "unsupported_python_framework",
]

_NEVER: Final = re.compile(r"(?!)")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class JavaScriptFramework:
    """How an unsupported JavaScript framework is recognised.

    Attributes:
        name: Its name in reports.
        modules: Modules that its tests import.
        code: What its tests contain if they import nothing.
        scripts: Commands in package.json that run it.
    """

    name: str
    modules: re.Pattern[str] = _NEVER
    code: re.Pattern[bytes] | None = None
    scripts: re.Pattern[str] = _NEVER


JAVASCRIPT_FRAMEWORKS: Final = (
    JavaScriptFramework(
        name="node:test",
        modules=re.compile(r"(?:node:)?test\Z"),
        scripts=re.compile(r"\b(?:node|tsx)\b[^&|;]*\s--test\b|\bborp\b"),
    ),
    JavaScriptFramework(
        name="bun:test", modules=re.compile(r"bun:test\Z"), scripts=re.compile(r"\bbun test\b")
    ),
    JavaScriptFramework(
        name="Deno",
        modules=re.compile(r"(?:jsr:)?@std/testing|https://deno\.land/std[^/]*/testing"),
        code=re.compile(rb"^[^'\"`\n]*\bDeno\.test\b", re.MULTILINE),
        scripts=re.compile(r"\bdeno test\b"),
    ),
    JavaScriptFramework(name="tape", modules=re.compile(r"(?:super)?tape\Z|tape-\w+\Z")),
    JavaScriptFramework(
        name="tap",
        modules=re.compile(r"(?:tap|@tapjs/tap|tap-spec|tapzero|@\S+/tapzero|libtap)\Z"),
        scripts=re.compile(r"(?<![-\w])(?:tap|tape)\b"),
    ),
    JavaScriptFramework(name="uvu", modules=re.compile(r"uvu\Z"), scripts=re.compile(r"\buvu\b")),
    JavaScriptFramework(
        name="QUnit",
        modules=re.compile(r"(?:ember-)?qunit\Z"),
        code=re.compile(
            rb"^[^'\"`\n]*(?:\bQUnit\.(?:test|module|skip|only|todo)\b|=\s*(?:window\.)?QUnit\b)",
            re.MULTILINE,
        ),
        scripts=re.compile(r"\bqunit\b"),
    ),
    JavaScriptFramework(name="brittle", modules=re.compile(r"brittle\Z")),
    JavaScriptFramework(name="zora", modules=re.compile(r"zora\Z")),
    JavaScriptFramework(name="lab", modules=re.compile(r"(?:@hapi/)?lab\Z")),
    JavaScriptFramework(name="japa", modules=re.compile(r"(?:@japa/runner|japa)\Z")),
    JavaScriptFramework(name="baretest", modules=re.compile(r"baretest\Z")),
    JavaScriptFramework(name="TSTyche", modules=re.compile(r"tstyche\Z")),
    JavaScriptFramework(name="poku", modules=re.compile(r"poku\Z")),
    JavaScriptFramework(
        name="TestCafe",
        modules=re.compile(r"testcafe\Z"),
        code=re.compile(rb"^[ \t]*fixture[ \t]*(?:`|\([^)\n]*\)\s*\.page|\.page)", re.MULTILINE),
    ),
    JavaScriptFramework(
        name="CodeceptJS",
        code=re.compile(rb"^Feature\(['\"`][\s\S]{0,5000}^Scenario\(", re.MULTILINE),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFramework:
    """How an unsupported Python framework is recognised, and what declares a test in it."""

    name: str
    module: str
    test: re.Pattern[bytes]


PYTHON_FRAMEWORKS: Final = (
    PythonFramework(
        name="ward", module="ward", test=re.compile(rb"^[ \t]*@(?:\w+\.)?test\(", re.MULTILINE)
    ),
    PythonFramework(
        name="mamba",
        module="mamba",
        test=re.compile(rb"^[ \t]*with[ \t]+[f_]?it\(", re.MULTILINE),
    ),
    PythonFramework(
        name="vedro",
        module="vedro",
        test=re.compile(rb"^class[ \t]+\w+\((?:vedro\.)?Scenario\)|^@scenario\(", re.MULTILINE),
    ),
    PythonFramework(
        name="testslide",
        module="testslide.dsl",
        test=re.compile(rb"^[ \t]*@\w+\.[fx]?example\b", re.MULTILINE),
    ),
)

_TESTS: Final = frozenset({"test", "it", "specify", "tape", "tap", "Scenario", "add"})
_MODIFIERS: Final = frozenset({"concurrent", "only", "skip", "todo", "serial", "ignore", "solo"})
_FUNCTIONS: Final = frozenset(
    {"arrow_function", "function", "function_expression", "generator_function"}
)


def unsupported_module(modules: Iterable[str]) -> JavaScriptFramework | None:
    """Returns the unsupported framework that one of the modules belongs to, or None."""
    for module in modules:
        for framework in JAVASCRIPT_FRAMEWORKS:
            if framework.modules.match(module):
                return framework
    return None


def count_javascript_tests(root: Node) -> int:
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


def unsupported_python_framework(
    source: SourceFile, imports: Iterable[Import]
) -> UnsupportedFrameworkError | None:
    """Returns the unsupported framework that a Python file imports and has tests of, or None."""
    modules = {imported.module for imported in imports}
    for framework in PYTHON_FRAMEWORKS:
        if any(f"{module}.".startswith(f"{framework.module}.") for module in modules):
            tests = len(framework.test.findall(source.code))
            if tests:
                return UnsupportedFrameworkError(framework.name, tests)
    return None
