"""Tests the command as a whole: help, exit codes, one line for an error."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from aqe import __version__
from aqe.cli import main as main_module
from aqe.schema import Database, DatabaseBusyError

ROOT = Path(__file__).resolve().parents[2]


def commands() -> Iterator[tuple[str, Any]]:
    """Yields every command and group with its full name; ``Any``, since typer hides its click."""

    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield name, command
        if isinstance(command, TyperGroup):
            context = typer.Context(command)
            for child in command.list_commands(context):
                yield from walk(f"{name} {child}", command.get_command(context, child))

    yield from walk("aqe", typer.main.get_command(main_module.app))


COMMANDS = dict(commands())


def test_the_groups_of_the_design_are_there() -> None:
    wanted = "list search show extract store delete export import stats reindex similar".split()
    assert {f"aqe patterns {name}" for name in wanted} <= set(COMMANDS)
    assert {"aqe db path", "aqe db migrate"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help, f"{name} has no help"
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or parameter.name == "help":
            continue
        help_text = getattr(parameter, "help", None)
        assert help_text, f"{name}: {parameter.name} has no help"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"`{name}`" in reference, f"run: make docs ({name} is missing in docs/cli.md)"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_but_groups_has_json(name: str) -> None:
    command = COMMANDS[name]
    if not isinstance(command, TyperGroup):
        assert "--json" in {option for parameter in command.params for option in parameter.opts}, (
            name
        )


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["aqe", *arguments])
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, capsys, "--version") == (0, f"aqe {__version__}\n", "")


def test_no_command_shows_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(monkeypatch, capsys)
    assert code == 2
    assert "patterns" in out + err


def test_garbage_is_collected_rarely_while_a_command_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["aqe"])
    before = gc.get_threshold()
    during: list[tuple[int, int, int]] = []

    def command() -> None:
        during.append(gc.get_threshold())
        raise ValueError

    with pytest.raises(SystemExit):
        main_module.main(command)
    assert during == [(100_000, *before[1:])]
    assert gc.get_threshold() == before


def failing(error: BaseException) -> typer.Typer:
    """Returns a command that raises an error from inside the library."""
    command = typer.Typer(pretty_exceptions_enable=False)

    @command.command()
    def fail() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (DatabaseBusyError("locked\nfor long"), 1, "error: locked for long\n"),
        (ValueError("limit"), 1, "error: ValueError: limit (AQE_DEBUG=1 shows where)\n"),
        (TypeError("bad"), 1, "error: TypeError: bad (AQE_DEBUG=1 shows where)\n"),
        (RuntimeError("[/] \x1b[31m"), 1, "error: RuntimeError: [/] \ufffd[31m (AQE_DEBUG=1 shows"
         " where)\n"),
        (KeyboardInterrupt(), 130, "error: interrupted; what was reported as stored is stored\n"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_and_a_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    line: str,
) -> None:
    monkeypatch.delenv("AQE_DEBUG", raising=False)
    monkeypatch.setattr(sys, "argv", ["aqe"])
    with pytest.raises(SystemExit) as ended:
        main_module.main(failing(error))
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out, printed.err.removeprefix("\n")) == (code, "", line)


@pytest.mark.parametrize("error", [TypeError, ValueError, RuntimeError])
def test_a_developer_gets_the_traceback(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setenv("AQE_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["aqe"])
    with pytest.raises(error, match="here"):
        main_module.main(failing(error("here")))


@pytest.mark.parametrize(
    ("arguments", "option", "reason"),
    [
        (("patterns", "list", "--limit", "0"), "--limit", "from 1 to 4096, got '0'"),
        (("patterns", "list", "--min-quality", "nan"), "--min-quality", ""),
        (("patterns", "extract", ".", "--min-quality", "nan"), "--min-quality", ""),
        (("patterns", "export", "-", "--format", "xml"), "--format", "'xml' is not one of"),
        (("patterns", "reindex", "--encoder", ""), "--encoder", "must not be empty"),
        (("patterns", "reindex", "--encoder", "hashing:x"), "--encoder", "whole number"),
        (("patterns", "forget"), "--source, --project, --agent or --run", "name what to forget"),
        (("patterns", "forget", "--project", "a", "--run", "r"), "--project", "does not limit"),
        (("patterns", "forget", "--agent", "a" * 201), "--agent", "1 to 200 characters"),
        (("patterns", "list", "--db", "~nobody-of-this-name/x.db"), "--db", "home directory"),
        (("bench", "--tolerance", "nan"), "--tolerance", ""),
        (("bench", "--save"), "--save", "it needs --baseline FILE"),
        (("bench", "latency", "--patterns", "10,"), "--patterns", "whole numbers above 0"),
        (("bench", "quality", ".", "--encoder", "hashing:5"), "--encoder", "from 8 to 8192"),
    ],
)
def test_wrong_usage_names_the_option(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    option: str,
    reason: str,
) -> None:
    monkeypatch.setenv("AQE_DB", str(tmp_path / "aqe.db"))
    Database(tmp_path / "aqe.db").close()
    code, out, err = run(monkeypatch, capsys, *arguments)
    line = err.splitlines()[-1]
    assert (code, out) == (2, ""), err
    assert option in line
    assert reason in line


def test_python_m_aqe_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aqe", "--version"],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"aqe {__version__}\n", "")
