"""Wrong usage is one line: the option, what it expects, what came, and no word of the parser."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from aqe.cli.main import app

from ..command_line import Aqe

FOREIGN = re.compile(
    r"Input should|Value error|valid (integer|number|string)|unable to parse|Invalid value|No such"
    r"|pydantic|msgspec|click|Got unexpected|Missing (option|argument|command)|x<=|Traceback"
)


def options() -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields the path of each command with each of its options that takes a checked value."""

    def walk(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], str]]:
        for parameter in command.params:
            is_checked = parameter.type.name.split()[0] in ("int", "integer", "float", "choice")
            if is_checked and parameter.param_type_name == "option" and not parameter.is_flag:
                yield path, max(parameter.opts, key=len)
        if isinstance(command, TyperGroup):
            context = typer.Context(command)
            for name in command.list_commands(context):
                yield from walk((*path, name), command.get_command(context, name))

    yield from walk((), typer.main.get_command(app))


CHECKED = list(options())


def test_the_checked_options_are_found() -> None:
    assert (("search",), "--limit") in CHECKED
    assert (("patterns", "list"), "--sort") in CHECKED
    assert len(CHECKED) > 40


@pytest.mark.parametrize(("path", "option"), CHECKED, ids=lambda value: " ".join(value))
def test_nonsense_names_the_option_and_what_it_expects(
    aqe: Aqe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...], option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = aqe(*path, option, "no-such-value")
    assert (outcome.code, outcome.out) == (2, ""), outcome.err
    assert outcome.err.startswith(f"error: '{option}': "), outcome.err
    assert re.search(r"expected a (whole )?number|is not one of \w", outcome.err), outcome.err
    assert "'no-such-value'" in outcome.err
    assert outcome.err.count("\n") == 1
    assert not FOREIGN.search(outcome.err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("search", "-n", "0"), "'--limit': expected a whole number from 1 to 4096, got '0'"),
        (("search", "-n", "5000"), "'--limit': expected a whole number from 1 to 4096, got '5000'"),
        (("search", "-n", "1.5"), "'--limit': expected a whole number from 1 to 4096, got '1.5'"),
        (("search", "--min-quality", "2"), "'--min-quality': expected a number from 0 to 1"),
        (("search", "--min-quality", "nan"), "'--min-quality': expected a number"),
        (("search", "-f", "pytset"), "'--framework': 'pytset' is not one of ava, "),
        (("search", "-f", "pytset"), "; did you mean pytest?"),
        (("search", "-l", "pyhton"), "; did you mean python?"),
        (("search", "-k", "untit"), "'untit' is not one of unit, integration, e2e, perf"),
        (("search", "-k", "untit"), "; did you mean unit?"),
        (("search", "-n"), "'-n': expected a value, got none"),
        (("search", "--json=3"), "'--json': expected no value"),
        (("search", "--limt", "3"), "aqe search has no option --limt; did you mean --limit?"),
        (("search", "-z"), "aqe search has no option -z"),
        (("search", "--for", "no.py"), "ile 'no.py' does not exist"),
        (("search", "-"), "'QUERY': expected a query on stdin, got nothing"),
        (("--json", "search"), "aqe has no option --json; options go after the command"),
        (("patterns", "-n", "3", "list"), "options go after the command"),
        (("show",), "expected 'ID' (Pattern id, or a unique prefix), got none"),
        (("show", "a", "b"), "expected no further argument, got 'b'"),
        (("patterns", "use", "a"), "expected '--success' or '--failure' (Whether it served"),
        (("learn", "recommend", "--agent", "a"), "expected '--type' (Task type), got none"),
        (("serch", "x"), "aqe has no command 'serch'; did you mean aqe search"),
        (("patterns", "serch"), "did you mean aqe patterns search?"),
        (("list",), "aqe has no command 'list'; did you mean aqe patterns list or aqe"),
        (("migrate",), "did you mean aqe db migrate?"),
        (("pattern",), "did you mean aqe patterns?"),
        (("db", "export"), "did you mean aqe patterns export or aqe learn export?"),
        (("zzzzz",), "aqe has no command 'zzzzz'; see: aqe --help"),
        (("learn", "--bogus"), "aqe learn has no option --bogus"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_helpful_line(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], line: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    outcome = aqe(*arguments)
    assert (outcome.code, outcome.out) == (2, ""), outcome.err
    assert line in outcome.err
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1
    assert not FOREIGN.search(outcome.err)


def test_no_command_shows_the_help(aqe: Aqe) -> None:
    outcome = aqe("patterns")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Usage: aqe patterns ")
    assert "error" not in outcome.err
