"""Derives the category and tags of a test from its code."""

from __future__ import annotations

import re

from ...schema.frameworks.declarations import declarations, language_named
from ...schema.records.patterns import MAX_TAG_CHARS, MAX_TAGS, Category, Framework, Language
from .code_facts import CodeFacts, Import
from .found_test import FoundTest
from .pattern_names import words_of

__all__ = ["categorize", "collect_tags"]

_BROWSER_CALLS = re.compile(r"(?:page|browser|driver|webdriver|cy)\.|sync_playwright|puppeteer\.")
_BROWSER_FIXTURES = frozenset({"page", "browser", "browser_context", "driver", "selenium"})
_BROWSER_MODULES = re.compile(
    r"(?:playwright|selenium|splinter|puppeteer|webdriverio|testcafe|nightwatch|@playwright)\b"
)
_TIMING_CALLS = re.compile(
    r"(?:timeit|benchmark|time\.perf_counter|perf_counter|performance\.now)\b"
)
_TIMING_WORDS = re.compile(r"\b(?:benchmarks?|performance|throughput|latency|scalability)\b")
_SECURITY_WORDS = re.compile(
    r"\b(?:csrf|xsrf|xss|ssrf|injection|sanitiz\w+|sanitis\w+|unauthori[sz]ed|unauthenticated"
    r"|authenticat\w+|authori[sz]ation|forbidden|vulnerab\w+|traversal|cve|jwt|oauth\w*|password"
    r"|passwords|login|logout|permissions?|privileges?|malicious|redos|prototype pollution|secrets?"
    r"|tampered|security)\b"
)
_OUTSIDE_CALLS = re.compile(
    r"(?:requests|httpx|urllib|aiohttp|subprocess|socket|sqlite3|psycopg\w*|shutil|tempfile|axios|fs"
    r"|fsp|child_process|http|https|net|supertest|nock|mongoose)\."
    r"|(?:open|fetch|execa|exec|spawn|spawnSync|execSync|readFileSync|writeFileSync|mkdtemp\w*"
    r"|supertest|request|create_engine|TestClient|NamedTemporaryFile|TemporaryDirectory|temppath"
    r"|tempdir|createServer|check_output|run_subprocess)\Z"
)
_OUTSIDE_FIXTURES = re.compile(
    r"(?:tmp_?path|tmp_?dir|.*(?:^|_)(?:db|database|client|server|httpbin|session|connection|engine)"
    r"(?:_|$))"
)
_MOCK_CALLS = re.compile(
    r"(?:(?:mock|mocker|monkeypatch|sinon|jasmine)\.|(?:jest|vi)\.(?:fn|mock|spyOn|doMock|mocked)\b"
    r"|(?:Async|Magic)?Mock\Z|patch(?:\.|\Z)|spyOn\Z)"
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
_TIMER_CALLS = re.compile(
    r"(?:jest|vi)\.(?:useFakeTimers|advanceTimers\w*)|.*\.useFakeTimers|freeze_time"
)
_PROPERTY_CALLS = re.compile(r"(?:hypothesis\.)?given\Z|fc\.(?:assert|property)")

_TEST_MODULES = re.compile(
    r"(?:pytest|_pytest|unittest|mock|hypothesis|nose|vitest|mocha|chai|sinon\S*|ava|jest|cypress"
    r"|jasmine\S*|@jest/|@playwright/|@testing-library/|@vitest/|@types/|node:|__future__|typing\b)"
)
_MAX_MODULE_TAGS = 6


def categorize(
    test: FoundTest, facts: CodeFacts, imports: tuple[Import, ...], framework: Framework
) -> Category:
    """Returns the first of e2e, performance, security and integration that applies, or unit."""
    words = words_of(" ".join((*test.chain, test.title)))
    if _is_e2e(test, facts, imports, framework):
        return "e2e"
    marks = set(test.scope_marks)
    if "benchmark" in {*test.fixtures, *marks} or _TIMING_WORDS.search(words):
        return "performance"
    if facts.calls_any(_TIMING_CALLS):
        return "performance"
    if _SECURITY_WORDS.search(f"{words} {test.doc.lower()}") or "security" in marks:
        return "security"
    outside = facts.calls_any(_OUTSIDE_CALLS) or any(map(_OUTSIDE_FIXTURES.match, test.fixtures))
    return "integration" if outside or marks & {"integration", "network", "django_db"} else "unit"


def collect_tags(
    test: FoundTest, facts: CodeFacts, imports: tuple[Import, ...], language: Language
) -> tuple[str, ...]:
    """Returns up to 32 tags: its marks, kinds of check, fixtures and modules used."""
    tags = sorted(test.marks)
    for tag, pattern in (
        ("raises", _RAISES_CALLS),
        ("warns", _WARNS_CALLS),
        ("mock", _MOCK_CALLS),
        ("snapshot", _SNAPSHOT_CALLS),
        ("approximate", _APPROXIMATE_CALLS),
        ("fake-timers", _TIMER_CALLS),
        ("property-based", _PROPERTY_CALLS),
    ):
        if facts.calls_any(pattern):
            tags.append(tag)
    if "monkeypatch" in test.fixtures or "mocker" in test.fixtures:
        tags.append("mock")
    tags += [f"fixture:{name}" for name in test.fixtures]
    tags += [f"mark:{name}" for name in test.scope_marks if name not in {"parametrize", "asyncio"}]
    tags += [f"module:{name}" for name in _modules_used(facts, imports, language)]
    short = (tag for tag in tags if len(tag) <= MAX_TAG_CHARS)
    return tuple(dict.fromkeys(short))[:MAX_TAGS]


def _is_e2e(
    test: FoundTest, facts: CodeFacts, imports: tuple[Import, ...], framework: Framework
) -> bool:
    if declarations().framework(framework).category == "e2e":
        return True
    if not facts.calls_any(_BROWSER_CALLS):
        return False
    return bool(_BROWSER_FIXTURES & set(test.fixtures)) or any(
        _BROWSER_MODULES.match(imported.module) for imported in imports
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
