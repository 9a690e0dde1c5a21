"""Deletions ask first: how much, on a terminal; elsewhere they need ``--yes``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..command_line import Aqe

Answer = Callable[[str], None]


def count(aqe: Aqe) -> int:
    return int(aqe("stats", "--json").json()["patterns"])


@pytest.fixture
def deletions(aqe: Aqe, shop: Path) -> dict[str, tuple[str, ...]]:
    """Commands that would delete patterns of a bank of three, by name."""
    id = aqe("patterns", "list", "-n", "1", "--json").json()["patterns"][0]["id"]
    aqe("patterns", "export", "mail.jsonl", "-f", "unittest")
    (shop / "tests" / "test_cart.py").write_text("def test_new():\n    assert f() == 1\n")
    return {
        "delete": ("patterns", "delete", id),
        "forget": ("patterns", "forget", "--source", "tests/test_cart.py"),
        "import": ("patterns", "import", "mail.jsonl", "--replace"),
        "extract": ("extract", "tests", "--prune"),
        "patterns extract": ("patterns", "extract", "tests", "--prune"),
    }


QUESTIONS = {
    "delete": "Delete 1 pattern, ",
    "forget": "2 patterns would be removed",
    "import": "Delete 2 patterns not in mail.jsonl? [y/N]",
    "extract": "Delete 2 patterns of tests that are gone? [y/N]",
    "patterns extract": "Delete 2 patterns of tests that are gone? [y/N]",
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_without_a_terminal_nothing_is_deleted(
    aqe: Aqe, deletions: dict[str, tuple[str, ...]], name: str
) -> None:
    outcome = aqe(*deletions[name])
    assert (outcome.code, outcome.out) == (2, "")
    assert "stdin is no terminal" in outcome.err.splitlines()[-1]
    assert "--yes" in outcome.err
    assert count(aqe) == 3


@pytest.mark.parametrize("name", QUESTIONS)
def test_on_a_terminal_the_answer_counts(
    aqe: Aqe, deletions: dict[str, tuple[str, ...]], answer: Answer, name: str
) -> None:
    answer("n\n")
    refused = aqe(*deletions[name])
    assert refused.code == 1
    assert QUESTIONS[name] in refused.out + refused.err
    assert refused.err.splitlines()[-1].endswith("nothing was changed")
    assert count(aqe) == 3
    answer("y\n")
    assert aqe(*deletions[name]).code == 0
    assert count(aqe) < 3


@pytest.mark.parametrize("name", QUESTIONS)
def test_yes_and_dry_run_never_ask(
    aqe: Aqe, deletions: dict[str, tuple[str, ...]], name: str
) -> None:
    trial = aqe(*deletions[name], "--dry-run")
    assert (trial.code, "[y/N]" in trial.out + trial.err) == (0, False)
    assert count(aqe) == 3
    done = aqe(*deletions[name], "--yes")
    assert (done.code, "[y/N]" in done.out + done.err) == (0, False)
    assert count(aqe) < 3


def test_nothing_to_delete_is_no_question(aqe: Aqe, shop: Path, answer: Answer) -> None:
    answer("")
    assert aqe("extract", "tests", "--prune").code == 0
    aqe("patterns", "export", "all.jsonl")
    assert aqe("patterns", "import", "all.jsonl", "--replace").code == 0
    assert count(aqe) == 3


def test_forget_of_a_source_touches_no_other_project(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shop.parent / "other"
    (other / ".git").mkdir(parents=True)
    (other / "tests").mkdir()
    (other / "tests" / "test_cart.py").write_text("def test_else():\n    assert g() == 1\n")
    bank = shop / ".aqe" / "aqe.db"
    monkeypatch.chdir(other)
    assert aqe("extract", "tests", "--db", bank).code == 0
    done = aqe("patterns", "forget", "--source", "tests", "--yes", "--db", bank, "--json").json()
    assert done["sources"] == [{"project": "other", "path": "tests", "patterns": 1}]
    monkeypatch.chdir(shop)
    assert count(aqe) == 3
