"""Finds tests in a JavaScript or TypeScript syntax tree: `it`/`test` calls in `describe` calls."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ....schema.frameworks.framework_declaration import CallForms
from ...text.syntax_tree import node_text
from ..code_facts import Import
from ..found_test import FoundTest, Layer, ReadTests, Snippet, UnreadCall
from ..frameworks.unsupported_frameworks import UnsupportedFrameworkError, count_calls
from ..source_file import ExtractionBudget, SourceFile
from .function_aliases import FunctionNames
from .javascript_calls import (
    TestCall,
    is_wrapper,
    read_call,
    read_unknown_call,
)
from .javascript_imports import javascript_imports
from .language_reader import LanguageReader

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["READER", "find_javascript_tests"]

_HEADED = frozenset(
    {"for_in_statement", "for_statement", "function_declaration", "while_statement"}
)
# A loop or function around tests with a longer head is not shown.
_MAX_HEAD_BYTES = 1_000
_MAX_CALLBACKS = 20


@dataclass(slots=True)
class _Block:
    """An enclosing describe block, or the file itself."""

    title: str
    modifiers: tuple[str, ...]
    opening: Snippet | None
    closing: Snippet | None
    body: Node
    parent: _Block | None
    depth: int = 0
    callbacks: int = 0
    contexts: frozenset[str] = frozenset()  # first parameters of the tests around it

    @property
    def statements(self) -> list[Node]:
        """What may be a test in it."""
        return self.body.named_children if self.opening is not None else [self.body]

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
) -> ReadTests:
    """Returns the tests in a file, in source order; each `it.each` counts as one.

    What has a title and asserts in a function, and is declared where tests are, is returned as
    unread if no known test function declares it.

    A call is a test if it calls a test function (by its usual name, or an alias of an imported one)
    with a title or a body. Planned tests (`it.todo`, a title without a body) have no code to reuse
    and are left out. The tests end where the budget does.

    Raises:
        UnreadableSourceError: Blocks are nested too deep.
        UnsupportedFrameworkError: The file has tests of a ``test()`` of its own alone.
    """
    names = FunctionNames(node_text(root), imports)
    found: list[FoundTest] = []
    unread: list[UnreadCall] = []
    stack: list[tuple[Node, _Block]] = [(root, _Block("", (), None, None, root, None))]
    while stack:
        node, block = stack.pop()
        is_call = node.type == "call_expression"
        call = read_call(node, names, block.contexts) if is_call else None
        if call is None:
            unknown = read_unknown_call(node, names) if is_call and not block.contexts else None
            if unknown is not None:
                unread.append(unknown)
            if names.wrappers and is_wrapper(node, names):
                continue
            body = _repeated_body(node, block)
            if body is None:
                stack.extend((child, block) for child in reversed(node.named_children))
                continue
            inner = _repeated_block(node, body, block)
            rest = [child for child in node.named_children if not _holds(child, body)]
            stack.extend((child, block) for child in reversed(rest))
            stack.extend((child, inner) for child in reversed(body.named_children))
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
    return ReadTests(found, _without_tests(unread, found))


def _without_tests(unread: list[UnreadCall], found: list[FoundTest]) -> tuple[UnreadCall, ...]:
    """Returns the calls that have no test in them: the others are blocks."""
    starts = sorted(test.node.start_byte for test in found)
    return tuple(
        call
        for call in unread
        if bisect_left(starts, call.node.start_byte) == bisect_left(starts, call.node.end_byte)
    )


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
        body or node.named_children[0],  # without a body, the function called has no tests
        parent,
        parent.depth + 1,
        parent.callbacks,
        parent.contexts | _first_parameter(call),
    )
    if body is not None and body.type == "statement_block":
        inner.opening, inner.closing = _borders(node, body)
    return inner


def _borders(node: Node, body: Node) -> tuple[Snippet, Snippet]:
    """Returns the code of a block before its statements, and after them."""
    last = body.children[-1]
    end = body.end_byte if node.type == "if_statement" else node.end_byte  # without its else
    opening = Snippet.of(node, end=body.start_byte + 1)
    return opening, Snippet(last.start_byte, end, last.start_point[1])


def _repeated_block(node: Node, body: Node, parent: _Block) -> _Block:
    """Returns the block that a loop, condition or function opens with its body."""
    opening, closing = _borders(node, body)
    depth, callbacks = parent.depth, parent.callbacks + 1
    return _Block("", (), opening, closing, body, parent, depth, callbacks, parent.contexts)


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _repeated_body(node: Node, block: _Block) -> Node | None:
    """Returns the statements that a loop, condition or function runs, if it is to be shown.

    Tests in it use the names that its head defines: ``for (const size of sizes) {``.
    """
    if node.type == "call_expression":
        arguments = node.child_by_field_name("arguments")
        last = arguments.named_children[-1] if arguments and arguments.named_child_count else None
        body = last.child_by_field_name("body") if last is not None else None
    elif node.type in _HEADED:
        body = node.child_by_field_name("body")
    else:
        body = node.child_by_field_name("consequence") if node.type == "if_statement" else None
    if body is None or body.type != "statement_block" or block.callbacks >= _MAX_CALLBACKS:
        return None
    return body if body.start_byte - node.start_byte <= _MAX_HEAD_BYTES else None


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
        layers=tuple(Layer(outer.opening, outer.closing, outer.body) for outer in chain),
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


def _tests(
    source: SourceFile, root: Node, imports: Iterable[Import], budget: ExtractionBudget
) -> ReadTests:
    return find_javascript_tests(root, imports, budget)


READER: Final = LanguageReader(read_imports=javascript_imports, find_tests=_tests)
