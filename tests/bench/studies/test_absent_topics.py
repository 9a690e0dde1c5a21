"""The study of strength asks enough, and counts right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.bench.studies.answers import absent_topics
from aqe.bench.studies.answers.absent_topics import Topics, observed, read_topics, strength_tables
from aqe.retrieval import QEReasoningBank
from aqe.schema import AqeError, TestPattern

Make = Callable[..., TestPattern]


def test_halves_share_no_bank_and_no_topic() -> None:
    topics = read_topics(json.loads(absent_topics.TOPICS.read_text(encoding="utf-8")))
    halves = {half: [each for each in topics if each.half == half] for half in absent_topics.HALVES}
    tuning, checking = halves["tuning"], halves["checking"]
    assert not {each.bank for each in tuning} & {each.bank for each in checking}
    for half in (tuning, checking):
        assert sum(len(each.present) for each in half) >= 50
        assert sum(len(each.absent) for each in half) >= 50
        assert all(not set(each.present) & set(each.absent) for each in half)
    texts = [
        {text for each in half for text in (*each.present, *each.absent)}
        for half in halves.values()
    ]
    assert not texts[0] & texts[1]


def test_topics_of_a_related_field_are_not_absent() -> None:
    document = {
        "tuning": {
            "a": {"field": "http", "present": ["cookies"]},
            "b": {"field": "forms", "present": ["labels"]},
            "c": {"field": "sql", "present": ["joins"]},
        },
        "checking": {},
        "related": [["http", "forms"]],
        "nowhere": {"tuning": ["elephants"], "checking": []},
    }
    absent = {each.bank: set(each.absent) for each in read_topics(document)}
    assert absent == {
        "a": {"elephants", "joins"},
        "b": {"elephants", "joins"},
        "c": {"elephants", "cookies", "labels"},
    }


def test_observed_says_which_topics_are_there(bank: QEReasoningBank, pattern: Make) -> None:
    bank.store_pattern(pattern("login fails", template="assert not login(wrong_password)"))
    topics = Topics("tuning", "shop", ("login with a wrong password",), ("elephants in a zoo",))
    there, absent = observed(bank, topics, "hybrid")
    assert (there.present, there.strong, there.share) == (True, True, 1.0)
    assert (absent.present, absent.strong, absent.share) == (False, False, 0.0)
    assert list(observed(bank, topics, "text")) == [
        there.__class__("tuning", "shop", "login with a wrong password", True, None, 1.0, True)
    ]


def test_tables_need_every_bank(tmp_path: Path) -> None:
    with pytest.raises(AqeError, match=r"expected the bank .*shop.db"):
        strength_tables(tmp_path, [Topics("tuning", "shop", ("a",), ("b",))])


def test_command_names_the_bank_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert absent_topics.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: expected the bank ")


def test_tables_have_a_row_for_each_bank(tmp_path: Path, pattern: Make) -> None:
    topics = []
    for half in absent_topics.HALVES:
        topics.append(
            Topics(half, half, ("login with a wrong password",), ("wrong elephants in a zoo",))
        )
        with QEReasoningBank(tmp_path / f"{half}.db") as bank:
            bank.store_pattern(pattern("login fails", template="assert not login(wrong_password)"))
    tables = strength_tables(tmp_path, topics)
    assert tables.count("### ") == len(absent_topics.SYSTEMS)
    assert "| tuning | tuning | 1 / 1 | 1.000 | 1.000 | 1.000 |" in tables
    assert "| **the label** | | | | 1.000 | 1.000 | 1.000 |" in tables
