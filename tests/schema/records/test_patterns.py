"""Records of the bank: what they accept, what they say, and what they are equal to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.schema import (
    CATEGORIES,
    FRAMEWORKS,
    LANGUAGES,
    PatternSearchContext,
    PatternSearchCriteria,
    PatternUsageContext,
    StoreReport,
    StoreResult,
    StoreStatus,
    TestPattern,
    stable_id,
    utc_now,
)
from aqe.schema.records.patterns import MAX_PATTERN_BYTES
from aqe.schema.records.validation import MAX_COUNT

Make = Callable[..., TestPattern]


def test_pattern_is_immutable_and_no_test_class(pattern: Make) -> None:
    record = pattern()
    assert TestPattern.__test__ is False
    assert "__test__" not in {field.name for field in fields(TestPattern)}
    with pytest.raises(FrozenInstanceError):
        record.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": " "}, "name must not be empty"),
        ({"name": "x" * 201}, "name must have at most 200 characters, got 201"),
        ({"name": 1}, "name must be text, got int"),
        ({"description": None}, "description must be text, got NoneType"),
        ({"template": b"x"}, "template must be text, got bytes"),
        ({"source": 3}, "source must be text, got int"),
        ({"description": " ", "template": "\n"}, "needs a template or a description"),
        ({"category": "smoke"}, "category must be one of unit, integration, .*, got 'smoke'"),
        ({"framework": "nose"}, "framework must be one of ava, .*, vitest, got 'nose'"),
        ({"framework": ["pytest"]}, "framework must be one of"),
        (
            {"language": "cobol"},
            "language must be one of .*javascript, python, typescript, got 'cobol'",
        ),
        ({"confidence": 1.1}, r"confidence must be from 0 to 1, got 1\.1"),
        ({"quality": -0.1}, r"quality must be from 0 to 1, got -0\.1"),
        ({"success_rate": math.nan}, "success_rate must be from 0 to 1, got nan"),
        ({"confidence": True}, "confidence must be a number from 0 to 1, got bool"),
        ({"confidence": "1"}, "confidence must be a number from 0 to 1, got str"),
        ({"usage_count": -1}, f"usage_count must be from 0 to {MAX_COUNT}, got -1"),
        ({"usage_count": 1.0}, "usage_count must be a whole number, got float"),
        ({"version": 0}, f"version must be from 1 to {MAX_COUNT}, got 0"),
        ({"version": 2**63}, "version must be from 1 to"),
        ({"version": True}, "version must be a whole number, got bool"),
        ({"examples": "text"}, "examples must be a list of texts, got str"),
        ({"examples": [1]}, "each of examples must be text, got int"),
        ({"tags": {"a"}}, "tags must be a list of texts, got set"),
        ({"tags": [f"t{n}" for n in range(33)]}, "tags must be at most 32 .*, got 33"),
        ({"tags": ["x" * 65]}, "tags must be at most 32 of 64 characters each"),
        ({"id": "../etc/passwd"}, r"id must be 1 to 128 letters.*got '\.\./etc"),
        ({"id": "-rf"}, "id must be"),
        ({"id": "a b"}, "id must be"),
        ({"id": "a\n"}, "id must be"),
        ({"id": "é"}, "id must be"),
        ({"id": "x" * 129}, "id must be"),
        ({"created_at": "2026-01-01"}, "created_at must be a datetime, got str"),
    ],
)
def test_pattern_refuses(pattern: Make, changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        pattern(**changes)
    assert "\n" not in str(caught.value)


def test_pattern_weighs_at_most_the_limit_in_bytes(pattern: Make) -> None:
    room = MAX_PATTERN_BYTES // 2
    pattern(description="", template="é" * room)
    with pytest.raises(ValueError, match=f"at most {MAX_PATTERN_BYTES} bytes, got"):
        pattern(description="x", template="é" * room)
    with pytest.raises(ValueError, match="bytes"):
        pattern(description="", template="é", examples=["é" * room])


def test_lone_surrogates_become_a_mark_that_utf8_can_carry(pattern: Make) -> None:
    record = pattern(
        "a\ud800b", description="\udfff", template="\udc80", examples=["\ud800"], tags=["\ud801"]
    )
    assert (record.name, record.description, record.template) == ("a\ufffdb", "\ufffd", "\ufffd")
    assert (record.examples, record.tags) == (("\ufffd",), ("\ufffd",))
    assert pattern(source="f\udcff.py:1").source == "f\ufffd.py:1"
    assert pattern("a\U0001f600").name == "a\U0001f600"
    assert PatternUsageContext(success=False, error_message="\udc80").error_message == "\ufffd"


def test_nul_leaves_the_name_alone(pattern: Make) -> None:
    assert pattern("\0a", template="x\0y").name == "\ufffda"
    assert pattern("a", template="x\0y").template == "x\0y"


def test_lists_become_tuples_and_tags_distinct(pattern: Make) -> None:
    record = pattern(tags=["b", "a", "b"], examples=["x"])
    assert (record.tags, record.examples) == (("b", "a"), ("x",))
    hash(record)


def test_times_become_utc(pattern: Make) -> None:
    naive = datetime(2026, 1, 2, 3, 4, 5)
    east = datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert pattern(created_at=naive).created_at == naive.replace(tzinfo=UTC)
    assert pattern(created_at=east).created_at.isoformat() == "2026-01-02T03:04:05+00:00"


def test_derived_id_is_that_of_language_framework_file_and_name(pattern: Make) -> None:
    base = pattern("a", source="tests/x.py:3").id
    assert base == pattern("a", source="tests/x.py:13", template="other").id
    assert base == stable_id("python", "pytest", "tests/x.py", "a")
    assert len({base, pattern("b", source="tests/x.py:3").id, pattern("a").id}) == 3
    assert base != pattern("a", source="tests/x.py:3", framework="unittest").id
    assert pattern(id="my/own:id@1+2-3").id == "my/own:id@1+2-3"


def test_derived_id_without_a_source_is_also_that_of_the_template(pattern: Make) -> None:
    first, second = pattern("a", template="first()"), pattern("a", template="second()")
    assert first.id == stable_id("python", "pytest", "", "a", "first()")
    assert first.id != second.id
    assert replace(first, description="changed").id == first.id
    assert replace(first, template="changed()").id == first.id
    assert first.earlier_id == stable_id("python", "pytest", "", "a")
    for other in (pattern("a", source="t.py:1"), pattern("a", id="own"), pattern(template="")):
        assert other.earlier_id is None


def test_stable_id_is_the_same_in_every_process(run_python: Callable[..., str]) -> None:
    script = "from aqe.schema import stable_id; print(stable_id('a', 'bc'), stable_id('ab', 'c'))"
    assert run_python(script).split() == [stable_id("a", "bc"), stable_id("ab", "c")]
    assert stable_id("a", "bc") == "9a8acca1b6c6c0be"
    assert stable_id("a", "bc") != stable_id("ab", "c")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_stable_id_differs_where_its_parts_do(left: list[str], right: list[str]) -> None:
    encodable = [[p.encode("utf-8", "replace") for p in parts] for parts in (left, right)]
    assert (stable_id(*left) == stable_id(*right)) == (encodable[0] == encodable[1])


def test_utc_now_is_aware() -> None:
    assert utc_now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query": None}, "query must be text, got NoneType"),
        ({"code_type": 1}, "code_type must be text"),
        ({"source_code": b""}, "source_code must be text"),
        ({"keywords": "login"}, "keywords must be a list of texts, got str"),
        ({"framework": "nose"}, "framework must be one of"),
        ({"language": "cobol"}, "language must be one of"),
    ],
)
def test_context_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        PatternSearchContext(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query": 1}, "query must be text, got int"),
        ({"category": "x"}, "category must be one of"),
        ({"framework": "x"}, "framework must be one of"),
        ({"language": "x"}, "language must be one of"),
        ({"tags": "x"}, "tags must be a list of texts"),
        ({"min_quality": 2}, "min_quality must be from 0 to 1, got 2"),
        ({"min_confidence": math.nan}, "min_confidence must be from 0 to 1, got nan"),
    ],
)
def test_criteria_refuse(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        PatternSearchCriteria(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"success": None}, "success must be True or False, got None"),
        ({"success": 1}, "success must be True or False, got 1"),
        ({"agent_id": None}, "agent_id must be text"),
        ({"error_message": 1}, "error_message must be text"),
        ({"execution_time_ms": -1}, "execution_time_ms must be finite and >= 0, got -1"),
        ({"execution_time_ms": math.inf}, "execution_time_ms must be finite and >= 0, got inf"),
        ({"execution_time_ms": math.nan}, "execution_time_ms must be finite and >= 0, got nan"),
        ({"coverage_achieved": 1.5}, "coverage_achieved must be from 0 to 1"),
        ({"used_at": "now"}, "used_at must be a datetime"),
    ],
)
def test_usage_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        PatternUsageContext(**({"success": True} | changes))


def test_report_counts_each_status() -> None:
    statuses: tuple[StoreStatus, ...] = ("created", "updated", "updated", "unchanged", "rejected")
    report = StoreReport(
        tuple(StoreResult(id="a", name="a", status=status) for status in statuses), deleted=3
    )
    assert (report.created, report.updated, report.unchanged, report.rejected) == (1, 2, 1, 1)
    assert report.deleted == 3


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_is_accepted(
    pattern: Make, category: str, framework: str, language: str
) -> None:
    record = pattern(category=category, framework=framework, language=language)
    assert replace(record) == record
