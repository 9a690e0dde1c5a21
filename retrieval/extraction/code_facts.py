"""Collects the functions that test code calls and the names that it uses."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...schema.frameworks.declarations import node_fields, node_types
from ..text.syntax_tree import CALL_TYPES, callee_of, node_text

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["CodeFacts", "CodeIndex", "Import"]

_NAMES = node_types("names")
# The fields of a member's name and of its object: those of `b` and `a` in `a.b`.
_MEMBERS = {kind: tuple(fields.split()) for kind, fields in node_fields("members").items()}
_SUBSCRIPTS = node_fields("subscripts")
_WRAPPERS = node_types("wrappers")
_MAX_LINKS = 64
_MAX_LINK_CHARS = 200
_DOTTED = re.compile(r"[\w$]+(?:\.[\w$]+)*")
_PLAIN = re.compile(rb"[\w$]+(?:\.[\w$]+){0,8}\Z")


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


class _Call(NamedTuple):
    """A call from byte ``start`` to ``end``."""

    start: int
    end: int
    name: str


class CodeIndex:
    """The calls and names of a whole file by position, read in one walk when first needed.

    The tests of a file share helpers and setup, so that the facts of each are a part of these.

    Attributes:
        root: The syntax tree of the file.
    """

    def __init__(self, root: Node) -> None:
        self.root = root
        self._calls: list[_Call] = []
        self._starts: list[int] = []  # of the names
        self._names: list[str] = []
        self._is_read = False

    @property
    def calls(self) -> tuple[str, ...]:
        """The functions that the file calls, dotted, in source order."""
        self._read()
        return tuple(call.name for call in self._calls)

    def facts(self, nodes: Iterable[Node]) -> CodeFacts:
        """Returns the facts about the code under some nodes of the tree."""
        self._read()
        calls: list[str] = []
        names: set[str] = set()
        for node in nodes:
            start, end = node.start_byte, node.end_byte
            first = bisect_left(self._calls, (start,))
            last = bisect_left(self._calls, (end,))
            calls += [call.name for call in self._calls[first:last] if call.end <= end]
            names.update(
                self._names[bisect_left(self._starts, start) : bisect_left(self._starts, end)]
            )
        return CodeFacts(tuple(calls), frozenset(names))

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        spelled: dict[bytes, str] = {}
        called: dict[bytes, str] = {}
        stack = [self.root]
        while stack:
            node = stack.pop()
            kind = node.type
            if kind in _NAMES:
                text = node.text or b""
                name = spelled.get(text)
                if name is None:
                    name = spelled[text] = text.decode("utf-8", "replace")
                self._starts.append(node.start_byte)
                self._names.append(name)
                continue
            if kind in CALL_TYPES:
                callee = node if kind in _MEMBERS else callee_of(node)
                if callee is not None:
                    name = _called_name(callee, called)
                    self._calls.append(_Call(node.start_byte, node.end_byte, name))
            stack += node.named_children[::-1]


def _called_name(callee: Node, known: dict[bytes, str]) -> str:
    """Returns the dotted name of a callee; short ones without brackets are read once."""
    if callee.end_byte - callee.start_byte > _MAX_LINK_CHARS:
        return _dotted(callee)
    text = callee.text or b""
    if text in known:
        return known[text]
    name = _dotted(callee)
    if _PLAIN.match(text):
        known[text] = name
    return name


def _dotted(callee: Node) -> str:
    """Returns ``a.b.c`` of ``a(...).b[0].c``: the names of a chain without arguments."""
    parts: list[str] = []
    current: Node | None = callee
    # Real code has no longer chains; reading the whole chain at each link would take quadratic
    # time.
    for _ in range(_MAX_LINKS):
        if current is None:
            break
        kind = current.type
        if kind in _MEMBERS:
            name, target = _MEMBERS[kind]
            parts.append(node_text(current.child_by_field_name(name))[:_MAX_LINK_CHARS])
            current = current.child_by_field_name(target)
        elif kind in CALL_TYPES:
            current = callee_of(current)
        elif kind in _SUBSCRIPTS:
            current = current.child_by_field_name(_SUBSCRIPTS[kind])
        elif kind in _WRAPPERS:
            current = current.named_children[0] if current.named_child_count else None
        else:
            match = _DOTTED.match(node_text(current)[:_MAX_LINK_CHARS]) if kind in _NAMES else None
            parts.append(match[0] if match else "")
            current = None
    return ".".join(part for part in reversed(parts) if part)
