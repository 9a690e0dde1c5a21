"""Finds the names that a piece of code uses and does not bind itself."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ...text.syntax_tree import Grammar
from .name_queries import name_captures

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["NameUses"]

_DOT = ord(".")
_BINDERS = ("parameter", "definition", "binding")
# Real code has fewer scopes inside each other; reading all of a deep one for each name would take
# quadratic time.
_MAX_SCOPES = 64
_NOWHERE = -1  # a name that no scope inside the file binds


class _Use(NamedTuple):
    """A name at a byte, and the first byte of the scope that binds it."""

    start: int
    name: str
    scope: int


@dataclass(slots=True)
class _Scope:
    """A function, class or block; its parameters' default values are outside of it."""

    start: int
    body: int
    end: int
    is_function: bool
    is_class: bool
    bound: set[str] = field(default_factory=set)


class NameUses:
    """The names used in a file, by place; computed in one pass over its syntax tree.

    Args:
        root: The syntax tree.
        grammar: The grammar of the tree.
        code: The file.

    Attributes:
        changed: Names that functions declare ``global``.
        known: All names that are used or are parameters.
    """

    def __init__(self, root: Node, grammar: Grammar, code: bytes) -> None:
        captures = name_captures(root, grammar)
        self._code = code
        self._scopes = _scopes(captures)
        binders = {node.start_byte for kind in _BINDERS for node in captures.get(kind, ())}
        changed = self._places(captures.get("global", ()))
        self.changed = frozenset(name for _, name in changed)
        self._bind(captures, changed)
        self._parameters = self._places(captures.get("parameter", ()))
        self._parameter_starts = [start for start, _ in self._parameters]
        skipped = binders.union(node.start_byte for node in captures.get("other", ()))
        named = [node for node in captures.get("name", ()) if node.start_byte not in skipped]
        members = {node.start_byte for node in named if code[node.start_byte - 1] == _DOT}
        if grammar != "python":
            members = set()  # another type of node, but for ...rest
        self._attributes = self._places(node for node in named if node.start_byte in members)
        self._attribute_starts = [start for start, _ in self._attributes]
        names = self._places(node for node in named if node.start_byte not in members)
        self._uses = list(self._resolved(names))
        self._starts = [use.start for use in self._uses]
        self.known = frozenset(name for _, name in (*names, *self._parameters))

    def names(self, start: int, end: int) -> dict[str, None]:
        """Returns the names that the code between two bytes takes from outside, in order."""
        first, last = _range(self._starts, start, end)
        return {use.name: None for use in self._uses[first:last] if use.scope < start}

    def attributes(self, start: int, end: int) -> dict[str, None]:
        """Returns the members that the code reads from any object, in order."""
        first, last = _range(self._attribute_starts, start, end)
        return dict.fromkeys(name for _, name in self._attributes[first:last])

    def parameters(self, start: int, end: int) -> dict[str, None]:
        """Returns the parameters of the functions that the code defines, in order."""
        first, last = _range(self._parameter_starts, start, end)
        return dict.fromkeys(name for _, name in self._parameters[first:last])

    def _places(self, nodes: Iterable[Node]) -> list[tuple[int, str]]:
        """Returns where names are, ascending."""
        return sorted((node.start_byte, self._text(node)) for node in nodes)

    def _text(self, node: Node) -> str:
        return self._code[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _bind(self, captures: dict[str, list[Node]], changed: list[tuple[int, str]]) -> None:
        """Adds each bound name to its scope."""
        bound = sorted(
            (node.start_byte, kind, self._text(node))
            for kind in _BINDERS
            for node in captures.get(kind, ())
        )
        enclosing = _enclosing(self._scopes, [start for start, _, _ in bound])
        for (start, kind, name), stack in zip(bound, enclosing, strict=True):
            scope = _owner(start, kind, stack)
            if scope is not None:
                scope.bound.add(name)
        enclosing = _enclosing(self._scopes, [start for start, _ in changed])
        for (_, name), stack in zip(changed, enclosing, strict=True):
            for scope in stack[-_MAX_SCOPES:]:
                scope.bound.discard(name)

    def _resolved(self, names: list[tuple[int, str]]) -> Iterator[_Use]:
        local: set[str] = set()
        for scope in self._scopes:
            local |= scope.bound
        enclosing = _enclosing(self._scopes, [start for start, _ in names])
        for (start, name), stack in zip(names, enclosing, strict=True):
            place = _binding_scope(start, name, stack) if name in local else _NOWHERE
            yield _Use(start, name, place)


def _owner(start: int, kind: str, stack: list[_Scope]) -> _Scope | None:
    """Returns the scope that a binding at a byte belongs to, or None for the file."""
    inner = reversed(stack[-_MAX_SCOPES:])
    if kind == "definition":  # its own scope starts at or before it
        return next((scope for scope in inner if scope.body <= start), None)
    if kind == "parameter":
        return next((scope for scope in inner if scope.is_function), None)
    return next(inner, None)


def _binding_scope(start: int, name: str, stack: list[_Scope]) -> int:
    inside_function = False
    for scope in reversed(stack[-_MAX_SCOPES:]):
        if start < scope.body or (scope.is_class and inside_function):
            continue
        if name in scope.bound:
            return scope.start
        inside_function = inside_function or scope.is_function
    return _NOWHERE


def _enclosing(scopes: Sequence[_Scope], starts: Iterable[int]) -> Iterator[list[_Scope]]:
    """Yields the scopes around each byte, outermost first; the bytes ascend."""
    stack: list[_Scope] = []
    following = 0
    for start in starts:
        while following < len(scopes) and scopes[following].start <= start:
            _leave(stack, scopes[following].start)
            stack.append(scopes[following])
            following += 1
        _leave(stack, start)
        yield stack


def _leave(stack: list[_Scope], start: int) -> None:
    while stack and stack[-1].end <= start:
        stack.pop()


def _scopes(captures: dict[str, list[Node]]) -> list[_Scope]:
    scopes = []
    for kind in ("function", "class", "block"):
        for node in captures.get(kind, ()):
            body = node.child_by_field_name("body") if kind != "block" else None
            start = node.start_byte
            inner = start if body is None else body.start_byte
            scopes.append(_Scope(start, inner, node.end_byte, kind == "function", kind == "class"))
    return sorted(scopes, key=lambda scope: (scope.start, -scope.end))


def _range(starts: list[int], start: int, end: int) -> tuple[int, int]:
    first = bisect_left(starts, start)
    return first, bisect_left(starts, end, first)
