"""Texts and JSON values are redacted as they are stored, the same every time."""

from __future__ import annotations

import random

from aqe.schema.redaction.stored_text import redacted_json, redacted_text

from ...promises.planted_secrets import BASE64, TOKENS, draw, mixed

SEED = 20261127


def test_redacted_text_is_the_same_every_time() -> None:
    token = TOKENS["github token"](random.Random(SEED))
    assert redacted_text(token) == redacted_text(token) == "<redacted:github-token>"
    assert redacted_text("short") == "short"


def test_redacted_text_redacts_a_long_text() -> None:
    token = TOKENS["github token"](random.Random(SEED))
    assert redacted_text(f"{'x ' * 300}{token}").endswith("x <redacted:github-token>")


def test_redacted_json_knows_a_secret_by_its_key() -> None:
    value = mixed(random.Random(SEED), 20)
    clean = redacted_json({"db_password": value, "n": 1, "list": [{"api_key": value}, None]})
    assert clean == {
        "db_password": "<redacted:password>",
        "n": 1,
        "list": [{"api_key": "<redacted:key>"}, None],
    }


def test_redacted_json_returns_a_clean_value_itself() -> None:
    value = {"a": ["b", {"c": 1.5}]}
    assert redacted_json(value) is value


def test_redacted_json_redacts_a_secret_over_several_texts() -> None:
    """The lines of a key, one text each: without the quotes between them it is no JSON."""
    rng = random.Random(SEED)
    lines = [draw(rng, BASE64, 64) for _ in range(4)]
    password = mixed(rng, 16)
    key = "-----BEGIN PRIVATE" + " KEY-----"
    value = {"key": [key, *lines], "password": password, "left": {"n": 2, "text": key}}
    clean = redacted_json(value)
    assert clean["left"] == {"n": 2, "text": key}
    assert clean["password"] == "<redacted:password>"
    assert password not in str(clean)
