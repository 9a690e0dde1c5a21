"""Every text of a pattern is redacted, within the limits of its fields."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from aqe.retrieval.text.pattern_redaction import redacted_id, redacted_pattern
from aqe.schema import TestPattern

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
