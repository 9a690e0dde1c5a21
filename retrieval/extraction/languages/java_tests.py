"""Finds tests in a Java syntax tree: methods with a test annotation of JUnit, by its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from ....schema.frameworks.declarations import call_forms, declarations
from ....schema.frameworks.framework_declaration import CallForms, FrameworkDeclaration
from ...text.syntax_tree import node_text
from ..code_facts import Import
from ..found_test import FoundTest, Layer, ReadTests, Snippet
from ..source_file import ExtractionBudget, SourceFile
from .language_reader import LanguageReader

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["READER", "find_java_tests", "java_imports"]

_ANNOTATIONS: Final = frozenset({"annotation", "marker_annotation"})
_TYPES: Final = frozenset(
    {"class_declaration", "enum_declaration", "interface_declaration", "record_declaration"}
)
_BODIES: Final = frozenset({"class_body", "enum_body", "enum_body_declarations", "interface_body"})
# Only a factory returns a value; a test that does is not run.
_FACTORY: Final = "TestFactory"
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BLOCK_COMMENT = re.compile(r"^/\*\*?|\*/$|^[ \t]*\*[ \t]?", re.MULTILINE)
_TAG = re.compile(r"^@\w+.*", re.MULTILINE | re.DOTALL)


def java_imports(root: Node) -> tuple[Import, ...]:
    """Returns the imports of a file: package and class, or class and static member.

    The names of its own package are there without an import.
    """
    imports: list[Import] = []
    for node in root.named_children:
        if node.type == "package_declaration":
            imports.append(Import(node_text(node.named_children[-1]), "", ""))
        elif node.type == "import_declaration" and node.named_children:
            path = node_text(node.named_children[0])
            if any(child.type == "asterisk" for child in node.named_children):
                imports.append(Import(path, "", ""))
            else:
                module, _, name = path.rpartition(".")
                imports.append(Import(module, name, name))
    return tuple(imports)


def find_java_tests(
    source: SourceFile, root: Node, imports: Sequence[Import], budget: ExtractionBudget
) -> ReadTests:
    """Returns the tests of a file, in source order.

    A test is a method with a test annotation of a supported framework, in a class that JUnit looks
    at: not in an inner class without ``@Nested``, not private or static, and without a result
    unless it is a factory. The tests end where the budget does.

    Raises:
        UnreadableSourceError: Classes are nested too deep.
    """
    rules = _Rules(imports)
    found: list[FoundTest] = []
    stack: list[tuple[Node, _Type | None]] = [(node, None) for node in root.named_children[::-1]]
    while stack:
        node, outer = stack.pop()
        if node.type in _TYPES:
            inner = _Type(node, outer, rules)
            budget.require_nesting(inner.depth)
            if outer is None or inner.is_looked_at(outer):
                stack += [(member, inner) for member in inner.members[::-1]]
        elif node.type == "method_declaration" and outer is not None:
            method = _Method.of(node)
            if not rules.is_test(method):
                continue
            if not budget.allows_test(len(found)):
                break
            found.append(_found(method, outer, rules, root))
    return ReadTests(found)


class _Annotation(NamedTuple):
    name: str
    qualifier: str  # the package before the name, if it is written
    text: str


class _Method(NamedTuple):
    """A method with its annotations and the words before its type."""

    node: Node
    name: str
    annotations: tuple[_Annotation, ...]
    words: frozenset[str]  # public, static

    @classmethod
    def of(cls, node: Node) -> _Method:
        words, annotations = _modifiers(node)
        return cls(node, node_text(node.child_by_field_name("name")), annotations, words)


class _Rules:
    """What is a test and a hook in a file, by the frameworks that it imports."""

    def __init__(self, imports: Sequence[Import]) -> None:
        known = [each for each in declarations().frameworks_of("java") if each.is_supported]
        self.forms: CallForms = call_forms([each.forms for each in known])
        self._known = known
        self._origins = {each.alias: each.module for each in imports if each.alias}
        self._wildcards = [each.module for each in imports if not each.alias]

    def is_test(self, method: _Method) -> bool:
        """Returns whether JUnit runs a method as a test."""
        names = [each.name for each in method.annotations if self._declares_test(each)]
        if not names or method.words & {"private", "static"}:
            return False
        is_void = node_text(method.node.child_by_field_name("type")) == "void"
        return is_void != (_FACTORY in names)

    def _declares_test(self, annotation: _Annotation) -> bool:
        if annotation.name not in self.forms.tests:
            return False
        module = annotation.qualifier or self._origins.get(annotation.name, "")
        modules = [module] if module else self._wildcards
        return any(self._is_of(each, annotation.name, modules) for each in self._known)

    def _is_of(self, framework: FrameworkDeclaration, name: str, modules: Sequence[str]) -> bool:
        return name in framework.forms.tests and any(map(framework.imports, modules))


class _Type:
    """A class, interface, record or enum that may hold tests."""

    def __init__(self, node: Node, outer: _Type | None, rules: _Rules) -> None:
        self.node, self.outer, self.rules = node, outer, rules
        self.name = node_text(node.child_by_field_name("name"))
        self.depth: int = 1 if outer is None else outer.depth + 1
        self.words, self.annotations = _modifiers(node)

    def is_looked_at(self, outer: _Type) -> bool:
        """Returns whether JUnit looks for tests in it, given that it does in the class around."""
        is_inner = self.node.type == "class_declaration" and "static" not in self.words
        if not is_inner or outer.node.type == "interface_declaration":
            return "private" not in self.words
        return any(each.name in self.rules.forms.blocks for each in self.annotations)

    @property
    def chain(self) -> tuple[_Type, ...]:
        """The classes around it and itself, outermost first."""
        return (*(self.outer.chain if self.outer else ()), self)

    @cached_property
    def members(self) -> list[Node]:
        """Its methods, fields and classes."""
        body = self.node.child_by_field_name("body")
        members: list[Node] = []
        for child in body.named_children if body is not None else ():
            members += child.named_children if child.type in _BODIES else [child]
        return members

    @cached_property
    def borders(self) -> tuple[Snippet, Snippet] | None:
        """Its first line up to the brace, and its closing brace."""
        body = self.node.child_by_field_name("body")
        if body is None:
            return None
        return Snippet.of(self.node, end=body.start_byte + 1), Snippet.of(body.children[-1])

    @property
    def layer(self) -> Layer:
        """The level around its tests."""
        opening, closing = self.borders or (None, None)
        return Layer(opening, closing, self.node.child_by_field_name("body") or self.node)


def _modifiers(node: Node) -> tuple[frozenset[str], tuple[_Annotation, ...]]:
    """Returns the words and the annotations before a declaration."""
    first = node.named_children[0] if node.named_child_count else None
    if first is None or first.type != "modifiers":
        return frozenset(), ()
    words = frozenset(child.type for child in first.children)
    annotations = tuple(
        _annotation(child) for child in first.children if child.type in _ANNOTATIONS
    )
    return words, annotations


def _annotation(node: Node) -> _Annotation:
    qualifier, _, name = node_text(node.child_by_field_name("name")).rpartition(".")
    return _Annotation(name, qualifier, node_text(node))


def _found(method: _Method, owner: _Type, rules: _Rules, root: Node) -> FoundTest:
    chain = owner.chain
    names = {each.name for each in method.annotations}
    around = [each for outer in chain for each in outer.annotations]
    marks = {
        "parametrized": bool(names & rules.forms.tables),
        "skipped": bool({*names, *(each.name for each in around)} & rules.forms.skipping),
    }
    return FoundTest(
        node=method.node,
        style="function",
        chain=tuple(outer.name for outer in chain),
        title=method.name,
        title_node=None,
        doc=_doc(method),
        doc_node=None,
        layers=(Layer(None, None, root), *(outer.layer for outer in chain)),
        fixtures=(),
        marks=frozenset(mark for mark, holds in marks.items() if holds),
        scope_marks=tuple(dict.fromkeys(_tags([*method.annotations, *around]))),
    )


def _doc(method: _Method) -> str:
    """Returns the display name of a test, or the comment above it."""
    for annotation in method.annotations:
        if annotation.name == "DisplayName":
            return " ".join(_STRING.findall(annotation.text))
    above = method.node.prev_named_sibling
    if above is None or above.type != "block_comment" or not node_text(above).startswith("/**"):
        return ""
    return _TAG.sub("", _BLOCK_COMMENT.sub("", node_text(above)).strip()).strip()


def _tags(annotations: Sequence[_Annotation]) -> Iterator[str]:
    for annotation in annotations:
        if annotation.name in {"Tag", "Tags"}:
            yield from _STRING.findall(annotation.text)
        elif annotation.name == "Category":
            yield from re.findall(r"(\w+)\.class", annotation.text)


READER: Final = LanguageReader(read_imports=java_imports, find_tests=find_java_tests)
