"""Derives the tags of a test from its code."""

from __future__ import annotations

import re
from functools import lru_cache

from ....schema.frameworks.declarations import Declarations, declarations, language_named
from ....schema.records.patterns import MAX_TAG_CHARS, MAX_TAGS, Language
from ..code_facts import CodeFacts, Import
from ..found_test import FoundTest

__all__ = ["collect_tags"]

_MOCK_CALLS = re.compile(
    r"(?:(?:mock|mocker|monkeypatch|sinon)\.|(?:Async|Magic)?Mock\Z|patch(?:\.|\Z)|spyOn\Z)"
)
_RAISES_CALLS = re.compile(
    r"(?:.*\.)?(?:raises|assertRaises\w*|assert_raises\w*|toThrow\w*|rejects?\b.*|throws\w*"
    r"|rejectedWith)\Z|.*\.rejects\."
)
_WARNS_CALLS = re.compile(r"(?:.*\.)?(?:warns|assertWarns\w*|assert_warns|deprecated_call)\Z")
_SNAPSHOT_CALLS = re.compile(r".*(?:toMatch\w*Snapshot|toHaveScreenshot|\.snapshot)\Z")
_APPROXIMATE_CALLS = re.compile(
    r"(?:.*\.)?(?:approx|allclose|isclose|assert_allclose|assert_(?:array_)?almost_equal\w*"
    r"|assertAlmostEqual|toBeCloseTo|closeTo)\Z"
)
_TIMER_CALLS = re.compile(r".*\.useFakeTimers|freeze_time")
_PROPERTY_CALLS = re.compile(r"(?:hypothesis\.)?given\Z|fc\.(?:assert|property)")

_TEST_MODULES = re.compile(
    r"(?:pytest|_pytest|unittest|mock|hypothesis|nose|vitest|mocha|chai|sinon\S*|ava|jest|cypress"
    r"|jasmine\S*|@jest/|@playwright/|@testing-library/|@vitest/|@types/|node:|__future__|typing\b)"
)
_MAX_MODULE_TAGS = 6


def collect_tags(
    test: FoundTest,
    facts: CodeFacts,
    imports: tuple[Import, ...],
    topic: str,
    language: Language,
) -> tuple[str, ...]:
    """Returns up to 32 tags: its marks, kinds of check, topic, fixtures and modules used.

    Args:
        topic: The words of the file's name (``topic_of``).
    """
    tags = sorted(test.marks)
    for tag, pattern in (
        ("raises", _RAISES_CALLS),
        ("warns", _WARNS_CALLS),
        ("mock", _with_declared(_MOCK_CALLS, "mocking_calls", language, declarations())),
        ("snapshot", _SNAPSHOT_CALLS),
        ("approximate", _APPROXIMATE_CALLS),
        ("fake-timers", _with_declared(_TIMER_CALLS, "timer_calls", language, declarations())),
        ("property-based", _PROPERTY_CALLS),
    ):
        if facts.calls_any(pattern):
            tags.append(tag)
    if "monkeypatch" in test.fixtures or "mocker" in test.fixtures:
        tags.append("mock")
    if topic:
        tags.append(_topic_tag(topic))
    tags += [f"fixture:{name}" for name in test.fixtures]
    tags += [f"mark:{name}" for name in test.scope_marks if name not in {"parametrize", "asyncio"}]
    tags += [f"module:{name}" for name in _modules_used(facts, imports, language)]
    short = (tag for tag in tags if len(tag) <= MAX_TAG_CHARS)
    return tuple(dict.fromkeys(short))[:MAX_TAGS]


@lru_cache(maxsize=64)
def _with_declared(
    common: re.Pattern[str], field: str, language: Language, known: Declarations
) -> re.Pattern[str]:
    """Returns an expression that a language's frameworks extend by that in a field of theirs."""
    declared = [getattr(each, field) for each in known.frameworks_of(language)]
    return re.compile("|".join(filter(None, [common.pattern, *declared])))


def _topic_tag(topic: str) -> str:
    """Returns the words of a topic as one tag, cut after a word."""
    tag = f"topic:{topic.replace(' ', '-')}"
    return (
        tag
        if len(tag) <= MAX_TAG_CHARS
        else tag[:MAX_TAG_CHARS].rpartition("-")[0] or tag[:MAX_TAG_CHARS]
    )


def _modules_used(facts: CodeFacts, imports: tuple[Import, ...], language: Language) -> list[str]:
    """Returns the modules whose imported names the test uses, most likely those under test."""
    declared, frameworks = language_named(language), declarations().frameworks_of(language)
    used: dict[str, None] = {}
    for imported in imports:
        module = imported.module
        if imported.alias not in facts.names or module in used:
            continue
        if declared.is_standard(module) or _TEST_MODULES.match(module):
            continue
        if not any(each.serves_tests(module) for each in frameworks):
            used[module.lstrip("./") or imported.alias] = None
    return list(used)[:_MAX_MODULE_TAGS]
