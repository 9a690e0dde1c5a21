"""The command as a whole: help, codes, one line an error."""

from __future__ import annotations

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
from aqe.schema import DatabaseBusyError

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
        assert "--json" in {option for one in command.params for option in one.opts}, name


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


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (DatabaseBusyError("locked\nfor long"), 1, "error: locked for long\n"),
        (ValueError("limit must be >= 1, got 0"), 2, "error: limit must be >= 1, got 0\n"),
        (TypeError("bad"), 2, "error: bad\n"),
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
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.delenv("AQE_DEBUG", raising=False)
    monkeypatch.setattr("aqe.cli.db.locate", fail)
    assert run(monkeypatch, capsys, "db", "path") == (code, "", line)


@pytest.mark.parametrize("error", [ValueError, RuntimeError])
def test_a_developer_gets_the_traceback(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*arguments: object) -> None:
        raise error("here")

    monkeypatch.setenv("AQE_DEBUG", "1")
    monkeypatch.setattr("aqe.cli.db.locate", fail)
    monkeypatch.setattr(sys, "argv", ["aqe", "db", "path"])
    with pytest.raises(error, match="here"):
        main_module.main()


def test_python_m_aqe_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aqe", "--version"],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"aqe {__version__}\n", "")
