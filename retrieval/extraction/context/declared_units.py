"""Reads the declarations of a file or class as units, by what its language declares of its syntax.

For the languages without rules of their own for names and scopes: each word of the code counts as a
name that it uses.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from ....schema.frameworks.declarations import call_forms, declarations, node_fields
from ....schema.records.pattern_parts import ContextKind
from ...text.syntax_tree import node_text
from .code_unit import ImportCode, Unit

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["WordUses", "declared_units"]

_WORD = re.compile(rb"[^\W\d]\w*(?:\s*\.)?")
_PLAIN_WORD = re.compile(r"[^\W\d]\w*")
_VERSION = re.compile(r"(?:/v\d+|\.v\d+)\Z")
_BINDINGS: Final = node_fields("bindings")
_NESTED: Final = frozenset({"enum_body_declarations"})
_KINDS: Final[tuple[tuple[ContextKind, re.Pattern[str]], ...]] = (
    ("import", re.compile(r"import|package")),
    ("helper", re.compile(r"function|method|constructor|static_initializer")),
    ("type", re.compile(r"class|enum|interface|record|annotation|type")),
    ("constant", re.compile(r"const|var|field")),
)
_MAX_DEPTH = 3  # of the names of a declaration, as in `const ( a = 1 )`
_MAX_READ_BYTES = 2_000


class WordUses:
    """The words of a file, by place; a word before a dot comes with it too: ``time.``.

    Args:
        code: The file.

    Attributes:
        known: All words.
        changed: Names that functions declare as those of the file: none.
    """

    def __init__(self, code: bytes) -> None:
        found = list(_WORD.finditer(code))
        self._starts = [match.start() for match in found]
        self._words = [match[0].decode("utf-8", "replace") for match in found]
        self.known = frozenset(word.rstrip(". \t\r\n") for word in self._words)
        self.changed: frozenset[str] = frozenset()

    def names(self, start: int, end: int) -> dict[str, None]:
        """Returns the words of the code between two bytes, in order."""
        first = bisect_left(self._starts, start)
        names: dict[str, None] = {}
        for word in self._words[first : bisect_left(self._starts, end, first)]:
            plain = word.rstrip(". \t\r\n")
            names[plain] = None
            if plain != word:
                names[plain + "."] = None
        return names

    def attributes(self, start: int, end: int) -> dict[str, None]:
        """Returns nothing: members are words like others."""
        return {}

    def parameters(self, start: int, end: int) -> dict[str, None]:
        """Returns nothing: no parameter is a fixture."""
        return {}


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
        return Unit(spec, "import", always=True, imported=ImportCode("import ", {}))
    bound = tuple(f"{name}." for name in names)
    return Unit(spec, "import", bound, imported=ImportCode("import ", dict.fromkeys(bound, "")))


@cache
def _hooks(language: str) -> frozenset[str]:
    known = declarations().frameworks_of(language)
    return call_forms([each.forms for each in known if each.is_supported]).hooks
