"""Finds tests in a JavaScript or TypeScript syntax tree: `it`/`test` calls in `describe` calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ....schema.frameworks.framework_declaration import CallForms
from ...text.syntax_tree import line_count, node_text
from ..code_facts import Import
from ..found_test import MAX_CONTEXT_LINES, FoundTest, Layer, Snippet
from ..frameworks.unsupported_frameworks import UnsupportedFrameworkError, count_calls
from ..source_file import ExtractionBudget, SourceFile
from .function_aliases import FunctionNames
from .javascript_calls import (
    DECLARATION_TYPES,
    TestCall,
    callee_path,
    is_wrapper,
    read_call,
)
from .javascript_imports import javascript_imports
from .language_reader import LanguageReader

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["READER", "find_javascript_tests"]

# Maximum lines of a declaration that is included with a test that uses its names.
_MAX_DECLARATION_LINES = 3
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


class _Declaration(NamedTuple):
    """A short declaration, and the names that it binds."""

    node: Node
    names: set[str]


class _Helpers(NamedTuple):
    """The statements of a block that its tests may use."""

    hooks: list[_Declaration]  # with the names that they use
    declarations: list[_Declaration]
    places: dict[str, list[int]]  # of the declarations that bind a name


@dataclass(slots=True)
class _Block:
    """An enclosing describe block, or the file itself."""

    title: str
    modifiers: tuple[str, ...]
    opening: Snippet | None
    closing: Snippet | None
    statements: list[Node]
    parent: _Block | None
    hooks: frozenset[str]
    depth: int = 0
    contexts: frozenset[str] = frozenset()  # first parameters of the tests around it
    _helpers: _Helpers | None = None

    @property
    def helpers(self) -> _Helpers:
        """Hooks, and short declarations with their names; computed once per block."""
        if self._helpers is None:
            hooks = [
                _Declaration(statement, set(_NAME.findall(node_text(statement))))
                for statement in self.statements
                if line_count(statement) <= MAX_CONTEXT_LINES and _is_hook(statement, self.hooks)
            ]
            declared = [] if self.parent is None else self.statements  # imports are left out
            named = [_Declaration(node, _declared_names(node)) for node in declared]
            places: dict[str, list[int]] = {}
            for place, declaration in enumerate(named):
                for name in declaration.names:
                    places.setdefault(name, []).append(place)
            self._helpers = _Helpers(hooks, named, places)
        return self._helpers

    @property
    def chain(self) -> tuple[_Block, ...]:
        blocks: list[_Block] = []
        block: _Block | None = self
        while block is not None:
            blocks.append(block)
            block = block.parent
        return tuple(reversed(blocks))


def find_javascript_tests(
    root: Node, imports: Iterable[Import], budget: ExtractionBudget
) -> list[FoundTest]:
    """Returns the tests in a file, in source order; each `it.each` counts as one.

    A call is a test if it calls a test function (by its usual name, or an alias of an imported one)
    with a title or a body. Planned tests (`it.todo`, a title without a body) have no code to reuse
    and are left out. The tests end where the budget does.

    Raises:
        UnreadableSourceError: Blocks are nested too deep.
        UnsupportedFrameworkError: The file has tests of a ``test()`` of its own alone.
    """
    names = FunctionNames(node_text(root), imports)
    found: list[FoundTest] = []
    stack: list[tuple[Node, _Block]] = [
        (root, _Block("", (), None, None, root.named_children, None, names.forms.hooks))
    ]
    while stack:
        node, block = stack.pop()
        is_call = node.type == "call_expression"
        call = read_call(node, names, block.contexts) if is_call else None
        if call is None:
            if names.wrappers and is_wrapper(node, names):
                continue
            stack.extend((child, block) for child in reversed(node.named_children))
        elif call.kind == "test":
            if not budget.allows_test(len(found)):
                break
            whole = _awaited(node) if names.forms.subtests else node
            if call.has_body:
                found.append(_found(whole, call, block, names.forms))
            if names.forms.subtests and call.body is not None:
                _push(stack, _enter(whole, call, block), budget)
        elif call.body is not None:
            _push(stack, _enter(node, call, block), budget)
        else:  # describe('x', sharedTests): the tests are in that function
            stack.extend((child, block) for child in reversed(node.named_children))
    if names.own and not found:
        _refuse_own_functions(root, names.own)
    return found


def _refuse_own_functions(root: Node, own: Iterable[str]) -> None:
    """Checks that a file without other tests does not call a test function of its own.

    Raises:
        UnsupportedFrameworkError: It does.
    """
    tests = count_calls(root)
    if tests:
        raise UnsupportedFrameworkError(f"its own {', '.join(sorted(own))}()", tests)


def _awaited(call: Node) -> Node:
    """Returns a call with its `await`: a subtest is cancelled if its test does not wait for it."""
    outer = call.parent
    return outer if outer is not None and outer.type == "await_expression" else call


def _push(stack: list[tuple[Node, _Block]], inner: _Block, budget: ExtractionBudget) -> None:
    budget.require_nesting(inner.depth)
    stack.extend((child, inner) for child in reversed(inner.statements))


def _enter(node: Node, call: TestCall, parent: _Block) -> _Block:
    body = call.body.child_by_field_name("body") if call.body is not None else None
    inner = _Block(
        call.title,
        call.modifiers,
        None,
        None,
        [body] if body is not None else [],
        parent,
        parent.hooks,
        parent.depth + 1,
        parent.contexts | _first_parameter(call),
    )
    if body is not None and body.type == "statement_block":
        last = body.children[-1]
        inner.opening = Snippet.of(node, end=body.start_byte + 1)
        inner.closing = Snippet(last.start_byte, node.end_byte, last.start_point[1])
        inner.statements = body.named_children
    return inner


def _first_parameter(call: TestCall) -> frozenset[str]:
    """Returns the name of the first parameter of a test; empty for a block."""
    if call.kind != "test" or call.body is None:
        return frozenset()
    parameters = call.body.child_by_field_name("parameters")
    first = parameters.named_children[0] if parameters and parameters.named_child_count else None
    if first is not None and first.type == "required_parameter":
        first = first.child_by_field_name("pattern")
    first = first or call.body.child_by_field_name("parameter")  # t => ...
    return frozenset({node_text(first)} if first is not None else ())


def _found(node: Node, call: TestCall, block: _Block, forms: CallForms) -> FoundTest:
    chain = block.chain
    body = call.body
    modifiers = {modifier for outer in chain for modifier in outer.modifiers} | set(call.modifiers)
    marks = {
        "async": body is not None and node_text(body).startswith("async"),
        "parametrized": bool(modifiers & forms.tables),
        "skipped": bool((modifiers | {call.name}) & forms.skipping) or call.is_skipped,
        "expected-failure": bool(modifiers & forms.failing),
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
        hooks, declarations, places = block.helpers
        taken: list[Node] = []
        for hook, names in hooks:
            if room < 1:
                break
            if line_count(hook) <= room:
                taken.append(hook)
                used |= names
                room -= line_count(hook)
        for place in sorted({place for name in used for place in places.get(name, ())}):
            declaration = declarations[place].node
            if line_count(declaration) <= room:
                taken.append(declaration)
                room -= line_count(declaration)
        taken.sort(key=lambda node: node.start_byte)
        layers.append(Layer(block.opening, block.closing, tuple(taken)))
    return tuple(reversed(layers))


def _is_hook(statement: Node, hooks: frozenset[str]) -> bool:
    if statement.type != "expression_statement" or not statement.named_child_count:
        return False
    call = statement.named_children[0]
    path = callee_path(call) if call.type == "call_expression" else None
    return path is not None and (path[0] in hooks or path[-1] in hooks)


def _declared_names(statement: Node) -> set[str]:
    """Returns the names that a short declaration binds; empty for any other statement."""
    if statement.type not in DECLARATION_TYPES or line_count(statement) > _MAX_DECLARATION_LINES:
        return set()
    names: set[str] = set()
    for declarator in statement.named_children:
        name = declarator.child_by_field_name("name")
        names |= set(_NAME.findall(node_text(name))) if name is not None else set()
    return names


def _tests(
    source: SourceFile, root: Node, imports: Iterable[Import], budget: ExtractionBudget
) -> list[FoundTest]:
    return find_javascript_tests(root, imports, budget)


READER: Final = LanguageReader(read_imports=javascript_imports, find_tests=_tests)
