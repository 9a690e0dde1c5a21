"""The name of a file tells the topic of its tests: in a tag, and before titles that say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.retrieval.extraction import extract_file
from aqe.schema import TestPattern


def _one(folder: Path, path: str, code: str) -> TestPattern:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"name": "sample"}')
    (folder / path).write_text(code)
    (pattern,) = extract_file(folder / path).patterns
    return pattern


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("tests/page-set-input-files.spec.ts", "topic:page-set-input-files"),
        ("src/retryPolicy.test.ts", "topic:retry-policy"),
        ("src/cart/index.test.ts", "topic:cart"),
        ("e2e/login.e2e-spec.ts", "topic:login"),
    ],
)
def test_extract_file_tags_a_test_with_the_words_of_its_file(
    tmp_path: Path, path: str, tag: str
) -> None:
    assert tag in _one(tmp_path, path, "it('adds one', () => { add(1); });").tags


def test_extract_file_cuts_a_long_topic_after_a_word(tmp_path: Path) -> None:
    code = "it('adds one', () => { add(1); });"
    long = _one(tmp_path, f"test/{'word-' * 15}end.test.ts", code)
    (tag,) = (tag for tag in long.tags if tag.startswith("topic:"))
    assert tag == "topic:" + "-".join(["word"] * 11)
    (tag,) = (t for t in _one(tmp_path, f"test/{'w' * 80}.test.ts", code).tags)
    assert tag == "topic:" + "w" * 58


def test_extract_file_gives_no_topic_where_no_name_tells_one(tmp_path: Path) -> None:
    pattern = _one(tmp_path, "test/index.test.ts", "it('works', () => { add(1); });")
    assert pattern.tags == ()
    assert pattern.description == "works"


@pytest.mark.parametrize(
    ("title", "description"),
    [
        ("should work", "page close: should work"),
        ("works correctly", "page close: works correctly"),
        ("renders without crashing", "page close: renders without crashing"),
        ("test 1", "page close: test 1"),
        ("renders the price", "renders the price"),
        ("should work with a timeout", "should work with a timeout"),
    ],
)
def test_extract_file_puts_the_topic_before_a_title_that_says_nothing(
    tmp_path: Path, title: str, description: str
) -> None:
    code = f"it('{title}', () => {{ add(1); }});"
    assert _one(tmp_path, "test/page-close.test.ts", code).description == description


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("def test_works():\n    assert f()\n", "retry policy: works"),
        ("def test_waits():\n    assert f()\n", "waits"),
        ("class TestRetryPolicy:\n    def test_1(self):\n        f()\n", "retry policy: 1"),
        ("class TestDelay:\n    def test_1(self):\n        f()\n", "delay: retry policy: 1"),
    ],
)
def test_extract_file_describes_python_tests_with_their_topic(
    tmp_path: Path, code: str, description: str
) -> None:
    assert _one(tmp_path, "tests/test_retry_policy.py", code).description == description
