"""Finds tests in a JavaScript or TypeScript syntax tree: `it`/`test` calls in `describe` calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...text.syntax_tree import line_count, node_text
from ..code_facts import Import
from ..found_test import MAX_CONTEXT_LINES, FoundTest, Layer, Snippet

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["find_javascript_tests"]

_TEST_NAMES = frozenset({"it", "test", "specify", "fit", "xit", "xtest", "xspecify"})
_BLOCK_NAMES = frozenset(
    {"describe", "context", "suite", "fdescribe", "xdescribe", "xcontext", "ddescribe"}
)
# What may follow the name of a test function.
_TEST_MODIFIERS = frozenset(
    {"concurrent", "each", "effect", "extend", "fail", "failing", "fails", "fixme", "for", "if"}
    | {"live", "only", "runIf", "scoped", "sequential", "serial", "skip", "skipIf", "slow"}
    | {"todoIf"}
)
_BLOCK_MODIFIERS = frozenset(
    {
        "concurrent",
        "configure",
        "each",
        "fixme",
        "for",
        "only",
        "parallel",
        "runIf",
        "sequential",
        "serial",
        "shuffle",
        "skip",
        "skipIf",
    }
)
_TABLE_MODIFIERS = frozenset({"each", "for"})
_SKIPPING = frozenset({"skip", "fixme", "skipIf"})
_FAILING = frozenset({"fail", "failing", "fails"})
_HOOKS = frozenset(
    {
        "after",
        "afterAll",
        "afterEach",
        "before",
        "beforeAll",
        "beforeEach",
        "setup",
        "suiteSetup",
        "suiteTeardown",
        "teardown",
    }
)
_FUNCTIONS = frozenset({"arrow_function", "function", "function_expression", "generator_function"})
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
_DECLARATIONS = frozenset({"lexical_declaration", "variable_declaration"})
# Declarations of a block are included if they are short and the test uses their names.
_MAX_DECLARATION_LINES = 3
_MAX_TITLE_CHARS = 300
# `test.describe.parallel.only` has four; a longer chain is not a test.
_MAX_LINKS = 8
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a test or block function: its name, modifiers, title, options and body."""

    kind: str  # test | block
    name: str
    modifiers: tuple[str, ...]
    title: str
    title_node: Node | None
    body: Node | None  # the function passed
    has_body: bool


class _Declaration(NamedTuple):
    """A short declaration, and the names that it binds."""

    node: Node
    names: set[str]


class _Helpers(NamedTuple):
    """The statements of a block that its tests may need."""

    hooks: list[Node]
    declarations: list[_Declaration]


@dataclass(slots=True)
class _Block:
    """A describe block around the current place (or the file itself)."""

    title: str
    modifiers: tuple[str, ...]
    opening: Snippet | None
    closing: Snippet | None
    statements: list[Node]
    parent: _Block | None
    _helpers: _Helpers | None = None

    @property
    def helpers(self) -> _Helpers:
        """Hooks, and short declarations with their names; computed once for all tests."""
        if self._helpers is None:
            hooks = [statement for statement in self.statements if _is_hook(statement)]
            declared = [] if self.parent is None else self.statements  # imports are left out
            named = [_Declaration(node, _declared_names(node)) for node in declared]
            self._helpers = _Helpers(hooks, [found for found in named if found.names])
        return self._helpers

    @property
    def chain(self) -> tuple[_Block, ...]:
        blocks: list[_Block] = []
        block: _Block | None = self
        while block is not None:
            blocks.append(block)
            block = block.parent
        return tuple(reversed(blocks))


def find_javascript_tests(root: Node, imports: Iterable[Import]) -> list[FoundTest]:
    """Returns the tests written in a file, in source order, each `it.each` once.

    A call is a test if its function is a test function (by its usual name, or as an alias of an
    imported one) and it has a title or a body. Planned tests (`it.todo`, a title without a body)
    hold nothing to reuse and are left out.
    """
    aliases = _Aliases(root, imports)
    found: list[FoundTest] = []
    stack: list[tuple[Node, _Block]] = [
        (root, _Block("", (), None, None, root.named_children, None))
    ]
    while stack:
        node, block = stack.pop()
        call = _test_call(node, aliases) if node.type == "call_expression" else None
        if call is None:
            stack.extend((child, block) for child in reversed(node.named_children))
        elif call.kind == "test":
            if call.has_body:
                found.append(_found(node, call, block))
        elif call.body is not None:
            inner = _enter(node, call, block)
            stack.extend((child, inner) for child in reversed(inner.statements))
        else:  # describe('x', sharedTests): its tests are where that function is written
            stack.extend((child, block) for child in reversed(node.named_children))
    return found


class _Aliases:
    """The names of test and block functions in a file."""

    def __init__(self, root: Node, imports: Iterable[Import]) -> None:
        self.tests = set(_TEST_NAMES)
        self.blocks = set(_BLOCK_NAMES)
        self.is_ava = False
        for imported in imports:
            from_ava = imported.module == "ava"
            if imported.name in _TEST_NAMES or (from_ava and imported.name == "default"):
                self.tests.add(imported.alias)
            elif imported.name in _BLOCK_NAMES:
                self.blocks.add(imported.alias)
            self.is_ava = self.is_ava or from_ava
        for statement in root.named_children:
            self._add_derived(statement)

    def _add_derived(self, statement: Node) -> None:
        """Adds `const myTest = test.extend(...)` and `const test = anyTest as TestFn`."""
        if statement.type == "export_statement":
            inner = statement.child_by_field_name("declaration")
            statement = inner if inner is not None else statement
        if statement.type not in _DECLARATIONS:
            return
        for declarator in statement.named_children:
            name = declarator.child_by_field_name("name")
            value = declarator.child_by_field_name("value")
            if name is None or value is None or name.type != "identifier":
                continue
            if value.type in {"as_expression", "satisfies_expression"}:
                value = value.named_children[0]
            head = re.match(
                r"(\w+)\s*(?:\.\s*(?:extend|serial|only|skip|skipIf|runIf|concurrent|each)\b|\Z)",
                node_text(value),
            )
            conditional = value.type == "ternary_expression" and re.search(
                r"\b(it|test|describe)\b(?:\.\w+)?\s*:", node_text(value)
            )
            base = head[1] if head else conditional[1] if conditional else ""
            if base in self.tests:
                self.tests.add(node_text(name))
            elif base in self.blocks:
                self.blocks.add(node_text(name))


def _test_call(node: Node, aliases: _Aliases) -> _Call | None:
    """Returns the test or block that a call declares, or None for any other call."""
    path = _callee_path(node)
    if path is None:
        return None
    name, *modifiers = path
    if name in aliases.tests and modifiers and modifiers[0] in {"describe", "suite"}:
        modifiers = modifiers[1:]  # Playwright's test.describe
        kind, allowed = "block", _BLOCK_MODIFIERS
    elif name in aliases.tests:
        kind, allowed = "test", _TEST_MODIFIERS
    elif name in aliases.blocks:
        kind, allowed = "block", _BLOCK_MODIFIERS
    else:
        return None
    if not set(modifiers) <= allowed or modifiers[-1:] == ["extend"]:
        return None
    return _read_arguments(node, kind, name, tuple(modifiers), aliases)


def _callee_path(node: Node) -> list[str] | None:
    """Returns ``["it", "each"]`` of ``it.each(table)(...)`` and of ``it.each`table`(...)``."""
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
            if current is None or current.type != "member_expression":
                return None
        elif current.type in {"non_null_expression", "instantiation_expression"}:
            current = current.named_children[0]
        elif current.type == "identifier":
            names.append(node_text(current))
            return names[::-1]
        else:
            return None
    return None


def _read_arguments(
    node: Node, kind: str, name: str, modifiers: tuple[str, ...], aliases: _Aliases
) -> _Call | None:
    arguments = node.child_by_field_name("arguments")
    if arguments is None:
        return None
    if arguments.type == "template_string":
        return None  # the table of it.each`...`: the call around it declares the test
    given = [child for child in arguments.named_children if child.type != "comment"]
    if not given or _is_awaiting_title(node, modifiers, given):
        return None
    first, rest = given[0], given[1:]
    body = next((arg for arg in reversed(given) if arg.type in _FUNCTIONS), None)
    if first.type in _FUNCTIONS:  # ava's test(t => ...), mocha's describe(function () {})
        if kind == "test" and not aliases.is_ava:
            return None
        return _Call(kind, name, modifiers, "", None, body, True)
    if first.type not in _TITLES:
        return None
    title = _title(first)
    if body is None and first.type not in {"string", "template_string", "binary_expression"}:
        return None  # test(a, b): another function of that name
    has_body = body is not None or any(arg.type not in {"object", "number"} for arg in rest)
    return _Call(kind, name, modifiers, title, first, body, has_body)


def _is_awaiting_title(node: Node, modifiers: tuple[str, ...], given: list[Node]) -> bool:
    """Returns whether this is the inner call of `it.each(table)(...)`, which declares nothing."""
    callee = node.child_by_field_name("function")
    if callee is None or callee.type != "member_expression":
        return False
    last = modifiers[-1] if modifiers else ""
    if last in {"skipIf", "runIf", "todoIf", "if"}:
        return True
    return last in _TABLE_MODIFIERS and not any(arg.type in _FUNCTIONS for arg in given[1:])


def _title(node: Node) -> str:
    text = node_text(node)
    if node.type in {"string", "template_string"}:
        text = re.sub(r"\\(['\"`$\\])", r"\1", text[1:-1])
    elif node.type == "binary_expression":  # 'a ' + b: the parts that are text, the rest as ${...}
        text = re.sub(r"\s*\+\s*", " ", re.sub(r"['\"`]", "", text))
    else:
        text = re.sub(r"\.name\Z", "", text)
    return " ".join(text.split())[:_MAX_TITLE_CHARS]


def _enter(node: Node, call: _Call, parent: _Block) -> _Block:
    body = call.body.child_by_field_name("body") if call.body is not None else None
    if body is None or body.type != "statement_block":
        statements = [body] if body is not None else []
        return _Block(call.title, call.modifiers, None, None, statements, parent)
    opening = Snippet.of(node, end=body.start_byte + 1)
    last = body.children[-1]
    closing = Snippet(last.start_byte, node.end_byte, last.start_point[1])
    return _Block(call.title, call.modifiers, opening, closing, body.named_children, parent)


def _found(node: Node, call: _Call, block: _Block) -> FoundTest:
    chain = block.chain
    body = call.body
    modifiers = {modifier for outer in chain for modifier in outer.modifiers} | set(call.modifiers)
    names = {call.name, *(outer.title for outer in chain)}
    marks = {
        "async": body is not None and node_text(body).startswith("async"),
        "parametrized": bool(modifiers & _TABLE_MODIFIERS),
        "skipped": bool(modifiers & _SKIPPING) or bool(names & {"xit", "xtest", "xspecify"}),
        "expected-failure": bool(modifiers & _FAILING),
    }
    return FoundTest(
        node=node,
        style="call",
        chain=tuple(outer.title for outer in chain[1:] if outer.title),
        title=call.title or "untitled",
        title_node=call.title_node,
        doc="",
        doc_node=None,
        layers=_layers(chain, node),
        fixtures=_playwright_fixtures(body),
        marks=frozenset(mark for mark, holds in marks.items() if holds),
    )


def _playwright_fixtures(body: Node | None) -> tuple[str, ...]:
    """Returns the names that a test unpacks from its first argument: ``({ page, request })``."""
    parameters = body.child_by_field_name("parameters") if body is not None else None
    first = parameters.named_children[0] if parameters and parameters.named_child_count else None
    if first is not None and first.type == "required_parameter":
        first = first.child_by_field_name("pattern")
    if first is None or first.type != "object_pattern":
        return ()
    kinds = {"shorthand_property_identifier_pattern"}
    return tuple(node_text(child) for child in first.named_children if child.type in kinds)


def _layers(chain: tuple[_Block, ...], test: Node) -> tuple[Layer, ...]:
    """Returns the context of a test: hooks, and the short declarations that they use."""
    room = MAX_CONTEXT_LINES
    used = set(_NAME.findall(node_text(test)))
    layers: list[Layer] = []
    for block in reversed(chain):
        hooks, declarations = block.helpers
        taken: list[Node] = []
        for hook in hooks:
            if line_count(hook) <= room:
                taken.append(hook)
                used |= set(_NAME.findall(node_text(hook)))
                room -= line_count(hook)
        for declaration, names in declarations:
            if names & used and line_count(declaration) <= room:
                taken.append(declaration)
                room -= line_count(declaration)
        taken.sort(key=lambda node: node.start_byte)
        layers.append(Layer(block.opening, block.closing, tuple(taken)))
    return tuple(reversed(layers))


def _is_hook(statement: Node) -> bool:
    if statement.type != "expression_statement" or not statement.named_child_count:
        return False
    call = statement.named_children[0]
    path = _callee_path(call) if call.type == "call_expression" else None
    return path is not None and (path[0] in _HOOKS or path[-1] in _HOOKS)


def _declared_names(statement: Node) -> set[str]:
    """Returns the names that a short declaration binds; empty for any other statement."""
    if statement.type not in _DECLARATIONS or line_count(statement) > _MAX_DECLARATION_LINES:
        return set()
    names: set[str] = set()
    for declarator in statement.named_children:
        name = declarator.child_by_field_name("name")
        names |= set(_NAME.findall(node_text(name))) if name is not None else set()
    return names
