"""An empty answer says which filter to drop and what the bank holds."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqe.cli.patterns.match_view import closeness_note
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank

from ..command_line import Aqe

HOLDS = "the bank holds 3 patterns: framework pytest 2, unittest 1; project shop 3"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("-f", "jest"), "no pattern meets --framework jest; drop --framework to get some; "),
        (
            ("-f", "jest", "-k", "e2e"),
            "no pattern meets --framework jest --category e2e; drop some",
        ),
        (
            ("-f", "pytest", "-k", "e2e"),
            "--framework pytest --category e2e; drop --category to get",
        ),
        (
            ("-t", "zzz", "-l", "python"),
            "meets --language python --tag zzz; drop --tag to get some",
        ),
        (("--min-quality", "1"), "no pattern meets --min-quality 1.0; drop --min-quality to get"),
    ],
)
@pytest.mark.parametrize("command", [("search", "total"), ("patterns", "list")])
def test_the_filter_to_drop_is_named(
    aqe: Aqe, shop: Path, command: tuple[str, ...], options: tuple[str, ...], reason: str
) -> None:
    outcome = aqe(*command, *options)
    assert outcome.code == 0
    assert reason in outcome.out
    assert outcome.out.startswith("no data: ")
    assert HOLDS in outcome.out


def test_words_that_nobody_wrote_are_no_fault_of_a_filter(aqe: Aqe, shop: Path) -> None:
    out = aqe("search", "zzzzqq", "--mode", "text", "-f", "pytest").out
    assert "no pattern has a word of the query; try other words; " in out
    assert HOLDS in out


def test_an_unknown_project_and_source_are_named(aqe: Aqe, shop: Path) -> None:
    assert "the bank has no project 'shpo'; it has: shop" in aqe("search", "x", "-p", "shpo").out
    (shop / "other").mkdir()
    out = aqe("patterns", "list", "--source", "other").out
    assert "no pattern is from --source other; drop it to get some; " in out


def test_many_groups_are_summed_up(aqe: Aqe, shop: Path) -> None:
    with QEReasoningBank(shop / ".aqe" / "aqe.db", encoder=HashingEncoder(64)) as bank:
        pattern = bank.list_patterns()[0]
        from dataclasses import replace

        bank.store_patterns(
            [replace(pattern, id=f"p{number}", project=f"p{number}") for number in range(9)]
        )
    out = aqe("search", "x", "-f", "jest").out
    assert ", 5 more\n" in out.partition("project shop 3")[2]


def test_an_empty_bank_says_how_to_fill_it(aqe: Aqe, shop: Path) -> None:
    aqe("patterns", "forget", "-p", "shop", "--yes")
    for command in (("search", "x", "--mode", "text"), ("patterns", "list"), ("stats",)):
        assert aqe(*command).out == "no data: the bank is empty; fill it with: aqe extract PATH\n"


@pytest.mark.parametrize("format", ["csv", "markdown"])
def test_the_reason_never_mixes_with_rows(aqe: Aqe, shop: Path, format: str) -> None:
    outcome = aqe("search", "x", "-f", "jest", "--format", format)
    assert "no data" not in outcome.out
    assert "no data: no pattern meets --framework jest" in outcome.err
    assert aqe("search", "x", "-f", "jest", "--format", "jsonl") == (0, "", "")
    assert aqe("search", "x", "-f", "jest", "--json").json()["matches"] == []


def test_a_query_is_words_or_stdin(aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = aqe("search", "sends", "mail", "--json").json()
    assert typed["query"] == "sends mail"
    monkeypatch.setattr("sys.stdin", io.StringIO("sends mail\n"))
    read = aqe("search", "-", "--json").json()
    assert (read["query"], read["matches"]) == (typed["query"], typed["matches"])


def test_nothing_close_is_said_only_if_all_are_weak() -> None:
    weak, strong, unknown = ({"strength": value} for value in ("weak", "strong", None))
    assert closeness_note([weak, weak]) == "nothing here is close; nearest:"
    mixed: list[list[dict[str, Any]]] = [[weak, strong], [unknown], [{}], []]
    for rows in mixed:
        assert closeness_note(rows) == ""


@pytest.mark.parametrize(("count", "text"), [(1, "1 pattern in "), (2, "2 patterns in ")])
def test_one_pattern_is_no_plural(
    aqe: Aqe, shop: Path, terminal: Callable[[int], None], count: int, text: str
) -> None:
    terminal(80)
    assert aqe("search", "total", "--all", "-n", str(count)).err.startswith(text)
