"""Grammars and syntax trees: tree-sitter, loaded on first use."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Tree

__all__ = ["Grammar", "error_lines", "first_error_line", "parse"]

Grammar = Literal["python", "javascript", "typescript", "tsx"]


def parse(code: bytes, grammar: Grammar) -> Tree:
    """Returns the syntax tree of UTF-8 code; code that is wrong gives a tree with error nodes."""
    from tree_sitter import Parser

    # A parser is not for two threads at once, and making one costs a microsecond.
    return Parser(_language(grammar)).parse(code)


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
    """Returns the line (1-based) of the first error in the tree, or None when it is clean."""
    if not root.has_error:
        return None
    lines = error_lines(root)
    return lines[0][0] + 1 if lines else root.start_point[0] + 1


@lru_cache(maxsize=4)
def _language(grammar: Grammar) -> Language:
    from tree_sitter import Language

    if grammar == "python":
        import tree_sitter_python

        return Language(tree_sitter_python.language())
    if grammar == "javascript":
        import tree_sitter_javascript

        return Language(tree_sitter_javascript.language())
    import tree_sitter_typescript as typescript

    return Language(
        typescript.language_tsx() if grammar == "tsx" else typescript.language_typescript()
    )
