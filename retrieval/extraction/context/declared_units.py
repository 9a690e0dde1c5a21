"""Reads the declarations of a file or class as units, by what its language declares of its syntax.

For the languages without rules of their own for names and scopes.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ....schema.frameworks.declarations import (
    call_forms,
    declarations,
    language_named,
    node_fields,
)
from ....schema.records.pattern_parts import ContextKind
from ...text.syntax_tree import Grammar, grammar_language, node_text
from .code_unit import ImportCode, Unit

if TYPE_CHECKING:
    from tree_sitter import Node, Query

__all__ = ["PACKAGE_TYPES", "DeclaredUses", "declared_units", "is_bracketed"]

PACKAGE_TYPES: Final = frozenset({"package_clause", "package_declaration"})

_MEMBER = re.compile(rb"\s*\.")
_CONSTRAINT = re.compile(r"//(?:go:build| \+build)\b")
_LAST_WORD = re.compile(r"([^\W\d]\w*)\"")
_PLAIN_WORD = re.compile(r"[^\W\d]\w*")
_VERSION = re.compile(r"(?:/v\d+|\.v\d+)\Z")
_BINDINGS: Final = node_fields("bindings")
_MEMBERS: Final = frozenset({"field_identifier"})  # these are named with their type
# Where a variable ends: the parts of a declaration aside, what encloses it, but a file or class.
_SCOPE: Final = re.compile(
    r"block|statement|case|lambda|func_literal|constructor|method_declaration"
    r"|function_(?:declaration|type)"
)
_NESTED: Final = frozenset({"enum_body_declarations"})
_KINDS: Final[tuple[tuple[ContextKind, re.Pattern[str]], ...]] = (
    ("import", re.compile(r"import|package")),
    ("helper", re.compile(r"function|method|constructor|static_initializer")),
    ("type", re.compile(r"class|enum|interface|record|annotation|type")),
    ("constant", re.compile(r"const|var|field")),
)
_MAX_DEPTH = 3  # of the names of a declaration, as in `const ( a = 1 )`
_MAX_READ_BYTES = 2_000


class _Use(NamedTuple):
    """A name at a byte; with a dot if a member of it is used: ``time.``."""

    start: int
    name: str


class DeclaredUses:
    """The names used in a file, by place, without those of variables inside functions.

    A name whose member is used comes with a dot too: ``time.``.

    Args:
        root: The syntax tree.
        grammar: The grammar of the tree.
        code: The file.
        language: The language of the file.

    Attributes:
        known: All names.
        changed: Names that functions declare as those of the file: none.
    """

    def __init__(self, root: Node, grammar: Grammar, code: bytes, language: str) -> None:
        captures = _captures(root, grammar, language)
        names = sorted(captures.get("name", ()), key=lambda node: node.start_byte)
        bindings = sorted(_local_bindings(captures.get("bound", ())))
        in_text = _named_in_text(captures.get("annotation", ()))
        self._uses = sorted((*_outer_uses(names, bindings, code), *in_text))
        self._starts = [use.start for use in self._uses]
        self.known = frozenset(use.name for use in self._uses)
        self.changed: frozenset[str] = frozenset()

    def names(self, start: int, end: int) -> dict[str, None]:
        """Returns the names in the code between two bytes, in order."""
        first = bisect_left(self._starts, start)
        last = bisect_left(self._starts, end, first)
        names: dict[str, None] = {}
        for use in self._uses[first:last]:
            names[use.name.rstrip(".")] = None
            names[use.name] = None
        return names

    def attributes(self, start: int, end: int) -> dict[str, None]:
        """Returns nothing: members are names like others."""
        return {}

    def parameters(self, start: int, end: int) -> dict[str, None]:
        """Returns nothing: no parameter is a fixture."""
        return {}


class _Binding(NamedTuple):
    """A variable inside a function: where it is named, and where it can be used."""

    start: int
    named_until: int
    visible: int
    end: int
    names: tuple[str, ...]


def _local_bindings(bound: Iterable[Node]) -> Iterator[_Binding]:
    for node in bound:
        declaration = scope = node.parent
        while scope is not None and not _SCOPE.search(scope.type):
            scope = scope.parent
        if declaration is None or scope is None:
            continue
        visible = declaration.end_byte
        if scope.id == declaration.id:  # a variable of a loop, unless it names the function
            visible = node.end_byte if not scope.type.endswith("_declaration") else scope.end_byte
        names = tuple(_PLAIN_WORD.findall(node_text(node)[:_MAX_READ_BYTES]))
        yield _Binding(node.start_byte, node.end_byte, visible, scope.end_byte, names)


def _named_in_text(annotations: Iterable[Node]) -> Iterator[_Use]:
    """Yields what annotations name in their texts: ``@MethodSource("cases")``."""
    for node in annotations:
        for name in _LAST_WORD.findall(node_text(node)[:_MAX_READ_BYTES]):
            yield _Use(node.start_byte, name)


def _outer_uses(names: Sequence[Node], bindings: Sequence[_Binding], code: bytes) -> Iterator[_Use]:
    """Yields the names that are no local variables where they are."""
    visible = sorted(bindings, key=lambda binding: binding.visible)
    local_until: dict[str, int] = {}
    named_until = named = opened = 0
    for node in names:
        start = node.start_byte
        while opened < len(visible) and visible[opened].visible <= start:
            for name in visible[opened].names:
                local_until[name] = max(local_until.get(name, 0), visible[opened].end)
            opened += 1
        while named < len(bindings) and bindings[named].start <= start:
            named_until = max(named_until, bindings[named].named_until)
            named += 1
        name = node_text(node)
        if start >= max(named_until, local_until.get(name, 0)):
            is_opened = _MEMBER.match(code, node.end_byte) is not None
            yield _Use(start, name + "." * is_opened)


def _captures(root: Node, grammar: Grammar, language: str) -> dict[str, list[Node]]:
    from tree_sitter import QueryCursor

    return QueryCursor(_query(grammar, language)).captures(root)


@cache
def _query(grammar: Grammar, language: str) -> Query:
    """Returns the query for the names of a language and for what binds them."""
    from tree_sitter import Query

    nodes = language_named(language).nodes
    names = " ".join(f"({name})" for name in sorted(nodes.names - _MEMBERS))
    bound = (f"({node} {field}: (_) @bound)" for node, field in nodes.bindings.items() if field)
    annotations = (f"({node}) @annotation" for node in nodes.opaque if node == "annotation")
    return Query(grammar_language(grammar), "\n".join((f"[{names}] @name", *bound, *annotations)))


def declared_units(
    body: Node, holds_tests: Callable[[Node], bool], language: str
) -> Iterator[Unit]:
    """Yields the units of a file or class, in order; what has tests in it is none.

    Args:
        holds_tests: Returns whether tests are in a node.
    """
    hooks = _hooks(language)
    stack = body.named_children[::-1]
    while stack:
        node = stack.pop()
        if node.type in _NESTED:
            stack += node.named_children[::-1]
        elif node.type == "import_declaration":
            yield from _imports(node)
        elif _CONSTRAINT.match(node_text(node)[:_MAX_READ_BYTES]):
            yield Unit(node, "setup", always=True)
        elif "comment" not in node.type and not holds_tests(node):
            yield _unit(node, hooks)


def _unit(node: Node, hooks: frozenset[str]) -> Unit:
    kinds = (kind for kind, pattern in _KINDS if pattern.search(node.type))
    kind: ContextKind = next(kinds, "setup")
    names = dict.fromkeys(_defined_names(node))
    receiver = node.child_by_field_name("receiver")  # a method goes with its type
    if receiver is not None:
        names = dict.fromkeys(_PLAIN_WORD.findall(node_text(receiver))[-1:])
    always = kind == "import" or _is_hook(node, hooks)
    if always and kind != "import":
        kind = "setup"
    return Unit(node, kind, tuple(names), always)


def _defined_names(node: Node, depth: int = 0) -> Iterator[str]:
    """Yields the names that a declaration binds."""
    field = _BINDINGS.get(node.type) or ("name" if depth == 0 else "")
    bound = node.children_by_field_name(field) if field else []
    if bound:
        for each in bound:
            yield from _PLAIN_WORD.findall(node_text(each)[:_MAX_READ_BYTES])
    elif depth < _MAX_DEPTH:
        for child in node.named_children:
            yield from _defined_names(child, depth + 1)


def _is_hook(node: Node, hooks: frozenset[str]) -> bool:
    """Returns whether an annotation of a declaration says that it runs around tests."""
    first = node.named_children[0] if node.named_child_count else None
    if first is None or first.type != "modifiers":
        return False
    names = (node_text(each.child_by_field_name("name")) for each in first.named_children)
    return any(name.rpartition(".")[2] in hooks for name in names)


def _imports(node: Node) -> Iterator[Unit]:
    """Yields an import as a unit, or each of those in brackets."""
    specs = [child for child in node.named_children if child.type == "import_spec"]
    for child in node.named_children:
        if child.type == "import_spec_list":
            specs += [spec for spec in child.named_children if spec.type == "import_spec"]
    if specs:
        yield from map(_import_spec, specs)
        return
    names = tuple(_PLAIN_WORD.findall(node_text(node))[-1:])
    is_open = any(child.type == "asterisk" for child in node.named_children)
    yield Unit(node, "import", () if is_open else names, always=is_open)


def _import_spec(spec: Node) -> Unit:
    """Returns the import of a package, which code uses as ``name.member``."""
    given = node_text(spec.child_by_field_name("name"))
    path = _VERSION.sub("", node_text(spec.child_by_field_name("path")).strip('"`'))
    # A path such as `go-yaml` does not say how its package is called.
    names = [given] if given else _PLAIN_WORD.findall(path.rpartition("/")[2])
    if given in {".", "_"}:
        return Unit(spec, "import", always=True, imported=ImportCode("", {}))
    bound = tuple(f"{name}." for name in names)
    return Unit(spec, "import", bound, imported=ImportCode("", dict.fromkeys(bound, "")))


def is_bracketed(unit: Unit) -> bool:
    """Returns whether a unit is an import that may be one of several in brackets."""
    return unit.node.type == "import_spec"


@cache
def _hooks(language: str) -> frozenset[str]:
    known = declarations().frameworks_of(language)
    return call_forms([each.forms for each in known if each.is_supported]).hooks
