"""Which bank a command uses: reading makes none, writing makes it where it is found again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.core import TyperGroup

from aqe.cli import main as main_module
from aqe.schema import Database

TEST = "def test_total():\n    assert total([10, 20]) == 30\n"
READING = (
    "patterns search x",
    "patterns list",
    "patterns similar abc",
    "patterns use abc --success",
    "patterns show abc",
    "patterns stats",
    "patterns export -",
    "patterns reindex",
    "patterns delete abc",
    "patterns forget --source tests --yes",
    "learn status",
    "learn history",
    "learn recommend --agent a --type t",
    "learn analytics",
    "learn export",
    "learn reset --all --yes",
    "improve status",
    "improve stop",
    "agents list",
    "agents show test-generator",
    "report",
    "memory stats",
    "memory cleanup",
    "db check",
    "db repair",
    "db repair --redact",
    "db backup copy.db",
)


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Aqe = Callable[..., Outcome]


@pytest.fixture
def aqe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Aqe:
    """Runs the command, by default in the test's folder, with a home folder next to it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("AQE_DB", raising=False)

    def run(*arguments: str, folder: Path = tmp_path) -> Outcome:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["aqe", *arguments])
        with pytest.raises(SystemExit) as ended:
            main_module.main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.mark.parametrize("command", READING)
def test_a_command_that_reads_makes_no_bank(aqe: Aqe, tmp_path: Path, command: str) -> None:
    outcome = aqe(*command.split())
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: no bank here (no .aqe/aqe.db in {tmp_path}")
    assert outcome.err.endswith("; make one with: aqe extract tests/\n")
    given = aqe(*command.split(), "--db", "typo/x.db")
    assert given.err.startswith(f"error: no bank at {tmp_path}/typo/x.db (from --db); check the")
    assert list(tmp_path.iterdir()) == []


def test_with_json_the_error_is_the_document(aqe: Aqe) -> None:
    outcome = aqe("patterns", "stats", "--json")
    document = json.loads(outcome.out)
    assert document["exit_code"] == outcome.code == 1
    assert f"error: {document['error']}\n" == outcome.err


def test_what_the_message_says_makes_the_bank(aqe: Aqe, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(TEST)
    assert aqe("patterns", "extract", "tests/").code == 0
    assert (tmp_path / ".aqe" / ".gitignore").read_text() == "*\n"
    assert json.loads(aqe("patterns", "stats", "--json").out)["patterns"] == 1


@pytest.mark.parametrize(
    "command", ["patterns extract . --dry-run", "patterns import p.jsonl --dry-run"]
)
def test_a_dry_run_makes_no_bank(aqe: Aqe, tmp_path: Path, command: str) -> None:
    (tmp_path / "test_a.py").write_text(TEST)
    (tmp_path / "p.jsonl").touch()
    before = sorted(tmp_path.iterdir())
    outcome = aqe(*command.split(), "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["database"] == ":memory:"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "command",
    [
        "patterns extract typo",
        "patterns import typo.jsonl",
        "patterns store typo.jsonl",
        "learn record typo.json",
    ],
)
def test_a_mistyped_file_makes_no_bank(aqe: Aqe, tmp_path: Path, command: str) -> None:
    outcome = aqe(*command.split())
    assert outcome.code == 1
    assert "typo" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        "patterns extract tests --db typo/x.db",
        "patterns import p.jsonl --db typo/x.db",
        "learn enable --db typo/.aqe/x.db",
        "improve cycle --db typo/x.db",
    ],
)
def test_a_command_that_writes_makes_no_folder_of_a_mistyped_path(
    aqe: Aqe, tmp_path: Path, command: str
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "p.jsonl").touch()
    outcome = aqe(*command.split())
    assert outcome.code == 1
    assert "there is no folder" in outcome.err
    assert not (tmp_path / "typo").exists()


def test_a_linked_work_tree_reads_and_writes_the_bank_of_the_main_one(
    aqe: Aqe, git: Callable[..., str], tmp_path: Path
) -> None:
    git("shop", "init", "-q")
    (tmp_path / "shop" / "test_a.py").write_text(TEST)
    git("shop", "add", "-A")
    git("shop", "commit", "-qm", "first")
    git("shop", "worktree", "add", "-q", "../linked")
    linked = tmp_path / "linked"
    assert aqe("patterns", "extract", ".", folder=linked).code == 0
    bank = tmp_path / "shop" / ".aqe" / "aqe.db"
    assert bank.is_file()
    again = json.loads(aqe("patterns", "extract", ".", "--json", folder=tmp_path / "shop").out)
    assert (again["database"], again["created"], again["updated"]) == (str(bank), 0, 0)
    assert json.loads(aqe("patterns", "stats", "--json", folder=linked).out)["patterns"] == 1
    assert git("shop", "status", "--porcelain") == ""
    assert git("linked", "status", "--porcelain") == ""


def test_a_bank_in_the_home_folder_is_not_used_below_it(aqe: Aqe, tmp_path: Path) -> None:
    project = tmp_path / "home" / "shop"
    project.mkdir(parents=True)
    (tmp_path / "home" / ".aqe").mkdir()
    bank = tmp_path / "home" / ".aqe" / "aqe.db"
    Database(bank).close()
    outcome = aqe("patterns", "stats", folder=project)
    assert outcome.code == 1
    assert f"; {bank} is used only in that folder, or with --db); make one" in outcome.err
    assert aqe("patterns", "stats", folder=tmp_path / "home").out.startswith("no data")


def test_every_command_that_is_not_listed_here_writes(aqe: Aqe) -> None:
    """A new command must be listed above, or is one of those that write or need no bank."""
    listed = {" ".join(command.split()[:2]) for command in READING}
    others = {
        *("patterns extract", "patterns store", "patterns import", "learn record"),
        *("learn enable", "learn disable", "improve cycle", "improve start"),
        *("db path", "db migrate", "db restore"),
    }
    groups = main_module.app
    import typer

    root = typer.main.get_command(groups)
    context = typer.Context(root)
    for group in root.list_commands(context):  # type: ignore[attr-defined]
        commands = root.get_command(context, group)  # type: ignore[attr-defined]
        if not isinstance(commands, TyperGroup):  # of a group too, or in tests of their own
            continue
        names = {f"{group} {name}" for name in commands.list_commands(context)}
        assert group == "bench" or names <= listed | others, names - listed - others
