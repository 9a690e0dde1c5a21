"""Scores the quality of a pattern: five components in 0..1, their mean, and reasons.

The components are means of measures of the syntax tree, and of name, description and tags:

    readability    short lines, few statements, flat nesting, few bare numbers, a meaningful name
    completeness   a description of its own, something done, something asserted (better: more than
                   once), both a template and a real example
    specificity    assertions that state a value rather than mere truth, a name with content words,
                   one focus, tags
    reusability    a useful number of placeholders with meaningful names, few names defined
                   elsewhere, no dependence on time, randomness or one machine, fixtures or
                   parameters
    success        share of recorded uses that succeeded; left out while the pattern is unused

Every measure is a share or a linear ramp between two fixed ends, so that a score is continuous and
can be explained.
"""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from ...schema.frameworks.declarations import language_named
from ...schema.records.patterns import TestPattern
from .code_measures import PLACEHOLDER, CodeMeasures, measure_code

__all__ = ["QualityScore", "score_quality"]

# Ramps: full score up to the first value, zero from the second. Measured on 20,586 Python tests
# (numpy, networkx, scikit-learn, scipy's stats and optimize) and 11,416 JavaScript and TypeScript
# tests (express, chai, zod, got, immer, vue core, axios, jasmine); after each ramp the median and
# 99th percentile of Python | JavaScript.
_STATEMENTS = (6, 40)  # 6, 42 | 6, 37
_NESTING = (0, 4)  # 0, 3 | 0, 1
_NUMBERS_PER_STATEMENT = (0.25, 4)  # 0.4, 8.6 | 0, 1
_FOCUS_ASSERTIONS = (4, 20)  # 2, 19 | 2, 18
_PLACEHOLDERS = (5, 20)  # 3, 18 | 3, 17
_FREE_NAMES = (3, 20)  # 7, 27 | 2, 9

_WORD = re.compile(r"[a-z0-9]+")
# Not ``WORD_BOUNDARY``: banks store qualities that count ``SVDSolver`` as one word.
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VAGUE_WORDS_TEXT = (
    "a an and are bar basic be case cases do does foo for general in is it misc of on should"
    " simple simply some test tests the thing things to various with work works"
)
_VAGUE_WORDS = frozenset(_VAGUE_WORDS_TEXT.split())
_VAGUE_PLACEHOLDER = re.compile(
    r"(?:value|values|text|number|string|arg|data|x|y|z)(?:_\d+)?\Z|.*_arg(?:_\d+)?\Z|.*_\d+\Z"
)
_KNOWN_NAMES_TEXT = (
    "Array Date Error JSON Map Math Number Object Promise Set String Symbol after afterAll"
    " afterEach assert before beforeAll beforeEach cls console context cy describe document"
    " expect it jest module np page process pytest require self sinon t test undefined vi"
    " window"
)
# Banks store qualities for which these are known in every language; others are declared.
_KNOWN_NAMES = frozenset(dir(builtins)) | frozenset(_KNOWN_NAMES_TEXT.split())


@dataclass(frozen=True, slots=True)
class QualityScore:
    """The components in 0..1, their mean, and the reasons for low ones.

    ``success`` is None for an unused pattern; ``total`` is then the mean of the others.
    """

    readability: float
    completeness: float
    specificity: float
    reusability: float
    success: float | None
    total: float
    reasons: tuple[str, ...]


def score_quality(pattern: TestPattern, *, measures: CodeMeasures | None = None) -> QualityScore:
    """Returns the quality of a pattern, a pure function of its content and counters.

    Args:
        pattern: Its first example is scored, or its template if it has none.
        measures: The measures of that code, if known. Default: the code is parsed.
    """
    if measures is None:
        code = pattern.examples[0] if pattern.examples else pattern.template
        measures = measure_code(code, pattern.language, pattern.framework)
    reasons: list[str] = []
    components = (
        _readability(pattern, measures, reasons),
        _completeness(pattern, measures, reasons),
        _specificity(pattern, measures, reasons),
        _reusability(pattern, measures, reasons),
    )
    success = pattern.success_rate
    total = fmean(components if success is None else (*components, success))
    readability, completeness, specificity, reusability = (
        round(component, 4) for component in components
    )
    return QualityScore(
        readability=readability,
        completeness=completeness,
        specificity=specificity,
        reusability=reusability,
        success=success,
        total=round(total, 4),
        reasons=tuple(reasons),
    )


def _readability(pattern: TestPattern, measures: CodeMeasures, reasons: list[str]) -> float:
    name_words = len(_words(pattern.name))
    naming = _ramp(name_words, (12, 30)) * min(1.0, name_words / 3)
    if not measures.lines:  # prose: only the length of its sentences counts
        sentences = [s for s in re.split(r"[.!?\n]+", pattern.description) if s.strip()]
        longest = max((len(sentence.split()) for sentence in sentences), default=0)
        return fmean((naming, _ramp(longest, (25, 60))))
    if measures.statements > _STATEMENTS[1]:
        reasons.append(f"long: {measures.statements} statements")
    if measures.nesting > 2:
        reasons.append(f"nested {measures.nesting} deep")
    per_statement = measures.numbers / max(1, measures.statements)
    if per_statement > 2:
        reasons.append(f"{measures.numbers} unexplained numbers")
    return fmean(
        (
            1 - measures.long_lines / measures.lines,
            _ramp(measures.statements, _STATEMENTS),
            _ramp(measures.nesting, _NESTING),
            _ramp(per_statement, _NUMBERS_PER_STATEMENT),
            naming,
        )
    )


def _completeness(pattern: TestPattern, measures: CodeMeasures, reasons: list[str]) -> float:
    own_words = set(_words(pattern.description)) - set(_words(pattern.name))
    content_words = set(_words(pattern.description)) - _VAGUE_WORDS
    # A title that is a sentence counts as a description, though for less than a separate one.
    described = 1.0 if len(own_words) >= 3 else min(0.75, len(content_words) / 8)
    if described < 0.5:
        reasons.append("no description beyond its name")
    if not measures.assertions:
        reasons.append("asserts nothing")
    asserted = (0.0, 0.7)[measures.assertions] if measures.assertions < 2 else 1.0
    acting = 1.0 if measures.calls > measures.assertions else 0.5 if measures.calls else 0.0
    shown = (bool(pattern.template.strip()) + bool(pattern.examples)) / 2
    # Assertions are the point of a test: they weigh as much as the rest of its code.
    return fmean((described, asserted, asserted, acting, shown))


def _specificity(pattern: TestPattern, measures: CodeMeasures, reasons: list[str]) -> float:
    content = set(_words(pattern.name)) - _VAGUE_WORDS
    naming = min(1.0, len(content) / 4)
    if len(content) < 2:
        reasons.append("a name that says little")
    exact = min(1.0, measures.exact_assertions / max(1, measures.assertions))
    if measures.assertions and exact < 0.5:
        reasons.append("most assertions state no exact value")
    focus = _ramp(measures.assertions, _FOCUS_ASSERTIONS) if measures.assertions else 0.0
    if measures.assertions > _FOCUS_ASSERTIONS[1]:
        reasons.append(f"no single focus: {measures.assertions} assertions")
    return fmean((naming, exact, focus, min(1.0, len(pattern.tags) / 4)))


def _reusability(pattern: TestPattern, measures: CodeMeasures, reasons: list[str]) -> float:
    if not pattern.template.strip():
        reasons.append("no template")
        return 0.25  # an idea can be reused, but has to be written first
    names = set(PLACEHOLDER.findall(pattern.template))
    telling = {name for name in names if not _VAGUE_PLACEHOLDER.match(name)}
    if names:
        reasons.append(f"{len(names)} placeholders, {len(telling)} with telling names")
    filling = _ramp(len(names), _PLACEHOLDERS) if names else 0.5
    naming = len(telling) / len(names) if names else 0.5
    known = language_named(pattern.language).known_names
    free = measures.used - measures.defined - _KNOWN_NAMES - known
    if len(free) > _FREE_NAMES[1]:
        reasons.append(f"{len(free)} names come from elsewhere")
    if measures.unsteady:
        reasons.append("depends on time, randomness or one machine")
    varied = 1.0 if "parametrized" in pattern.tags else 0.5
    varied = max(varied, 0.8 if any(tag.startswith("fixture:") for tag in pattern.tags) else 0.0)
    return fmean(
        (
            filling,
            naming,
            _ramp(len(free), _FREE_NAMES),
            1 / (1 + measures.unsteady),
            0.0 if "skipped" in pattern.tags else varied,
        )
    )


def _ramp(value: float, ends: tuple[float, float]) -> float:
    """Returns 1 up to the first end, 0 from the second on, linear between."""
    low, high = ends
    return min(1.0, max(0.0, (high - value) / (high - low)))


@lru_cache(maxsize=16)  # each component reads the words of the name or the description
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(_WORD_START.sub(" ", text).replace("_", " ").lower()))
