"""Builds a pattern from each test found in a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...schema.frameworks.declarations import language_named
from ...schema.records.pattern_parts import ContextPart
from ...schema.records.patterns import MAX_PATTERN_BYTES, Category, TestPattern, stable_id
from ...schema.redaction.redaction import holds_secrets
from ..quality.code_measures import measure_node
from ..quality.score import score_quality
from ..quality.scored_pattern import ScoredPattern, StorablePattern
from .code_facts import CodeFacts, CodeIndex, Import
from .context.context_reader import ContextReader, TestInContext
from .found_test import FoundTest
from .frameworks.framework_detection import DetectedFramework
from .labels.category_choice import CategoryChoice
from .labels.pattern_tags import collect_tags
from .pattern_code import PatternTemplate, render_example, render_template
from .pattern_names import describe, pattern_name, topic_of
from .placeholders.imported_parameters import imported_parameters
from .placeholders.parameter_names import defined_parameters
from .placeholders.placeholder_edits import LiteralSenses, placeholder_edits
from .source_file import ExtractionBudget, SourceFile

if TYPE_CHECKING:
    from ..text.syntax_tree import Grammar

__all__ = ["PatternIds", "build_patterns"]

# Bytes reserved for name, description and tags within the size limit of a pattern.
_RESERVED_BYTES = 4096
_ROOM = MAX_PATTERN_BYTES - _RESERVED_BYTES
_MAX_CONTEXT_BYTES = 64 * 1024
_TEXT = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_TABLE = re.compile(r"[\w.]*\.(?:each|for)\b")


class PatternIds:
    """Derives the ids of the tests of one file.

    Args:
        project: The name of the file's project in the bank.

    Attributes:
        earlier: For each id, the one that earlier versions derived for the same test.
    """

    def __init__(self, source: SourceFile, project: str) -> None:
        self.project = project
        self.earlier: dict[str, str] = {}
        self._place = (source.language, project, source.relative_path)
        self._earlier_place = (source.language, source.root.earlier_name, source.earlier_path)
        self._counts: Counter[tuple[str, ...]] = Counter()

    def next_id(self, *qualified: str) -> str:
        """Returns the id of the next test of this name: those of a file may share one."""
        number = str(self._counts[qualified])
        self._counts[qualified] += 1
        id = stable_id(*self._place, *qualified, number)
        is_same = self._place == self._earlier_place
        self.earlier[id] = id if is_same else stable_id(*self._earlier_place, *qualified, number)
        return id


def build_patterns(
    source: SourceFile,
    index: CodeIndex,
    grammar: Grammar,
    tests: Sequence[FoundTest],
    imports: tuple[Import, ...],
    detect_framework: Callable[[FoundTest, CodeFacts], DetectedFramework],
    budget: ExtractionBudget,
    ids: PatternIds,
) -> list[StorablePattern]:
    """Returns one pattern for each test of a file, in the order given, while the budget lasts.

    Args:
        index: The calls and names of the file.
        grammar: The grammar that it was parsed with.
        detect_framework: Returns the framework of a test.
    """
    code = source.code.decode("utf-8", "replace")
    imported = imported_parameters(source.path, code, imports, source.language)
    parameters = {**imported, **defined_parameters(code, source.language)}
    senses = LiteralSenses(source.language, parameters)
    patterns: list[StorablePattern] = []
    contexts = ContextReader(source, index.root, grammar, tests)
    choice = CategoryChoice(source, index, imports)
    now = datetime.now(UTC)
    for test in tests:
        if not budget.allows_test(len(patterns)):
            break
        facts = index.facts([test.node])
        detected = detect_framework(test, facts)
        placed = contexts.of(test)
        category = choice.category_of(placed, facts, detected.framework)
        pattern = _build(source, placed, senses, imports, facts, detected, category, ids, now)
        texts = (pattern.template, *pattern.examples, *(part.code for part in pattern.context))
        budget.add_pattern(sum(map(len, texts)))
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
    placed: TestInContext,
    senses: LiteralSenses,
    imports: tuple[Import, ...],
    facts: CodeFacts,
    detected: DetectedFramework,
    category: Category,
    ids: PatternIds,
    now: datetime,
) -> TestPattern:
    test = placed.test
    context = placed.parts if _bytes_of(placed.parts) <= _MAX_CONTEXT_BYTES else ()
    example, template = _code(source, test, senses, room=_ROOM - _bytes_of(context))
    topic = topic_of(source.relative_path)
    separator = language_named(source.language).separator
    return TestPattern(
        id=ids.next_id(*test.chain, test.title),
        project=ids.project,
        name=pattern_name(test.chain, test.title, separator=separator),
        description=describe(test.chain, test.title, test.doc, topic),
        category=category,
        framework=detected.framework,
        language=source.language,
        template=template.text,
        placeholders=template.placeholders,
        examples=(example,) if example else (),
        context=context,
        tags=collect_tags(test, facts, imports, topic, source.language),
        confidence=detected.certainty,
        source=f"{source.relative_path}:{source.line_number(test.node.start_point[0])}",
        created_at=now,
        updated_at=now,
    )


def _bytes_of(parts: Iterable[ContextPart]) -> int:
    return sum(len(text.encode()) for part in parts for text in (part.name, part.code, part.origin))


def _code(
    source: SourceFile, test: FoundTest, senses: LiteralSenses, *, room: int
) -> tuple[str, PatternTemplate]:
    """Returns example and template, together within the size limit of a pattern."""
    shown = [member for layer in test.layers for member in layer.members] + [test.node]
    keep = [node for node in (test.title_node, test.doc_node) if node is not None]
    edits = placeholder_edits(shown, keep, senses, outside=_opening_texts(source, test))
    example, template = render_example(source, test), render_template(source, test, edits)
    size = template.size
    if size > room:
        return "", _cut(render_template(source, test, ()), room)
    return (example if len(example.encode()) + size <= room else ""), template


def _cut(template: PatternTemplate, room: int) -> PatternTemplate:
    """Returns as many whole lines of a template without placeholders as fit."""
    text = template.text.encode()[:room].decode("utf-8", "ignore")
    return PatternTemplate(text[: text.rfind("\n") + 1] or text, ())


def _opening_texts(source: SourceFile, test: FoundTest) -> str:
    """Returns the texts in the decorators and tables of the classes or blocks around a test.

    Those in the titles of blocks are left out: they say what the tests are about.
    """
    openings = (layer.opening for layer in test.layers if layer.opening is not None)
    codes = (source.text(opening.start, opening.end) for opening in openings)
    with_texts = (code for code in codes if source.language == "python" or _TABLE.match(code))
    return "\n".join(text for code in with_texts for text in _TEXT.findall(code))
