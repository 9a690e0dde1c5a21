"""Faults of documents are told in a user's words, with the field or the position."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
import yaml

from aqe.schema import TestPattern
from aqe.schema.document_faults import field_fault, json_fault, yaml_fault

GOOD: dict[str, Any] = {
    "name": "a", "category": "unit", "framework": "pytest", "language": "python", "template": "x",
}  # fmt: skip
FOREIGN = re.compile(
    r"Expected `|Object missing|RFC3339|enum|truncated|malformed|unicode string|\$"
)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": 5}, "name: expected text, got a whole number"),
        ({"tags": [1]}, "tags[0]: expected text, got a whole number"),
        ({"quality": "x"}, "quality: expected a number, got text"),
        ({"provenance": 4}, "provenance: expected an object or null, got a whole number"),
        (
            {"placeholders": [{"name": 1}]},
            "placeholders[0].name: expected text, got a whole number",
        ),
        ({"placeholders": [{}]}, "placeholders[0]: required field 'name' is missing"),
        ({"category": "x"}, "category: 'x' is not one of the values that it may have"),
        ({"created_at": "x"}, "created_at: expected a time such as 2026-01-31T12:00:00Z"),
        ({"name": ""}, "name must not be empty"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(GOOD | changes, TestPattern)
    assert field_fault(raised.value).startswith(fault)
    assert not FOREIGN.search(field_fault(raised.value))


def test_a_missing_field_of_the_whole_has_no_place() -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert({}, TestPattern)
    assert field_fault(raised.value) == "required field 'name' is missing"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it ends too early"),
        ('{"a": ', "it ends too early"),
        ("[1,]", "trailing comma in array (byte 3)"),
        ("{a}", "object keys must be strings (byte 1)"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_a_fault_of_json_has_its_position(text: str, fault: str) -> None:
    with pytest.raises((msgspec.DecodeError, RecursionError)) as raised:
        msgspec.json.decode(text)
    assert json_fault(raised.value) == fault
    assert not FOREIGN.search(fault)


def test_a_fault_of_yaml_has_its_line() -> None:
    with pytest.raises(yaml.YAMLError) as raised:
        yaml.safe_load("a: 1\nb: [c\n")
    fault = yaml_fault(raised.value)
    assert fault == "expected ',' or ']', but got '<stream end>' in line 3, column 1"
    assert yaml_fault(ValueError("month must be in 1..12")) == "month must be in 1..12"
