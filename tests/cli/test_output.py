"""Tests what reaches the terminal: stored text as text, JSON and nothing else."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from aqe.cli.output import clean, plain, print_json, share, stderr, stdout, table

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
any_text = st.text(st.characters(codec=None))
hostile = any_text | st.sampled_from(
    ["[/]", "[b", "List[int]", "[link=http://evil/]", "\x1b]8;;http://evil\x07x", "\x9b2J", "\\["]
)


@given(any_text)
def test_clean_leaves_nothing_that_steers(text: str) -> None:
    cleaned = clean(text)
    assert UNSAFE.search(cleaned) is None
    assert len(cleaned) == len(text)
    cleaned.encode("utf-8")


@given(st.lists(hostile, max_size=4).map(" ".join).map(lambda text: text.replace("\t", " ")))
def test_plain_text_is_printed_as_it_is(text: str) -> None:
    console = Console(width=1_000_000, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(plain(text), soft_wrap=True)
    assert captured.get().rstrip("\n") == clean(text).rstrip("\n")


values = st.recursive(
    any_text | st.integers(-(2**53), 2**53) | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    max_leaves=9,
)


def storable(value: Any) -> Any:
    """The value with each lone surrogate as U+FFFD."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


@given(values)
def test_json_is_one_safe_document(value: Any) -> None:
    written = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", written)
        print_json(value)
    assert UNSAFE.search(written.getvalue()) is None
    assert json.loads(written.getvalue()) == storable(value)


def test_json_of_records(capsys: pytest.CaptureFixture[str]) -> None:
    @dataclass
    class Record:
        name: str
        when: datetime

    print_json({"a": Record("x\ud800", datetime(2026, 1, 2, tzinfo=UTC)), "b": (1, None, True)})
    assert json.loads(capsys.readouterr().out) == {
        "a": {"name": "x\ufffd", "when": "2026-01-02T00:00:00Z"},
        "b": [1, None, True],
    }


def test_share_is_a_dash_without_data() -> None:
    assert (share(None), share(0.0), share(0.456)) == ("-", "0.00", "0.46")


def test_table_aligns_numbers() -> None:
    made = table("name", "n", right=("n",), title="t")
    assert [column.justify for column in made.columns] == ["left", "right"]


def test_consoles_go_where_they_should(capsys: pytest.CaptureFixture[str]) -> None:
    stdout().print("out")
    stderr().print("err")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("out\n", "err\n")
