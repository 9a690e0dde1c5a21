"""Tests that a command loads nothing that it does not use: help no command, a search no encoder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from aqe.cli.command_groups import LazyGroup
from aqe.cli.main import app
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import TestPattern

_SCRIPT = """
import json, sys
from aqe.cli import main as command
sys.argv = ["aqe", *json.loads(sys.argv[1])]
try:
    command.main()
except SystemExit:
    pass
print("\\n" + json.dumps(sorted(sys.modules)))
"""
# Loaded by commands, not by their names.
HEAVY = {"aqe.schema", "aqe.retrieval", "aqe.learning", "aqe.cli.options", "numpy", "apsw"}


def run(*arguments: str, **environment: str) -> tuple[str, set[str]]:
    """Returns what a command prints, and the modules that were loaded when it ended."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(arguments)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), **environment},
    )
    printed, _, modules = done.stdout.rstrip("\n").rpartition("\n")
    return printed + done.stderr, set(json.loads(modules))


def sourced_commands() -> Iterator[Any]:
    """Yields each command that a group lists as data: its line of help, and itself."""

    def walk(path: str, group: Any) -> Iterator[Any]:
        context = typer.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(group, LazyGroup):
                yield pytest.param(group.sources[name].help, command, id=f"{path} {name}")
            if isinstance(command, TyperGroup):
                yield from walk(f"{path} {name}", command)

    yield from walk("aqe", typer.main.get_command(app))


@pytest.mark.parametrize(("line", "command"), list(sourced_commands()))
def test_a_group_says_of_a_command_what_the_command_says(line: str, command: Any) -> None:
    assert line == " ".join(command.help.partition("\n\n")[0].split())


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (("--help",), ("patterns", "learn", "improve", "agents", "memory", "db", "bench")),
        (("patterns", "--help"), ("search", "list", "show", "extract", "forget")),
        (("--version",), ()),
        (("ptterns", "search"), ("no command 'ptterns'; did you mean aqe patterns?",)),
        (("patterns", "serch"), ("no command 'serch'; did you mean aqe patterns search?",)),
    ],
)
def test_help_and_wrong_names_load_no_command(
    arguments: tuple[str, ...], commands: tuple[str, ...]
) -> None:
    printed, modules = run(*arguments)
    assert all(command in printed for command in commands), printed
    assert modules.isdisjoint(HEAVY | {"rich"}), modules & HEAVY


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("aqe ", "agents"), ("aqe le", "learn"), ("aqe patterns se", "search")],
)
def test_completion_loads_no_command(typed: str, offered: str) -> None:
    printed, modules = run(
        _AQE_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=str(typed.count(" "))
    )
    assert offered in printed.splitlines(), printed
    assert modules.isdisjoint(HEAVY), modules & HEAVY


def test_completion_offers_the_options_of_a_group() -> None:
    printed, _ = run(_AQE_COMPLETE="complete_bash", COMP_WORDS="aqe --v", COMP_CWORD="1")
    assert "--version" in printed.splitlines()


def test_search_by_words_loads_no_encoder(tmp_path: Path) -> None:
    path = tmp_path / "aqe.db"
    with QEReasoningBank(path, encoder=HashingEncoder()) as bank:
        bank.store_pattern(
            TestPattern(
                name="login fails",
                description="x",
                category="unit",
                framework="pytest",
                language="python",
            )
        )
    arguments = ["patterns", "search", "login", "--mode", "text", "--json", "--db", str(path)]
    printed, loaded = run(*arguments)
    assert "login fails" in printed
    unused = {
        "onnxruntime",
        "tokenizers",
        "usearch",
        "pydantic",
        "scipy",
        "tree_sitter",
        "sqlite_vec",
        "plotext",
        "aqe.learning",
        "aqe.retrieval.extraction",
        "aqe.retrieval.quality.score",
        "aqe.schema.redaction.redaction",
        "aqe.bench",
        "sqlite3",
    }
    assert loaded.isdisjoint(unused), loaded & unused


def test_search_by_meaning_loads_the_encoder_before_the_bank_is_found(tmp_path: Path) -> None:
    database = str(tmp_path / "no.db")
    printed, modules = run("search", "login", "--db", database)
    assert "error: no bank at" in printed
    assert {"onnxruntime", "tokenizers"} <= modules
    assert "onnxruntime" not in run("search", "--help")[1]
