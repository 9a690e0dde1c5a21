"""Finds tests in a Python syntax tree by the rules of pytest and unittest."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ...text.syntax_tree import node_text
from ..code_facts import Import
from ..discovery.class_heirs import ClassHeirs
from ..discovery.pytest_settings import (
    DEFAULT_SETTINGS,
    PytestSettings,
    find_pytest_settings,
)
from ..found_test import FoundTest, Layer, ReadTests, Snippet, TestStyle
from ..source_file import ExtractionBudget, SourceFile
from .language_reader import LanguageReader
from .python_imports import python_imports
from .python_scopes import (
    CollectedClass,
    Function,
    Scope,
    collected_classes,
    module_scope,
)
from .testcase_bases import ImportedBases

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["READER", "find_python_tests"]

_MAX_DECORATOR_CHARS = 10_000
_BLANKS = re.compile(r"\s{2,}")
_MARK = re.compile(r"@?(?:pytest\.)?mark\.(\w+)")
_SKIP = re.compile(r"\bskip(?:if|If|Unless)?\b")
_PARAMETRIZE = re.compile(
    r"\bmark\.parametrize\b|\bparameterized(?:\.\w+)?\b|\bparametrize\(|@(?:ddt\.)?data\("
)
_STRING = re.compile(
    r"(?P<prefix>[a-zA-Z]*)(?P<quote>\"\"\"|'''|\"|')(?P<body>.*?)(?P=quote)", re.DOTALL
)


def find_python_tests(
    root: Node,
    budget: ExtractionBudget,
    settings: PytestSettings,
    bases: ImportedBases,
    heirs: ClassHeirs,
) -> list[FoundTest]:
    """Returns the tests in a module, in source order, each once.

    A test is a function ``test*`` of the module, or a method ``test*`` of a collected class: one
    named ``Test*`` without a constructor, a ``unittest.TestCase``, or a base class of either in the
    same file. The settings of pytest may name other functions and classes. A class with ``test`` in
    its name (``GraphTestBase``) that its own file does not use is included too, since other files
    inherit from it, and so is one of any name if a class of another file does. An inherited test
    is found once, in the class that defines it. The tests end where the budget does.

    Raises:
        UnreadableSourceError: Classes are nested too deep.
    """
    module = module_scope(root, budget)
    collected = collected_classes(module, settings, bases.includes, heirs.of)
    scopes = [CollectedClass(module, "function"), *collected]
    found: list[FoundTest] = []
    for scope, style in scopes:
        names = DEFAULT_SETTINGS if style == "testcase" else settings
        for function in scope.functions:
            if function.may_be_test(names):
                if not budget.allows_test(len(found)):
                    break
                found.append(_found(scope, function, style))
    return sorted(found, key=lambda test: test.node.start_byte)


def _found(scope: Scope, function: Function, style: TestStyle) -> FoundTest:
    chain = scope.chain
    doc_node, doc = _docstring(function.definition)
    parameters = _parameter_names(function.definition)
    decorators = _decorators(scope, function)
    return FoundTest(
        node=function.outer,
        style=style,
        chain=tuple(member.name for member in chain[1:]),
        title=function.name,
        title_node=None,
        doc=doc,
        doc_node=doc_node,
        layers=tuple(Layer(_class_line(s), None, s.body, s.bases) for s in chain),
        fixtures=() if style == "testcase" else _fixtures(parameters, decorators),
        marks=_marks(function, decorators),
        scope_marks=tuple(dict.fromkeys(_MARK.findall(decorators))),
    )


def _decorators(scope: Scope, function: Function) -> str:
    texts = (*(member.decorators for member in scope.chain), function.decorators)
    # Blanks that follow each other would take the expressions quadratic time.
    return "\n".join(_BLANKS.sub(" ", text[:_MAX_DECORATOR_CHARS]) for text in texts)


def _marks(function: Function, decorators: str) -> frozenset[str]:
    body = node_text(function.definition)
    marks = {
        "async": body.startswith("async"),
        "parametrized": bool(_PARAMETRIZE.search(decorators)) or "self.subTest(" in body,
        "skipped": bool(_SKIP.search(decorators)),
        "expected-failure": "xfail" in decorators or "expectedFailure" in decorators,
    }
    return frozenset(mark for mark, holds in marks.items() if holds)


def _parameter_names(definition: Node) -> tuple[str, ...]:
    parameters = definition.child_by_field_name("parameters")
    names: list[str] = []
    for parameter in parameters.named_children if parameters else ():
        if parameter.type == "typed_parameter":
            parameter = parameter.named_children[0]
        if parameter.type == "identifier":
            names.append(node_text(parameter))
    return tuple(name for name in names if name not in {"self", "cls"})


def _fixtures(parameters: tuple[str, ...], decorators: str) -> tuple[str, ...]:
    """Returns the parameters whose values come from fixtures."""
    given: set[str] = set()
    for match in re.finditer(r"parametrize\(\s*[(\[]?((?:\s*[\"'][\w, ]+[\"']\s*,?)+)", decorators):
        given |= set(re.findall(r"\w+", match[1]))
    # Arguments that hypothesis and mock decorators pass are not fixtures either.
    if re.search(
        r"@\s*(?:hypothesis\.|st\.)?given\b|@\s*(?:mock\.|unittest\.mock\.)?patch\b", decorators
    ):
        return ()
    return tuple(name for name in parameters if name not in given)


def _class_line(scope: Scope) -> Snippet | None:
    if scope.parent is None:
        return None
    colons = [child for child in scope.definition.children if child.type == ":"]
    return Snippet.of(scope.outer, end=colons[-1].end_byte if colons else scope.outer.end_byte)


def _docstring(definition: Node) -> tuple[Node | None, str]:
    body = definition.child_by_field_name("body")
    first = next((c for c in body.named_children if c.type != "comment"), None) if body else None
    if first is None or first.type != "expression_statement":
        return None, ""
    literal = first.named_children[0] if first.named_child_count == 1 else None
    if literal is None or literal.type not in {"string", "concatenated_string"}:
        return None, ""
    return first, _literal_value(node_text(literal))


def _literal_value(text: str) -> str:
    """Returns the content of a string literal, escapes as written; empty for other literals."""
    match = _STRING.match(text)
    if match is None or set(match["prefix"].lower()) - {"r", "u"}:
        return ""
    return inspect.cleandoc(match["body"])


def _tests(
    source: SourceFile, root: Node, imports: Sequence[Import], budget: ExtractionBudget
) -> ReadTests:
    settings = find_pytest_settings(source.path)
    bases, heirs = ImportedBases(source.path, imports), ClassHeirs(source.path)
    return ReadTests(find_python_tests(root, budget, settings, bases, heirs))


READER: Final = LanguageReader(read_imports=python_imports, find_tests=_tests)
