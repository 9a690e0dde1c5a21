"""Measures test code for the quality score: counts of statements, assertions, names and more."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ...schema.frameworks.declarations import (
    declarations,
    language_named,
    node_fields,
    node_types,
)
from ...schema.records.patterns import Framework, Language
from ..text.syntax_tree import CALL_TYPES, NUMBER_TYPES, Grammar, callee_of, node_text, parse

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["PLACEHOLDER", "CodeMeasures", "measure_code", "measure_node"]

# A placeholder in a template: ``{{user_name}}``.
PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")

# Type arguments in angle brackets: the TypeScript grammar parses them, the one with JSX may not.
_ANGLE_TYPE = re.compile(r"(?<![\w$)\]>])<(?![=<])")

_MAX_LINE_CHARS = 100
_ASSERTING = re.compile(
    r"_*(?:assert|should|raises\Z|warns\Z|deprecated_call\Z|fail\Z|verify\Z|check_)"
)
# An assertion helper of the suite: the values it compares are not visible, so it is not exact.
_OWN_CHECK = re.compile(r"(?:self|cls|this)\._*(?:check|verify|validate|compare|run|do)\w*\Z")
_EXPECT_CHAIN = re.compile(r"(?:await\s+)?expect\s*[(.<]")
_MAX_CALLEE_BYTES = 4000
_MAX_CALLEES = 2_048  # names of called functions whose meaning is kept
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

_PLAIN_NUMBERS = frozenset({"0", "1", "2", "0.0", "1.0"})
_BRANCHES = node_types("branches")
# Nodes that bind names, and the field that holds these ("" for the node itself).
_BINDING = node_fields("bindings")
_ASSERTIONS = node_types("assertions")
_PARTS = node_types("parts")
_COMPARISONS = node_types("comparisons")
_STATEMENT_ENDINGS = ("_statement", "_declaration")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(slots=True)
class CodeMeasures:
    """Counts of some code, and the names that it uses and defines.

    Attributes:
        nesting: Depth of nested branches, loops and blocks.
        numbers: Numbers other than 0, 1 and 2.
        exact_assertions: Assertions of a value, not of mere truth; can exceed ``assertions``.
        unsteady: Uses of time, randomness or machine-specific paths.
    """

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


def measure_code(code: str, language: Language, framework: Framework) -> CodeMeasures:
    """Returns the measures of some code, parsed alone; placeholders are parsed as names."""
    if not code.strip():
        return CodeMeasures()
    # Placeholders are where values are expected, so a name parses in their place.
    text = PLACEHOLDER.sub(r"placeholder_\1", code)
    tree = parse(text.encode("utf-8", "replace"), _grammar_of(language))
    measures = _measures(code, tree.root_node, framework)
    measures.defined |= {name for name in measures.used if name.startswith("placeholder_")}
    return measures


def measure_node(
    code: str, node: Node, grammar: Grammar, language: Language, framework: Framework
) -> CodeMeasures | None:
    """Returns the measures of a test from its node in the tree of its file.

    They equal those of ``measure_code``, without parsing the code again.

    Args:
        code: The text of the node, moved to the left margin.
        grammar: The grammar that the file was parsed with.

    Returns:
        None if the code alone would parse differently: it contains text like a placeholder, or is
        parsed with another grammar.
    """
    if PLACEHOLDER.search(code) or not _parses_alike(code, grammar, _grammar_of(language)):
        return None
    measures = _measures(code, node, framework)
    measures.statements += node.type in CALL_TYPES  # a call alone is a statement
    return measures


def _grammar_of(language: Language) -> Grammar:
    return language_named(language).measured_grammar


def _parses_alike(code: str, grammar: Grammar, other: Grammar) -> bool:
    return grammar == other or (
        {grammar, other} == {"typescript", "tsx"} and not _ANGLE_TYPE.search(code)
    )


def _measures(code: str, root: Node, framework: Framework) -> CodeMeasures:
    lines = [line for line in code.split("\n") if line.strip()]
    measures = CodeMeasures(
        lines=len(lines),
        long_lines=sum(len(line) > _MAX_LINE_CHARS for line in lines),
        unsteady=len(_MACHINE_PATH.findall(code)),
    )
    _count(root, measures, framework)
    return measures


class _OwnAssertions(NamedTuple):
    """How a framework's own calls assert, and which of them state a value."""

    asserting: re.Pattern[str]
    exact: re.Pattern[str]


@lru_cache(maxsize=64)
def _own_assertions(framework: Framework) -> _OwnAssertions:
    declared = declarations().framework(framework)
    return _OwnAssertions(
        re.compile(declared.asserting_calls or r"(?!)"), re.compile(declared.exact_calls or r"(?!)")
    )


class _TypeRoles(NamedTuple):
    """What the nodes of a type are to the measures."""

    is_call: bool
    is_number: bool
    is_binding: bool
    is_statement: bool
    is_assertion: bool
    is_branch: bool


@cache
def _roles_of(kind: str) -> _TypeRoles | None:
    """Returns the roles of a node type; None if it has none, as most."""
    is_statement = kind.endswith(_STATEMENT_ENDINGS) and kind not in _PARTS
    roles = _TypeRoles(
        is_call=kind in CALL_TYPES,
        is_number=kind in NUMBER_TYPES,
        is_binding=kind in _BINDING,
        is_statement=is_statement,
        is_assertion=is_statement and kind in _ASSERTIONS,
        is_branch=kind in _BRANCHES,
    )
    return roles if any(roles) else None


def _count(root: Node, measures: CodeMeasures, framework: Framework) -> None:
    """Adds the counts of the nodes below a node, level by level."""
    levels = [([root], 0)]
    used: set[bytes | None] = set()
    while levels:
        stack, depth = levels.pop()
        measures.nesting = max(measures.nesting, depth)
        while stack:
            node = stack.pop()
            kind = node.type
            if kind == "identifier":
                used.add(node.text)
                continue
            roles = _roles_of(kind)
            if roles is None:
                stack += node.named_children
                continue
            if roles.is_call:
                _count_call(node, measures, framework)
            elif roles.is_number:
                measures.numbers += node_text(node) not in _PLAIN_NUMBERS
                continue
            elif roles.is_binding:
                _note_definition(node, measures)
            if roles.is_statement:
                measures.statements += 1
                if roles.is_assertion:
                    measures.assertions += 1
                    measures.exact_assertions += _states_value(node)
            if roles.is_branch:
                levels.append((node.named_children, depth + 1))
            else:
                stack += node.named_children
    measures.used |= {(name or b"").decode("utf-8", "replace") for name in used}


class _CallCounts(NamedTuple):
    """What a call adds to the measures."""

    assertions: int
    exact_assertions: int
    unsteady: bool


def _count_call(node: Node, measures: CodeMeasures, framework: Framework) -> None:
    callee = callee_of(node)
    if callee is None:
        return
    measures.calls += 1
    # A chain can be as long as the test; its two ends decide.
    name = node_text(callee) if callee.end_byte - callee.start_byte < _MAX_CALLEE_BYTES else ""
    counts = _call_counts(name, framework)
    measures.assertions += counts.assertions
    measures.exact_assertions += counts.exact_assertions
    measures.unsteady += counts.unsteady


@lru_cache(maxsize=_MAX_CALLEES)
def _call_counts(name: str, framework: Framework) -> _CallCounts:
    """Returns what a call of a name adds; a suite calls few names often."""
    own = _own_assertions(framework)
    last = name.rpartition(".")[2]
    is_unsteady = bool(_UNSTEADY.match(name))
    if _EXPECT_CHAIN.match(name):  # expect(x).toBe(1): `expect` counts, its matcher is exact or not
        return _CallCounts(0, bool(_EXACT.match(last)), is_unsteady)
    if name == "expect":
        return _CallCounts(1, 0, is_unsteady)
    if last == "expect":  # supertest: request(app).get("/").expect(200)
        return _CallCounts(1, 1, is_unsteady)
    if own.asserting.match(name) or _is_asserting(name, last):
        is_exact = bool(_EXACT.match(last) or own.exact.match(name))
        return _CallCounts(1, is_exact, is_unsteady)
    # assertThat(x).isEqualTo(1)
    return _CallCounts(0, bool(own.exact.match(name)), is_unsteady)


def _is_asserting(name: str, last: str) -> bool:
    if ".should." in name:
        return True
    return bool(_ASSERTING.match(last) or _ASSERTING.match(name) or _OWN_CHECK.match(name))


def _states_value(statement: Node) -> bool:
    """Returns whether an ``assert`` compares values rather than testing mere truth."""
    condition = statement.named_children[0] if statement.named_child_count else None
    return condition is not None and condition.type in _COMPARISONS


def _note_definition(node: Node, measures: CodeMeasures) -> None:
    """Adds the names that a node binds: parameters, targets of assignments and loops, imports."""
    part = _BINDING[node.type]
    target = node.child_by_field_name(part) if part else node
    if target is not None:
        measures.defined.update(_NAME.findall(node_text(target)))
