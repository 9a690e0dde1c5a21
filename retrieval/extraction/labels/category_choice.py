"""Chooses the category of a test by the evidence in its code, its names and its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from ....schema.frameworks.declarations import declarations
from ....schema.records.patterns import Category
from ...text.syntax_tree import node_text
from ..code_facts import CodeFacts, CodeIndex, Import
from ..context.context_reader import TestInContext
from ..found_test import FoundTest
from ..pattern_names import describe, topic_of, words_of
from ..source_file import SourceFile
from .category_rules import (
    DECISIVE_WEIGHT,
    PRECEDENCE,
    RULES,
    EvidenceKind,
    fitting_rules,
)
from .file_definitions import Definition, FileDefinitions
from .reached_code import Reach, ReachedCode

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["CategoryChoice"]

_MARK = re.compile(r"\bmark\.(\w+)")
_USED_FIXTURES = re.compile(r"usefixtures\(([^)]{0,500})\)")


class CategoryChoice:
    """Chooses the categories of the tests of one file.

    Args:
        source: The file.
        index: Its calls and names.
        imports: What it imports.
    """

    def __init__(self, source: SourceFile, index: CodeIndex, imports: tuple[Import, ...]) -> None:
        self._index = index
        self._imports = imports
        self._definitions = FileDefinitions.of(source.path, index, imports)
        self._code = ReachedCode(self._definitions, source.root.folder)
        self._place_rules = _fitting(_place_evidence(source.relative_path)) | _fitting(
            ("import", imported.module) for imported in imports
        )
        self._marks = self._module_marks()
        self._setup_facts: dict[tuple[int, ...], CodeFacts] = {}

    def category_of(self, placed: TestInContext, facts: CodeFacts, framework: str) -> Category:
        """Returns the category of a test of the file.

        Args:
            facts: The calls and names of the test.
        """
        if declared := declarations().framework(framework).category:
            return cast("Category", declared)
        test, setup = placed.test, self._setup_of(placed.setup)
        together = CodeFacts(facts.calls + setup.calls, facts.names | setup.names)
        reach = self._code.of(together, test.chain, self._requested(test))
        rules = set(self._place_rules)
        rules |= _fitting(_own_evidence(test, facts, together))
        rules |= _fitting(("mark", mark) for mark in (*test.scope_marks, *self._marks))
        rules |= _fitting(
            ("module", imported.module)
            for imported in self._imports
            if imported.alias in together.names
        )
        rules |= _reached_rules(reach)
        return _weighed(rules)

    def _setup_of(self, members: tuple[Node, ...]) -> CodeFacts:
        """Returns the facts of the setup around a test, which its neighbours share."""
        key = tuple(member.start_byte for member in members)
        if key not in self._setup_facts:
            self._setup_facts[key] = self._index.facts(members)
        return self._setup_facts[key]

    def _requested(self, test: FoundTest) -> set[str]:
        """Returns the fixtures of a test, those named by ``usefixtures`` included."""
        requested = set(test.fixtures)
        if "usefixtures" in test.scope_marks:
            texts = [node_text(test.node)[:2_000]]
            texts += [node_text(parent)[:2_000] for parent in _decorated_parents(test.node)]
            for names in _USED_FIXTURES.findall("\n".join(texts)):
                requested |= set(re.findall(r"\w+", names))
        return requested

    def _module_marks(self) -> tuple[str, ...]:
        """Returns the marks that ``pytestmark`` gives to all tests of the file."""
        definition = self._definitions.definitions.get("pytestmark")
        return tuple(_MARK.findall(node_text(definition.nodes[0]))) if definition else ()


def _decorated_parents(node: Node) -> Iterator[Node]:
    parent = node.parent
    while parent is not None:
        if parent.type == "decorated_definition":
            yield parent
        parent = parent.parent


def _place_evidence(path: str) -> Iterator[tuple[EvidenceKind, str]]:
    """Yields the evidence of a file's place in its project."""
    *folders, name = PurePosixPath(path).parts
    for folder in folders:
        yield "folder", folder.lower()
    yield "file", name.lower()
    yield "topic", topic_of(path)


def _own_evidence(
    test: FoundTest, facts: CodeFacts, together: CodeFacts
) -> Iterator[tuple[EvidenceKind, str]]:
    """Yields the evidence of a test's names, code and setup."""
    for part in (*test.chain, test.title):
        yield "title", words_of(part)
    if test.doc:
        yield "topic", describe(test.chain, test.title, test.doc).lower()
    for call in dict.fromkeys(facts.calls):
        yield "own call", call
    for call in dict.fromkeys(together.calls):
        yield "call", call
    for name in facts.names:
        yield "name", name


def _reached_rules(reach: Reach) -> set[int]:
    """Returns the rules that fit what a test reaches.

    Weak evidence in helpers is left out: a helper does more than a single test needs.
    """
    rules = set().union(*map(_rules_of, reach.definitions))
    rules |= _fitting(("base", base) for base in reach.bases)
    rules |= _fitting(("fixture", fixture) for fixture in reach.fixtures)
    return rules | _fitting(("foreign fixture", fixture) for fixture in reach.foreign_fixtures)


def _rules_of(definition: Definition) -> frozenset[int]:
    """Returns the strong rules that fit the calls of a definition; computed once."""
    if definition.rules is None:
        fitting = _fitting(("call", call) for call in set(definition.facts.calls))
        strong = (number for number in fitting if abs(RULES[number].weight) >= DECISIVE_WEIGHT)
        definition.rules = frozenset(strong)
    return definition.rules


def _fitting(evidence: Iterable[tuple[EvidenceKind, str]]) -> set[int]:
    rules: set[int] = set()
    for kind, text in evidence:
        rules |= fitting_rules(kind, text)
    return rules


def _weighed(rules: Iterable[int]) -> Category:
    """Returns the first category whose rules weigh enough, or unit."""
    weights = dict.fromkeys(PRECEDENCE, 0.0)
    for number in rules:
        weights[RULES[number].category] += RULES[number].weight
    for category in PRECEDENCE:
        if weights[category] >= DECISIVE_WEIGHT - 1e-9:
            return category
    return "unit"
