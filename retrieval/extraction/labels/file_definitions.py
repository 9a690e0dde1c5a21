"""Reads the functions, classes and values that a file defines, for tests that use them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...text.source_language import language_of
from ...text.syntax_tree import Grammar, callee_of, node_text, parse
from ..code_facts import CodeFacts, CodeIndex, Import
from ..discovery.project_root import TEST_FOLDERS
from ..discovery.python_modules import python_module_file
from ..frameworks.import_chain import module_file
from ..languages.javascript_imports import javascript_imports
from ..languages.python_imports import python_imports

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Definition", "FileDefinitions", "read_definitions"]

# A larger file of helpers is not read.
_MAX_BYTES = 128 * 1024
_MAX_FILES = 64
# Statements whose definitions belong to the enclosing scope.
_TRANSPARENT = frozenset(
    {
        "block",
        "statement_block",
        "else_clause",
        "except_clause",
        "export_statement",
        "if_statement",
        "try_statement",
    }
    | {"with_statement"}
)
_FUNCTIONS = frozenset(
    {"function_definition", "function_declaration", "generator_function_declaration"}
)
_METHODS = frozenset({"function_definition", "method_definition"})
_CLASSES = frozenset({"class_definition", "class_declaration", "abstract_class_declaration"})
_SUPPORT = re.compile(
    r"(?:^|[._-])(?:tests?|testing|conftest|spec|fixtures?|testutils?)(?:[._-]|$)|^tests?_\w*$"
    r"|^__tests__$"
)
_BLOCK = re.compile(r"(?:\w+\.)?(?:describe|context|suite)\b")
_SETUP = re.compile(r"(?i:(?:async)?set_?up\w*|before\w*|__init__|constructor)$")


@dataclass(slots=True)
class Definition:
    """A function, class or value of a file.

    Attributes:
        index: The calls and names of the file.
        nodes: What runs when a test uses it; of a class, its setup.
        fixtures: The parameters of a pytest fixture.
        bases: The base classes.
        methods: The methods of a class that are no tests.
        rules: The category rules that fit it, once they are known.
    """

    index: CodeIndex
    nodes: tuple[Node, ...]
    fixtures: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    methods: dict[str, Definition] = field(default_factory=dict)
    rules: frozenset[int] | None = None
    _facts: CodeFacts | None = None

    @property
    def facts(self) -> CodeFacts:
        """The calls and names of the nodes; computed once."""
        if self._facts is None:
            self._facts = self.index.facts(self.nodes)
        return self._facts


@dataclass(frozen=True, slots=True)
class FileDefinitions:
    """The definitions of a file by name, and where its other names are imported from.

    Attributes:
        reexports: Modules whose names are all its own: ``from x import *``, ``export … from 'x'``.
        followed: Its names whose definitions are read. Assertions are left out: they compare
            results; what they do is no evidence, and they are used most.
    """

    path: Path
    definitions: Mapping[str, Definition]
    origins: Mapping[str, Import]
    reexports: tuple[str, ...] = ()
    followed: frozenset[str] = frozenset()
    _files: dict[str, Path | None] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, index: CodeIndex, imports: Iterable[Import]) -> FileDefinitions:
        """Returns the definitions at the top level of a file."""
        found: dict[str, Definition] = {}
        for name, definition in _definitions(index.root, index):
            found.setdefault(name, definition)
        origins = {imported.alias: imported for imported in imports}
        followed = (name for name in (*found, *origins) if not name.startswith("assert"))
        return cls(path, found, origins, tuple(_reexports(index.root)), frozenset(followed))

    def support_file(self, module: str, root: Path) -> FileDefinitions | None:
        """Returns the file of an imported module, if its path says that it supports tests.

        Args:
            root: The folder of the project; the folders above it say nothing.
        """
        if module not in self._files:
            is_python = language_of(self.path) == "python"
            file = (python_module_file if is_python else module_file)(self.path, module)
            is_support = file is not None and _is_support(file.resolve(), root)
            self._files[module] = file if is_support else None
        found = self._files[module]
        return read_definitions(found) if found is not None else None


def _reexports(root: Node) -> Iterator[str]:
    for node in root.named_children:
        if node.type == "export_statement":
            source = node_text(node.child_by_field_name("source"))
            if source:
                yield source.strip("\"'`")
        elif node.type == "import_from_statement" and node.named_children[-1].type == (
            "wildcard_import"
        ):
            yield node_text(node.child_by_field_name("module_name"))


def read_definitions(path: Path) -> FileDefinitions | None:
    """Returns the definitions of a file; None if it is missing, too large or not code."""
    try:
        status = path.stat()
    except OSError:
        return None
    if status.st_size > _MAX_BYTES or language_of(path) is None:
        return None
    return _read_stamped(path, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=_MAX_FILES)
def _read_stamped(path: Path, stamp: tuple[int, int]) -> FileDefinitions | None:
    """Returns the definitions of a file.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    try:
        code = path.read_bytes()
    except OSError:
        return None
    root = parse(code, _grammar(path)).root_node
    is_python = language_of(path) == "python"
    return FileDefinitions.of(
        path, CodeIndex(root), python_imports(root) if is_python else javascript_imports(root)
    )


def _grammar(path: Path) -> Grammar:
    if language_of(path) == "python":
        return "python"
    return "typescript" if path.suffix in {".ts", ".mts", ".cts"} else "tsx"


def _is_support(file: Path, root: Path) -> bool:
    """Returns whether a file helps tests; the code under test is not followed."""
    if not file.is_relative_to(root):
        return False
    *folders, _ = file.relative_to(root).parts
    return bool(_SUPPORT.search(file.stem)) or any(
        folder in TEST_FOLDERS or _SUPPORT.search(folder) for folder in folders
    )


def _definitions(scope: Node, index: CodeIndex) -> Iterator[tuple[str, Definition]]:
    stack = [scope]
    while stack:
        node = stack.pop()
        if node is scope or node.type in _TRANSPARENT:
            stack.extend(reversed(node.named_children))
            continue
        block = _block_body(node)
        if block is not None:
            stack.append(block)
        else:
            yield from _of_statement(node, index)


def _block_body(statement: Node) -> Node | None:
    """Returns the body of a describe block, whose helpers its tests use."""
    if statement.type != "expression_statement" or not statement.named_child_count:
        return None
    call = statement.named_children[0]
    if not _BLOCK.match(node_text(callee_of(call))[:100]):
        return None
    arguments = call.child_by_field_name("arguments")
    last = arguments.named_children[-1] if arguments and arguments.named_child_count else None
    body = last.child_by_field_name("body") if last is not None else None
    return body if body is not None and body.type == "statement_block" else None


def _of_statement(statement: Node, index: CodeIndex) -> Iterator[tuple[str, Definition]]:
    kind = statement.type
    if kind == "decorated_definition":
        inner = statement.child_by_field_name("definition")
        if inner is None:
            return
        for name, definition in _of_statement(inner, index):
            if inner.type in _FUNCTIONS and "fixture" in node_text(statement.named_children[0]):
                definition.fixtures = _parameters(inner)
            yield name, definition
    elif kind in _FUNCTIONS or kind in _METHODS:
        yield node_text(statement.child_by_field_name("name")), Definition(index, (statement,))
    elif kind in _CLASSES:
        yield node_text(statement.child_by_field_name("name")), _class(statement, index)
    elif kind in {"lexical_declaration", "variable_declaration"}:
        for declarator in statement.named_children:
            for name in re.findall(
                r"[\w$]+", node_text(declarator.child_by_field_name("name"))[:400]
            ):
                yield name, Definition(index, (declarator,))
    elif kind == "expression_statement" and statement.named_child_count:
        inner = statement.named_children[0]
        left = inner.child_by_field_name("left") if inner.type == "assignment" else None
        if left is not None and left.type == "identifier":
            yield node_text(left), Definition(index, (inner,))


def _class(node: Node, index: CodeIndex) -> Definition:
    body = node.child_by_field_name("body")
    methods = dict(_definitions(body, index)) if body is not None else {}
    helpers = {name: method for name, method in methods.items() if not name.startswith("test")}
    setup = [m.nodes[0] for name, m in helpers.items() if _SETUP.match(name)]
    return Definition(index, tuple(setup), bases=_bases(node), methods=helpers)


def _bases(node: Node) -> tuple[str, ...]:
    inherited = node.child_by_field_name("superclasses") or next(
        (child for child in node.named_children if child.type == "class_heritage"), None
    )
    names = re.findall(r"(?<![\w.=])[A-Za-z_][\w.]*(?!\s*=)\b", node_text(inherited)[:2_000])
    return tuple(name for name in names if name not in {"extends", "implements"})


def _parameters(function: Node) -> tuple[str, ...]:
    parameters = function.child_by_field_name("parameters")
    names = (
        node_text(child.named_children[0] if child.type == "typed_parameter" else child)
        for child in (parameters.named_children if parameters else ())
        if child.type in {"identifier", "typed_parameter"}
    )
    return tuple(name for name in names if name not in {"self", "cls"})
