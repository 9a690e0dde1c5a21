"""Collects the functions that test code calls and the names that it uses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...schema.frameworks.declarations import node_fields, node_types
from ..text.syntax_tree import CALL_TYPES, callee_of, node_text

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["CodeFacts", "Import", "code_facts"]

_NAMES = node_types("names")
# The fields of a member's name and of its object: those of `b` and `a` in `a.b`.
_MEMBERS = {kind: tuple(fields.split()) for kind, fields in node_fields("members").items()}
_SUBSCRIPTS = node_fields("subscripts")
_WRAPPERS = node_types("wrappers")
_MAX_LINKS = 64
_MAX_LINK_CHARS = 200
_DOTTED = re.compile(r"[\w$]+(?:\.[\w$]+)*")


@dataclass(frozen=True, slots=True)
class Import:
    """An imported name: ``from module import name as alias``.

    The name of a whole module is "", that of its default export "default".
    """

    module: str
    name: str
    alias: str


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """The functions that some code calls (dotted, in source order), and the names that it uses."""

    calls: tuple[str, ...]
    names: frozenset[str]

    def calls_any(self, pattern: re.Pattern[str]) -> bool:
        """Returns whether the start of a called name matches the pattern."""
        return any(pattern.match(call) for call in self.calls)


def code_facts(nodes: Iterable[Node]) -> CodeFacts:
    """Returns the facts about the code under the nodes."""
    calls: list[str] = []
    names: set[str] = set()
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        kind = node.type
        if kind in CALL_TYPES:
            callee = node if kind in _MEMBERS else callee_of(node)
            if callee is not None:
                calls.append(_dotted(callee))
        elif kind in _NAMES:
            names.add((node.text or b"").decode("utf-8", "replace"))
            continue
        stack += node.named_children[::-1]
    return CodeFacts(tuple(calls), frozenset(names))


def _dotted(callee: Node) -> str:
    """Returns ``a.b.c`` of ``a(...).b[0].c``: the names of a chain without arguments."""
    parts: list[str] = []
    current: Node | None = callee
    # Real code has no longer chains; reading the whole chain at each link would take quadratic
    # time.
    for _ in range(_MAX_LINKS):
        if current is None:
            break
        if current.type in _MEMBERS:
            name, target = _MEMBERS[current.type]
            parts.append(node_text(current.child_by_field_name(name))[:_MAX_LINK_CHARS])
            current = current.child_by_field_name(target)
        elif current.type in CALL_TYPES:
            current = callee_of(current)
        elif current.type in _SUBSCRIPTS:
            current = current.child_by_field_name(_SUBSCRIPTS[current.type])
        elif current.type in _WRAPPERS:
            current = current.named_children[0] if current.named_child_count else None
        else:
            is_name = current.type in _NAMES
            match = _DOTTED.match(node_text(current)[:_MAX_LINK_CHARS]) if is_name else None
            parts.append(match[0] if match else "")
            current = None
    return ".".join(part for part in reversed(parts) if part)
