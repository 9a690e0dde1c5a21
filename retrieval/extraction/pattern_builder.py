"""Builds a pattern from each test found in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...schema.frameworks.declarations import language_named
from ...schema.records.patterns import MAX_PATTERN_BYTES, TestPattern, stable_id
from ...schema.redaction.redaction import holds_secrets
from ..quality.code_measures import measure_node
from ..quality.score import score_quality
from ..quality.scored_pattern import ScoredPattern, StorablePattern
from .code_facts import CodeFacts, Import, code_facts
from .found_test import FoundTest
from .frameworks.framework_detection import DetectedFramework
from .pattern_code import render_example, render_template
from .pattern_labels import categorize, collect_tags
from .pattern_names import describe, pattern_name
from .placeholders.placeholder_edits import Edit, placeholder_edits
from .source_file import ExtractionBudget, SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

    from ..text.syntax_tree import Grammar

__all__ = ["build_patterns"]

# Bytes reserved for name, description and tags within the size limit of a pattern.
_RESERVED_BYTES = 4096


def build_patterns(
    source: SourceFile,
    grammar: Grammar,
    tests: Iterable[FoundTest],
    imports: tuple[Import, ...],
    detect_framework: Callable[[FoundTest, CodeFacts], DetectedFramework],
    budget: ExtractionBudget,
) -> list[StorablePattern]:
    """Returns one pattern for each test of a file, in the order given, while the budget lasts.

    Args:
        grammar: The grammar that the tests were parsed with.
        detect_framework: Returns the framework of a test.
    """
    ordinals: Counter[tuple[str, ...]] = Counter()
    patterns: list[StorablePattern] = []
    now = datetime.now(UTC)
    for test in tests:
        if not budget.allows_test(len(patterns)):
            break
        qualified = (*test.chain, test.title)
        identity = stable_id(
            source.language,
            source.root.name,
            source.relative_path,
            *qualified,
            str(ordinals[qualified]),
        )
        ordinals[qualified] += 1
        facts = code_facts([test.node])
        detected = detect_framework(test, facts)
        pattern = _build(source, test, imports, facts, detected, identity, now)
        budget.add_pattern(len(pattern.template) + sum(map(len, pattern.examples)))
        patterns.append(_scored(source, grammar, test, pattern))
    return patterns


def _scored(
    source: SourceFile, grammar: Grammar, test: FoundTest, pattern: TestPattern
) -> StorablePattern:
    """Returns the pattern with its quality, measured on the syntax tree of its file.

    Returns the plain pattern, to be redacted and scored when stored, if the file has a secret, if
    its name, description or tags, composed from parts of the file, look like one, or if its code
    has to be parsed alone.
    """
    if not source.is_clean or not pattern.examples:
        return pattern
    if holds_secrets((pattern.name, pattern.description, *pattern.tags)):
        return pattern
    measures = measure_node(
        pattern.examples[0], test.node, grammar, source.language, pattern.framework
    )
    if measures is None:
        return pattern
    return ScoredPattern(pattern, score_quality(pattern, measures=measures).total)


def _build(
    source: SourceFile,
    test: FoundTest,
    imports: tuple[Import, ...],
    facts: CodeFacts,
    detected: DetectedFramework,
    identity: str,
    now: datetime,
) -> TestPattern:
    example, template = _code(source, test)
    separator = language_named(source.language).separator
    return TestPattern(
        id=identity,
        name=pattern_name(test.chain, test.title, separator=separator),
        description=describe(test.chain, test.title, test.doc),
        category=categorize(test, facts, imports, detected.framework),
        framework=detected.framework,
        language=source.language,
        template=template,
        examples=(example,) if example else (),
        tags=collect_tags(test, facts, imports, source.language),
        confidence=detected.certainty,
        source=f"{source.relative_path}:{source.line_number(test.node.start_point[0])}",
        created_at=now,
        updated_at=now,
    )


def _code(source: SourceFile, test: FoundTest) -> tuple[str, str]:
    """Returns example and template, together within the size limit of a pattern."""
    shown = [member for layer in test.layers for member in layer.members] + [test.node]
    keep = [node for node in (test.title_node, test.doc_node) if node is not None]
    edits = placeholder_edits(shown, keep)
    if test.doc_node is not None:
        edits.append(_without_docstring(test.doc_node))
    example, template = render_example(source, test), render_template(source, test, edits)
    room = MAX_PATTERN_BYTES - _RESERVED_BYTES
    if len(example.encode()) + len(template.encode()) > room:
        example = ""
    if len(template.encode()) > room:  # as many whole lines as fit
        cut = template.encode()[:room].decode("utf-8", "ignore")
        template = cut[: cut.rfind("\n") + 1] or cut
    return example, template


def _without_docstring(statement: Node) -> Edit:
    """Returns the edit that removes a docstring, which becomes the description."""
    following = statement.next_named_sibling
    if following is None:
        return Edit(statement.start_byte, statement.end_byte, "pass")
    return Edit(statement.start_byte, following.start_byte, "")
