"""Derives the tags of a test from its code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ....schema.frameworks.declarations import Declarations, declarations
from ....schema.records.patterns import MAX_TAG_CHARS, MAX_TAGS, Language
from ..code_facts import CodeFacts, Import
from ..found_test import FoundTest

__all__ = ["collect_tags"]

# What is called in each kind of check in any framework, in the order of the tags.
_CHECKS: Final = {
    "raises": (
        r"(?:.*\.)?(?:raises|assertRaises\w*|assert_raises\w*|toThrow\w*|rejects?\b.*|throws\w*"
        r"|rejectedWith)\Z|.*\.rejects\."
    ),
    "warns": r"(?:.*\.)?(?:warns|assertWarns\w*|assert_warns|deprecated_call)\Z",
    "mock": (
        r"(?:(?:mock|mocker|monkeypatch|sinon)\.|(?:Async|Magic)?Mock\Z|patch(?:\.|\Z)|spyOn\Z)"
    ),
    "snapshot": r".*(?:toMatch\w*Snapshot|toHaveScreenshot|\.snapshot)\Z",
    "approximate": (
        r"(?:.*\.)?(?:approx|allclose|isclose|assert_allclose|assert_(?:array_)?almost_equal\w*"
        r"|assertAlmostEqual|toBeCloseTo|closeTo)\Z"
    ),
    "fake-timers": r".*\.useFakeTimers|freeze_time",
    "property-based": r"(?:hypothesis\.)?given\Z|fc\.(?:assert|property)",
}

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
    known = declarations()
    checks: set[str] = set()
    for call in set(facts.calls):
        checks |= _checks_of(call, language, known)
    tags = [*sorted(test.marks), *(check for check in _CHECKS if check in checks)]
    if "monkeypatch" in test.fixtures or "mocker" in test.fixtures:
        tags.append("mock")
    if topic:
        tags.append(_topic_tag(topic))
    tags += [f"fixture:{name}" for name in test.fixtures]
    tags += [f"mark:{name}" for name in test.scope_marks if name not in {"parametrize", "asyncio"}]
    tags += [f"module:{name}" for name in _modules_used(facts, imports, language)]
    short = (tag for tag in tags if len(tag) <= MAX_TAG_CHARS)
    return tuple(dict.fromkeys(short))[:MAX_TAGS]


@lru_cache(maxsize=4_096)
def _checks_of(call: str, language: Language, known: Declarations) -> frozenset[str]:
    """Returns the kinds of check that a call is part of; a suite calls few functions often."""
    checks = _checks(language, known)
    return frozenset(check for check, pattern in checks.items() if pattern.match(call))


@lru_cache(maxsize=64)
def _checks(language: Language, known: Declarations) -> Mapping[str, re.Pattern[str]]:
    """Returns what is called in each kind of check, by all frameworks of a language."""
    frameworks = known.frameworks_of(language)
    declared = {
        "mock": [each.mocking_calls for each in frameworks],
        "fake-timers": [each.timer_calls for each in frameworks],
    }
    return {
        check: re.compile("|".join(filter(None, [common, *declared.get(check, ())])))
        for check, common in _CHECKS.items()
    }


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
    declared = declarations()
    used: dict[str, None] = {}
    for imported in imports:
        module = imported.module
        if (
            imported.alias in facts.names
            and module not in used
            and _is_subject(module, language, declared)
        ):
            used[module.lstrip("./") or imported.alias] = None
    return list(used)[:_MAX_MODULE_TAGS]


@lru_cache(maxsize=1_024)
def _is_subject(module: str, language: Language, declared: Declarations) -> bool:
    """Returns whether an imported module is neither the language's own nor one for tests."""
    if declared.language(language).is_standard(module) or _TEST_MODULES.match(module):
        return False
    return not any(each.serves_tests(module) for each in declared.frameworks_of(language))
