"""Quality of a pattern: five components in 0..1, their mean, and the reasons in words.

The components are means of plain measures of the syntax tree (and of the words around it):

    readability    short lines, few statements, flat nesting, few bare numbers, a telling name
    completeness   a description of its own, something done, something asserted (better: more than
                   once), both a template and a real example
    specificity    assertions that state a value rather than mere truth, a name with content words,
                   one focus, evidence in tags
    reusability    placeholders in a useful number and with telling names, few names that come from
                   elsewhere, no dependence on time, chance or one machine, fixtures or parameters
    success        share of recorded uses that succeeded; left out while nobody has used it

Every measure is a share or a linear ramp between two written-down ends, so a score can be explained
and never jumps.
"""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from ..schema.patterns import TestPattern
from .syntax import Grammar, parse

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["QualityScore", "score_quality"]

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")

_MAX_LINE_CHARS = 100
# Ramps: full score up to the first value, none from the second on. Set on the test suites of numpy,
# scipy, scikit-learn and networkx so that the first is near their median and the second near their
# 99th percentile.
_STATEMENTS = (6, 40)
_NESTING = (0, 4)
_NUMBERS_PER_STATEMENT = (0.25, 4)
_FOCUS_ASSERTIONS = (4, 20)
_PLACEHOLDERS = (5, 25)
_FREE_NAMES = (2, 10)

_VAGUE_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "bar",
        "basic",
        "be",
        "case",
        "cases",
        "do",
        "does",
        "foo",
        "for",
        "general",
        "in",
        "is",
        "it",
        "misc",
        "of",
        "on",
        "should",
        "simple",
        "simply",
        "some",
        "test",
        "tests",
        "the",
        "thing",
        "things",
        "to",
        "various",
        "with",
        "work",
        "works",
    ]
)
_VAGUE_PLACEHOLDER = re.compile(
    r"(?:value|values|text|number|string|arg|data|x|y|z)(?:_\d+)?\Z|.*_arg(?:_\d+)?\Z|.*_\d+\Z"
)

_ASSERTING = re.compile(
    r"_*(?:assert|should|raises\Z|warns\Z|deprecated_call\Z|fail\Z|verify\Z|check_)"
)
# A check that the suite wrote for itself: what stands behind it is not seen, so it is not exact.
_OWN_CHECK = re.compile(r"(?:self|cls|this)\._*(?:check|verify|validate|compare|run|do)\w*\Z")
_EXPECT_CHAIN = re.compile(r"(?:await\s+)?expect\s*[(.<]")
_MAX_CALLEE_BYTES = 4000
_AVA_ASSERTING = re.compile(
    r"(?:is|not|deepEqual|notDeepEqual|true|false|truthy|falsy|throws|throwsAsync|notThrows"
    r"|regex|like|snapshot|assert|pass|fail)\Z"
)
_EXACT = re.compile(
    r"(?:assert_?(?:array_|string_)?(?:equal|almost_equal|allclose|raises_?regex|dict_?equal|list_?equal"
    r"|count_?equal|raises|in|is|true_equal|frame_equal|series_equal|index_equal)\w*"
    r"|assert(?:Equal|AlmostEqual|DictEqual|ListEqual|SetEqual|TupleEqual|CountEqual|Raises|RaisesRegex"
    r"|In|Is|Regex|SequenceEqual|MultiLineEqual)"
    r"|to(?:Be|Equal|StrictEqual|MatchObject|HaveBeenCalledWith|HaveBeenNthCalledWith|Contain\w*"
    r"|HaveLength|HaveProperty|BeCloseTo|Throw\w*|Match\w*|HaveText|HaveURL|HaveBeenCalledTimes"
    r"|BeGreaterThan\w*|BeLessThan\w*)"
    r"|equals?|eql|deepEqual|strictEqual|deepStrictEqual|is|like|regex|throws\w*|include\w*|property"
    r"|lengthOf|calledWith|raises|warns|approx|match)\Z"
)
_UNSTEADY = re.compile(
    r"(?:.*\.)?(?:sleep|setTimeout|waitForTimeout|getenv)\Z|time\.time\Z|datetime\.now\Z|Date\.now\Z"
    r"|Math\.random\Z|random\.(?:random|randint|choice)\Z|np\.random\.(?:rand|randn|random)\Z"
)
_MACHINE_PATH = re.compile(r"[\"'`](?:/(?:home|Users|tmp|var|usr)/|[A-Z]:\\)")

_CALLS = frozenset({"call", "call_expression", "new_expression"})
_NUMBERS = frozenset({"integer", "float", "number"})
_PLAIN_NUMBERS = frozenset({"0", "1", "2", "0.0", "1.0"})
_BRANCHES = frozenset(
    {
        "do_statement",
        "for_in_statement",
        "for_statement",
        "if_statement",
        "switch_statement",
        "try_statement",
        "while_statement",
        "with_statement",
    }
)
# Nodes that bind names, and the field that holds these ("" for the node itself).
_BINDING = {
    "arrow_function": "parameter",
    "as_pattern_target": "",
    "assignment": "left",
    "class_declaration": "name",
    "class_definition": "name",
    "for_in_clause": "left",
    "for_statement": "left",
    "formal_parameters": "",
    "function_declaration": "name",
    "function_definition": "name",
    "lambda_parameters": "",
    "parameters": "",
    "variable_declarator": "name",
}
_STATEMENT_ENDINGS = ("_statement", "_declaration")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_KNOWN_NAMES = frozenset(dir(builtins)) | frozenset(
    [
        "Array",
        "Date",
        "Error",
        "JSON",
        "Map",
        "Math",
        "Number",
        "Object",
        "Promise",
        "Set",
        "String",
        "Symbol",
        "after",
        "afterAll",
        "afterEach",
        "assert",
        "before",
        "beforeAll",
        "beforeEach",
        "cls",
        "console",
        "context",
        "cy",
        "describe",
        "document",
        "expect",
        "it",
        "jest",
        "module",
        "np",
        "page",
        "process",
        "pytest",
        "require",
        "self",
        "sinon",
        "t",
        "test",
        "undefined",
        "vi",
        "window",
    ]
)


@dataclass(frozen=True, slots=True)
class QualityScore:
    """The components in 0..1, their mean, and what moved them.

    ``success`` is None while nobody has used the pattern; ``total`` is then the mean of the others.
    """

    readability: float
    completeness: float
    specificity: float
    reusability: float
    success: float | None
    total: float
    reasons: tuple[str, ...]


@dataclass(slots=True)
class _Measures:
    """What is counted in the code."""

    lines: int = 0
    long_lines: int = 0
    statements: int = 0
    nesting: int = 0
    numbers: int = 0
    calls: int = 0
    assertions: int = 0
    exact_assertions: int = 0
    unsteady: int = 0
    used: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)


def score_quality(pattern: TestPattern) -> QualityScore:
    """Returns the quality of a pattern: pure, the same for the same content and usage."""
    code = pattern.examples[0] if pattern.examples else pattern.template
    measures = _measure(code, pattern)
    reasons: list[str] = []
    components = (
        _readability(pattern, measures, reasons),
        _completeness(pattern, measures, reasons),
        _specificity(pattern, measures, reasons),
        _reusability(pattern, measures, reasons),
    )
    success = pattern.success_rate if pattern.usage_count else None
    total = fmean(components if success is None else (*components, success))
    readability, completeness, specificity, reusability = (round(each, 4) for each in components)
    return QualityScore(
        readability=readability,
        completeness=completeness,
        specificity=specificity,
        reusability=reusability,
        success=success,
        total=round(total, 4),
        reasons=tuple(reasons),
    )


def _readability(pattern: TestPattern, measures: _Measures, reasons: list[str]) -> float:
    name_words = len(_words(pattern.name))
    naming = _ramp(name_words, (12, 30)) * min(1.0, name_words / 3)
    if not measures.lines:  # prose: short sentences are all that can be read
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


def _completeness(pattern: TestPattern, measures: _Measures, reasons: list[str]) -> float:
    own_words = set(_words(pattern.description)) - set(_words(pattern.name))
    content_words = set(_words(pattern.description)) - _VAGUE_WORDS
    # A title that is a sentence describes, though less than words beside it would.
    described = 1.0 if len(own_words) >= 3 else min(0.75, len(content_words) / 8)
    if described < 0.5:
        reasons.append("no description beyond its name")
    if not measures.assertions:
        reasons.append("asserts nothing")
    asserted = (0.0, 0.7)[measures.assertions] if measures.assertions < 2 else 1.0
    acting = 1.0 if measures.calls > measures.assertions else 0.5 if measures.calls else 0.0
    shown = (bool(pattern.template.strip()) + bool(pattern.examples)) / 2
    # What is asserted makes a test; it weighs as much as the rest of its code.
    return fmean((described, asserted, asserted, acting, shown))


def _specificity(pattern: TestPattern, measures: _Measures, reasons: list[str]) -> float:
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


def _reusability(pattern: TestPattern, measures: _Measures, reasons: list[str]) -> float:
    if not pattern.template.strip():
        reasons.append("no template")
        return 0.25  # an idea can be reused, but has to be written first
    names = set(_PLACEHOLDER.findall(pattern.template))
    telling = {name for name in names if not _VAGUE_PLACEHOLDER.match(name)}
    if names:
        reasons.append(f"{len(names)} placeholders, {len(telling)} with telling names")
    filling = _ramp(len(names), _PLACEHOLDERS) if names else 0.5
    naming = len(telling) / len(names) if names else 0.5
    free = measures.used - measures.defined - _KNOWN_NAMES
    if len(free) > _FREE_NAMES[1]:
        reasons.append(f"{len(free)} names come from elsewhere")
    if measures.unsteady:
        reasons.append("depends on time, chance or one machine")
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


def _words(text: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text.replace("_", " "))
    return re.findall(r"[a-z0-9]+", spaced.lower())


def _measure(code: str, pattern: TestPattern) -> _Measures:
    measures = _Measures()
    if not code.strip():
        return measures
    lines = [line for line in code.split("\n") if line.strip()]
    measures.lines = len(lines)
    measures.long_lines = sum(len(line) > _MAX_LINE_CHARS for line in lines)
    measures.unsteady = len(_MACHINE_PATH.findall(code))
    grammar: Grammar = "tsx" if pattern.language == "typescript" else pattern.language
    # A placeholder stands where a value may stand: a name there parses.
    root = parse(_PLACEHOLDER.sub(r"placeholder_\1", code).encode("utf-8", "replace"), grammar)
    _count(root.root_node, measures, ava=pattern.framework == "ava")
    measures.defined |= {name for name in measures.used if name.startswith("placeholder_")}
    return measures


def _count(root: Node, measures: _Measures, *, ava: bool) -> None:
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        kind = node.type
        if kind == "identifier":
            measures.used.add(_text(node))
            continue
        if kind in _CALLS:
            _count_call(node, measures, ava=ava)
        elif kind in _NUMBERS:
            measures.numbers += _text(node) not in _PLAIN_NUMBERS
        elif kind in _BINDING:
            _note_definition(node, measures)
        if kind in _BRANCHES:
            depth += 1
            measures.nesting = max(measures.nesting, depth)
        if kind.endswith(_STATEMENT_ENDINGS):
            measures.statements += 1
            if kind == "assert_statement":
                measures.assertions += 1
                measures.exact_assertions += _states_value(node)
        stack.extend([(child, depth) for child in reversed(node.named_children)])


def _count_call(node: Node, measures: _Measures, *, ava: bool) -> None:
    callee = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    if callee is None:
        return
    measures.calls += 1
    # A chain can be as long as the test; both of its ends are what tells.
    name = _text(callee) if callee.end_byte - callee.start_byte < _MAX_CALLEE_BYTES else ""
    last = name.rpartition(".")[2]
    measures.unsteady += bool(_UNSTEADY.match(name))
    if _EXPECT_CHAIN.match(name):  # expect(x).toBe(1): `expect` counts, its matcher says how exact
        measures.exact_assertions += bool(_EXACT.match(last))
    elif name == "expect":
        measures.assertions += 1
    elif last == "expect":  # supertest: request(app).get("/").expect(200)
        measures.assertions += 1
        measures.exact_assertions += 1
    elif _is_asserting(name, last, ava=ava):
        measures.assertions += 1
        measures.exact_assertions += bool(_EXACT.match(last))


def _is_asserting(name: str, last: str, *, ava: bool) -> bool:
    if ".should." in name:
        return True
    if ava and name.startswith("t."):
        return bool(_AVA_ASSERTING.match(last))
    return bool(_ASSERTING.match(last) or _ASSERTING.match(name) or _OWN_CHECK.match(name))


def _states_value(statement: Node) -> bool:
    """Whether an ``assert`` compares, rather than asking for mere truth."""
    condition = statement.named_children[0] if statement.named_child_count else None
    return condition is not None and condition.type == "comparison_operator"


def _note_definition(node: Node, measures: _Measures) -> None:
    """Notes the names that a node binds: parameters, targets of assignments and loops, imports."""
    part = _BINDING[node.type]
    target = node.child_by_field_name(part) if part else node
    if target is not None:
        measures.defined.update(_NAME.findall(_text(target)))


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
