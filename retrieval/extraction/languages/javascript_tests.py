"""Finds tests in a JavaScript or TypeScript syntax tree: `it`/`test` calls in `describe` calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...text.syntax_tree import node_text
from ..code_facts import Import
from ..found_test import FoundTest, Layer, Snippet
from ..source_file import ExtractionBudget
from .function_aliases import FunctionNames
from .javascript_calls import (
    TABLE_MODIFIERS,
    TestCall,
    is_wrapper,
    read_call,
)

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["find_javascript_tests"]

_SKIPPING = frozenset({"skip", "fixme", "skipIf"})
_FAILING = frozenset({"fail", "failing", "fails"})
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
) -> list[FoundTest]:
    """Returns the tests in a file, in source order; each `it.each` counts as one.

    A call is a test if it calls a test function (by its usual name, or an alias of an imported one)
    with a title or a body. Planned tests (`it.todo`, a title without a body) have no code to reuse
    and are left out. The tests end where the budget does.

    Raises:
        UnreadableSourceError: Blocks are nested too deep.
    """
    names = FunctionNames(node_text(root), imports)
    found: list[FoundTest] = []
    stack: list[tuple[Node, _Block]] = [(root, _Block("", (), None, None, root, None))]
    while stack:
        node, block = stack.pop()
        call = read_call(node, names) if node.type == "call_expression" else None
        if call is None:
            if names.wrappers and is_wrapper(node, names):
                continue
            body = _repeated_body(node, block)
            if body is None:
                stack.extend((child, block) for child in reversed(node.named_children))
                continue
            inner = _inner_block(node, body, block, "", (), callbacks=block.callbacks + 1)
            rest = [child for child in node.named_children if not _holds(child, body)]
            stack.extend((child, block) for child in reversed(rest))
            stack.extend((child, inner) for child in reversed(body.named_children))
        elif call.kind == "test":
            if not budget.allows_test(len(found)):
                break
            if call.has_body:
                found.append(_found(node, call, block))
        elif call.body is not None:
            inner = _enter(node, call, block)
            budget.require_nesting(inner.depth)
            stack.extend((child, inner) for child in reversed(inner.statements))
        else:  # describe('x', sharedTests): the tests are in that function
            stack.extend((child, block) for child in reversed(node.named_children))
    return found


def _enter(node: Node, call: TestCall, parent: _Block) -> _Block:
    body = call.body.child_by_field_name("body") if call.body is not None else None
    return _inner_block(node, body, parent, call.title, call.modifiers, depth=parent.depth + 1)


def _inner_block(
    node: Node,
    body: Node | None,
    parent: _Block,
    title: str,
    modifiers: tuple[str, ...],
    *,
    depth: int = 0,
    callbacks: int = 0,
) -> _Block:
    """Returns the block that a call or statement opens with its body."""
    depth, callbacks = depth or parent.depth, callbacks or parent.callbacks
    if body is None or body.type != "statement_block":
        inner = body or node.named_children[0]  # without a body, the function called has no tests
        return _Block(title, modifiers, None, None, inner, parent, depth, callbacks)
    opening = Snippet.of(node, end=body.start_byte + 1)
    last = body.children[-1]
    end = body.end_byte if node.type == "if_statement" else node.end_byte  # without its else
    closing = Snippet(last.start_byte, end, last.start_point[1])
    return _Block(title, modifiers, opening, closing, body, parent, depth, callbacks)


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


def _found(node: Node, call: TestCall, block: _Block) -> FoundTest:
    chain = block.chain
    body = call.body
    modifiers = {modifier for outer in chain for modifier in outer.modifiers} | set(call.modifiers)
    names = {call.name, *(outer.title for outer in chain)}
    marks = {
        "async": body is not None and node_text(body).startswith("async"),
        "parametrized": bool(modifiers & TABLE_MODIFIERS),
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
        layers=tuple(Layer(b.opening, b.closing, b.body) for b in chain),
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
