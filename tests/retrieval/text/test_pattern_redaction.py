"""Every text of a pattern is redacted, within the limits of its fields."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from aqe.retrieval.text.pattern_redaction import redacted_id, redacted_pattern
from aqe.schema import ContextPart, Placeholder, TestPattern

from ...promises.planted_secrets import TOKENS

TOKEN = TOKENS["github token"](random.Random(20261128))
CLEAN = TestPattern(
    id="p1",
    name="test_login",
    category="unit",
    framework="pytest",
    language="python",
    template="def test_login():\n    assert login()",
)


def test_redacted_pattern_returns_a_clean_pattern_itself() -> None:
    assert redacted_pattern(CLEAN) is CLEAN


@pytest.mark.parametrize("field", ["name", "description", "template", "source"])
def test_redacted_pattern_redacts_each_text(field: str) -> None:
    values: dict[str, Any] = {field: f"use {TOKEN}"}
    clean = redacted_pattern(replace(CLEAN, **values))
    assert getattr(clean, field) == "use <redacted:github-token>"


def test_redacted_pattern_redacts_examples_and_tags() -> None:
    clean = redacted_pattern(replace(CLEAN, examples=(TOKEN,), tags=(TOKEN,)))
    assert clean.examples == clean.tags == ("<redacted:github-token>",)


def test_redacted_id_is_equal_for_equal_ids() -> None:
    assert redacted_id("p1") == "p1"
    assert redacted_id(TOKEN) == redacted_id(TOKEN)
    assert redacted_pattern(replace(CLEAN, id=TOKEN)).id == redacted_id(TOKEN)
    assert TOKEN not in redacted_id(TOKEN)


@pytest.mark.parametrize("field", ["code", "name", "origin"])
def test_redacted_pattern_redacts_each_text_of_its_context(field: str) -> None:
    texts = {"code": "x", "name": "x", "origin": "x"} | {field: f"use {TOKEN}"}
    part = ContextPart(kind="helper", **texts)
    (clean,) = redacted_pattern(replace(CLEAN, context=(part,))).context
    assert getattr(clean, field) == "use <redacted:github-token>"
    assert clean.kind == "helper"


def test_redacted_pattern_redacts_project_and_values() -> None:
    secret = Placeholder(name="key", value=f'"{TOKEN}"', places=(1,))
    plain = Placeholder(name="user", value='"ann"', role="target", places=(1,))
    template = "login({{key}}, {{user}}, {{other}})"
    placeholders = (secret, plain)
    clean = redacted_pattern(
        replace(CLEAN, project=TOKEN, template=template, placeholders=placeholders)
    )
    assert clean.project == "<redacted:github-token>"
    assert clean.render() == 'login("<redacted:github-token>", "ann", {{other}})'
    assert clean.placeholders == (replace(secret, value='"<redacted:github-token>"'), plain)


def test_redacted_pattern_redacts_a_value_that_is_a_secret_in_its_place() -> None:
    secret = Placeholder(name="password", value='"hunter2Xy9Qw"', places=(1,))
    unused = Placeholder(name="unused", value='"gone"')
    whole = replace(CLEAN, template='password = "hunter2Xy9Qw"')
    assert redacted_pattern(whole) != whole
    split = replace(CLEAN, template="password = {{password}}", placeholders=(secret, unused))
    clean = redacted_pattern(split)
    assert clean.render() == 'password = "<redacted:secret>"'
    assert clean.placeholders[1] == unused
    assert redacted_pattern(clean) is clean
