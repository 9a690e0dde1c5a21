"""Records say in one line what they are, and go through JSON and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.schema import (
    AgentAction,
    ContextPart,
    EncoderIdentity,
    LearningOutcome,
    PatternMatch,
    PatternSearchContext,
    PatternSearchCriteria,
    PatternUsageContext,
    PatternVersion,
    Placeholder,
    Provenance,
    StoreReport,
    StoreResult,
    StrategyAlternative,
    StrategyRecommendation,
    Task,
    TaskResult,
    TaskState,
    TestPattern,
)
from aqe.schema.records.record import Record

PATTERN = TestPattern(
    name="test_login",
    category="unit",
    framework="pytest",
    language="python",
    template="assert login({{user}}) == 1\n" * 40,
    examples=["assert login('a') == 1"],
    tags=["auth"],
    source="tests/test_login.py:3",
    project="shop",
    context=[ContextPart(kind="import", name="login", code="import login", origin="t.py:1")],
    placeholders=[Placeholder(name="user", value="'a'", role="input", places=(1, 2))],
    gone_since=datetime(2026, 2, 3, tzinfo=UTC),
    usage_count=4,
    success_rate=0.75,
    provenance=Provenance(origin="agent", agent_id="generator", run_id="7"),
)
MATCH = PatternMatch(
    pattern=PATTERN,
    rank=1,
    score=0.5,
    vector_score=0.4,
    text_score=None,
    rule_score=0.1,
    strength="strong",
    reasons=("words: login",),
    near_duplicates=("abc",),
)
RECORDS: list[Record] = [
    PATTERN,
    MATCH,
    PatternVersion(
        pattern=PATTERN,
        version_number=2,
        change_description="renamed",
        created_by="ann",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
    ),
    PatternUsageContext(success=True, agent_id="generator", execution_time_ms=3.5),
    PatternSearchContext(query="login", keywords=["auth"]),
    PatternSearchCriteria(query="login", framework="pytest", min_quality=0.5),
    Provenance(),
    StoreReport((StoreResult(id="a", name="test", status="rejected", reason="too long"),), 3),
    EncoderIdentity("hashing", 64, "1"),
    Task(id="t1", type="unit-tests", complexity=0.5, context={"files": ["a.py"]}),
    TaskResult(
        success=False,
        action=AgentAction(strategy="property-based", tools=["hypothesis"]),
        errors=["ValueError: no"],
        pattern=PATTERN,
        next_state=TaskState(task_type="unit-tests"),
    ),
    LearningOutcome(learned=True, reward=0.5, state="s", action="a"),
    StrategyRecommendation(
        strategy="bdd",
        confidence=0.5,
        reasoning="worked",
        basis="state",
        action=AgentAction(strategy="bdd"),
        alternatives=(StrategyAlternative(strategy="x", expected_reward=0.1, evidence=2),),
    ),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_record_comes_back_from_json(record: Record) -> None:
    text = json.dumps(record.to_dict(), allow_nan=False)
    again = type(record).from_dict(json.loads(text))
    assert again == record
    assert again.to_dict() == record.to_dict()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_record_refuses_an_unknown_key(record: Record) -> None:
    with pytest.raises(ValueError, match="has no key 'colour'; remove or rename it") as caught:
        type(record).from_dict({**record.to_dict(), "colour": "red"})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
@pytest.mark.parametrize("values", [None, 3, "text", ["name"], b"x"])
def test_record_refuses_what_is_no_mapping(record: Record, values: Any) -> None:
    with pytest.raises(TypeError, match="values must be a mapping, got"):
        type(record).from_dict(values)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_record_is_one_short_line(record: Record) -> None:
    line = repr(record)
    assert line.startswith(f"{type(record).__name__}(")
    assert "\n" not in line
    assert len(line) < 320


def test_pattern_shows_what_it_is_and_where_it_is_from() -> None:
    assert repr(PATTERN) == (
        f"TestPattern(id='{PATTERN.id}', name='test_login', project='shop',"
        " source='tests/test_login.py:3')"
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "a TestPattern needs the key 'name'"),
        ({**PATTERN.to_dict(), "name": 3}, "name of a TestPattern: Expected `str`, got `int`"),
        ({"name": "a", "category": "unit"}, "a TestPattern needs the key 'framework'"),
        ({**PATTERN.to_dict(), "category": "odd"}, "category of a TestPattern: Invalid enum"),
        ({**PATTERN.to_dict(), "framework": "odd"}, "framework must be one of"),
        ({**PATTERN.to_dict(), "confidence": 2}, "confidence must be from 0 to 1, got 2"),
        (
            {**PATTERN.to_dict(), "context": [{"kind": "import"}]},
            "ContextPart needs the key 'name'",
        ),
        ({**PATTERN.to_dict(), "context": 5}, "context of a TestPattern: Expected"),
        ({**PATTERN.to_dict(), "origin": "mars"}, "origin of a Provenance: Invalid enum value"),
        ({**PATTERN.to_dict(), "created_at": "today"}, "created_at of a TestPattern: Invalid"),
    ],
)
def test_from_dict_names_the_key_at_fault(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        TestPattern.from_dict(values)
    assert "\n" not in str(caught.value)


def test_success_rate_of_an_unused_pattern_is_none() -> None:
    unused = TestPattern(
        name="a", category="unit", framework="pytest", language="python", template="x"
    )
    assert unused.success_rate is None
    claimed = TestPattern.from_dict({**unused.to_dict(), "success_rate": 0.5})
    assert claimed.success_rate is None
    assert claimed.to_dict()["success_rate"] is None
