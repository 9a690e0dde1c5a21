"""Formats for people and programs: the same rows, whole, wherever they go."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqe.cli.shell.row_formats import csv_text

from ..command_line import Aqe

SOURCE = Path(__file__).resolve().parents[3] / "src"
ROWS = [
    ("search", "total", "--mode", "text"),
    ("patterns", "search", "total", "--mode", "text"),
    ("patterns", "list"),
    ("agents", "list"),
    ("learn", "history"),
    ("learn", "status"),
    ("stats",),
]


def first_id(aqe: Aqe) -> str:
    return str(aqe("patterns", "list", "-n", "1", "--json").json()["patterns"][0]["id"])


def test_each_format_has_the_same_patterns(aqe: Aqe, shop: Path) -> None:
    listed = aqe("patterns", "list", "--format", "json").json()["patterns"]
    lines = aqe("patterns", "list", "--format", "jsonl").out.splitlines()
    cells = list(csv.DictReader(io.StringIO(aqe("patterns", "list", "--format", "csv").out)))
    marked = aqe("patterns", "list", "--format", "markdown").out.splitlines()
    table = aqe("patterns", "list").out.splitlines()
    assert [json.loads(line) for line in lines] == listed
    assert [row["id"] for row in cells] == [pattern["id"] for pattern in listed]
    assert [line.split(" | ")[0].removeprefix("| ") for line in marked[2:]] == [
        pattern["id"] for pattern in listed
    ]
    assert [line.split("\t")[0] for line in table[1:]] == [pattern["id"] for pattern in listed]
    assert len(listed) == 3


@pytest.mark.parametrize("command", ROWS, ids=" ".join)
@pytest.mark.parametrize("format", ["table", "json", "jsonl", "csv", "markdown"])
def test_every_list_has_every_format(
    aqe: Aqe, shop: Path, command: tuple[str, ...], format: str
) -> None:
    outcome = aqe(*command, "--format", format)
    assert outcome.code == 0, outcome.err
    if format == "json":
        assert outcome.json()["database"] == str(shop / ".aqe" / "aqe.db")


def test_json_is_short_for_the_format(aqe: Aqe, shop: Path) -> None:
    assert aqe("patterns", "list", "--json").out == aqe("patterns", "list", "-o", "json").out


@pytest.mark.parametrize("options", [("--json",), ("-o", "json"), ("--format=json",)])
def test_a_failure_is_a_json_document_too(aqe: Aqe, shop: Path, options: tuple[str, ...]) -> None:
    outcome = aqe("patterns", "list", "--db", "typo.db", *options)
    assert outcome.code == 1
    assert json.loads(outcome.out)["exit_code"] == 1
    plain = aqe("patterns", "list", "--db", "typo.db", "-o", "csv")
    assert (plain.code, plain.out) == (1, "")


def test_fields_choose_the_columns_of_every_format(aqe: Aqe, shop: Path) -> None:
    command = ("patterns", "list", "-n", "1", "--fields", "name, id")
    found = aqe(*command, "--json").json()["patterns"][0]
    assert list(found) == ["name", "id"]
    assert json.loads(aqe(*command, "--format", "jsonl").out) == found
    expected = f"name,id\n{found['name']},{found['id']}\n"
    assert aqe(*command, "--format", "csv").out == expected
    assert aqe(*command).out == expected.replace(",", "\t")
    assert aqe(*command, "--format", "markdown").out.splitlines() == [
        "| name | id |",
        "| --- | --- |",
        f"| {found['name']} | {found['id']} |",
    ]


def test_show_has_fields_and_formats(aqe: Aqe, shop: Path) -> None:
    id = first_id(aqe)
    document = aqe("show", id, "--json", "--fields", "id,source").json()
    assert document["pattern"].keys() == {"id", "source"}
    assert json.loads(aqe("show", id, "-o", "jsonl").out)["id"] == id
    assert aqe("show", id, "-o", "csv", "--fields", "id").out == f"id\n{id}\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fields", "id,nmae"), "'--fields': expected some of name, category, "),
        (("--fields", "id,nmae"), "got 'nmae'; did you mean name?"),
        (("--fields", "zzzzz", "--json"), "got 'zzzzz'; see:"),
        (("--fields", ","), "'--fields': expected names separated by commas, got ','"),
        (("--json", "--format", "csv"), "'--json': it is --format json, got --format csv too"),
        (
            ("--format", "cvs"),
            "'cvs' is not one of table, json, jsonl, csv, markdown; did you mean",
        ),
    ],
)
def test_wrong_formats_and_fields_are_wrong_usage(
    aqe: Aqe, shop: Path, options: tuple[str, ...], message: str
) -> None:
    outcome = aqe("patterns", "list", *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_csv_runs_no_formula_and_keeps_numbers() -> None:
    rows: list[dict[str, Any]] = [{"a": "=1+1", "b": -1, "c": [1, "x"], "d": None}]
    assert csv_text(rows, ["a", "b", "c", "d"]) == 'a,b,c,d\n\'=1+1,-1,"[1,""x""]",\n'


def test_markdown_cells_stay_cells(aqe: Aqe, shop: Path) -> None:
    (shop / "tests" / "test_pipe.py").write_text(
        'def test_pipe():\n    """Joins a | b\\\\n with | ."""\n    assert join("a") == "a|"\n'
    )
    aqe("extract", "tests/test_pipe.py")
    out = aqe("search", "pipe", "--mode", "text", "-o", "markdown", "--fields", "name,description")
    assert out.out.splitlines()[2].replace("\\|", "").count("|") == 3


def test_a_pipe_gets_whole_cells_and_no_rules(aqe: Aqe, shop: Path) -> None:
    long = "x" * 150
    (shop / "tests" / "test_long.py").write_text(f"def test_{long}():\n    assert f() == 1\n")
    aqe("extract", "tests/test_long.py")
    for command in (("patterns", "list"), ("search", long, "--mode", "text")):
        heading, *lines = aqe(*command).out.splitlines()
        assert any(f"test_{long}" in line.split("\t") for line in lines)
        assert {line.count("\t") for line in lines} == {heading.count("\t")}
        assert not {"─", "━", "…"} & set("".join(lines))
        assert not [line for line in lines if "  " in line or line != line.strip(" ")]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_shows_whole_ids_and_the_project(
    aqe: Aqe, shop: Path, terminal: Callable[[int], None], columns: int
) -> None:
    id = first_id(aqe)
    terminal(columns)
    for command in (("patterns", "list"), ("search", "total prices"), ("patterns", "similar", id)):
        out = aqe(*command).out
        ids = {line.split()[0] for line in out.splitlines() if "shop: tests/" in line}
        assert {len(found) for found in ids} == {16}
        assert max(map(len, out.splitlines())) <= columns


def piped(shop: Path, tail: str, *arguments: str, **environment: str) -> str:
    """Returns what a pipe of the command into another one prints, errors too."""
    command = " ".join([sys.executable, "-m", "aqe", *arguments])
    done = subprocess.run(
        f"({command} {tail}) 2>&1",
        shell=True,
        cwd=shop,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "TERM": "xterm-256color", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout


def test_a_closed_pipe_ends_quietly(shop: Path) -> None:
    for command in ("list", "list --format jsonl", "list --help"):
        out = piped(shop, "2>&1 >/dev/full | head -1", "patterns", command)
        assert "Traceback" not in out
    quiet = piped(shop, "| true", "patterns", "list", "--json")
    assert quiet == ""


def test_colour_follows_the_environment(shop: Path) -> None:
    command = ("search", "total", "--mode", "text")
    assert "\x1b" not in piped(shop, "| cat", *command)
    assert "\x1b[3" not in piped(shop, "| cat", *command, FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b[" in piped(shop, "| cat", *command, FORCE_COLOR="1", TTY_COMPATIBLE="1")
    cut = piped(shop, "2>/dev/null | cat", "patterns", "list", FORCE_COLOR="1", COLUMNS="40")
    assert cut.startswith("id\tname\t")
