"""Parses code with tree-sitter and reads its nodes; grammars are loaded on first use."""

from __future__ import annotations

import time
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeAlias

from ...schema.frameworks.declarations import declarations, node_fields, node_types

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Tree

__all__ = [
    "CALL_TYPES",
    "NUMBER_TYPES",
    "Grammar",
    "callee_of",
    "error_lines",
    "first_error_line",
    "grammar_language",
    "line_count",
    "node_text",
    "parse",
    "parses_within",
]

# The name of a grammar that a language declares.
Grammar: TypeAlias = str

# Node types that the grammars name differently.
CALL_TYPES: Final = node_types("calls")
NUMBER_TYPES: Final = node_types("numbers")
_CALLED: Final = node_fields("calls")


def parse(code: bytes, grammar: Grammar) -> Tree:
    """Returns the syntax tree of UTF-8 code; for faulty code, a tree with error nodes."""
    from tree_sitter import Parser

    # A parser must not be shared by threads, and creating one takes a microsecond.
    return Parser(grammar_language(grammar)).parse(code)


def parses_within(code: bytes, grammar: Grammar, seconds: float) -> bool:
    """Returns whether UTF-8 code can be parsed within this processor time.

    Its tree is not returned: tree-sitter can only stop parsing code that it asks for in pieces, and
    nodes of such a tree do not know their text. The first piece is all of the code, since
    tree-sitter keeps every piece until it is done.
    """
    from tree_sitter import Parser

    end = time.thread_time() + seconds
    try:
        Parser(grammar_language(grammar)).parse(
            lambda offset, _: code[offset:],
            progress_callback=lambda *_: time.thread_time() > end,
        )
    except ValueError:  # parsing was stopped
        return False
    return True


def node_text(node: Node | None) -> str:
    """Returns the code that a node covers, or an empty text for no node."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def callee_of(call: Node) -> Node | None:
    """Returns what a call or a ``new`` expression calls, or None for any other node."""
    field = _CALLED.get(call.type)
    return call.child_by_field_name(field) if field else None


def line_count(node: Node) -> int:
    """Returns the number of lines that a node spans, at least 1."""
    return node.end_point[0] - node.start_point[0] + 1


def error_lines(root: Node) -> list[tuple[int, int]]:
    """Returns the first and last line (0-based) of each outermost error or missing node."""
    lines: list[tuple[int, int]] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            lines.append((node.start_point[0], node.end_point[0]))
        elif node.has_error:
            stack.extend(reversed(node.children))
    return lines


def first_error_line(root: Node) -> int | None:
    """Returns the line (1-based) of the first error in the tree, or None without errors."""
    if not root.has_error:
        return None
    lines = error_lines(root)
    return lines[0][0] + 1 if lines else root.start_point[0] + 1


@cache
def grammar_language(grammar: Grammar) -> Language:
    """Returns a declared grammar, loaded once.

    Raises:
        ValueError: No language declares it.
    """
    from tree_sitter import Language

    grammars = {
        name: place for each in declarations().languages for name, place in each.grammars.items()
    }
    if grammar not in grammars:
        raise ValueError(f"grammar must be one of {', '.join(grammars)}, got {grammar!r}")
    module, _, function = grammars[grammar].rpartition(".")
    return Language(getattr(import_module(module), function)())
