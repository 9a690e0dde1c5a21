"""``show --open`` starts the editor at the line; hyperlinks where the terminal has them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.cli.shell.editor import editor_command, has_hyperlinks
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import TestPattern

from ..command_line import Aqe

FILE = Path("/x/test a.py")


@pytest.mark.parametrize(
    ("editor", "command"),
    [
        ("vim", ["vim", "+7", "/x/test a.py"]),
        ("/usr/bin/nano -l", ["/usr/bin/nano", "-l", "+7", "/x/test a.py"]),
        ("emacsclient -nw", ["emacsclient", "-nw", "+7", "/x/test a.py"]),
        ("code --wait", ["code", "--wait", "--goto", "/x/test a.py:7"]),
        ("hx", ["hx", "/x/test a.py:7"]),
        ("subl -w", ["subl", "-w", "/x/test a.py:7"]),
        ("pycharm", ["pycharm", "--line", "7", "/x/test a.py"]),
    ],
)
def test_each_editor_gets_the_line_in_its_own_way(editor: str, command: list[str]) -> None:
    assert editor_command(editor, FILE, 7) == command


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that writes its arguments into ``opened``."""
    path = tmp_path / "my editor"
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/opened"\n')
    path.chmod(0o755)
    return path


def cart(aqe: Aqe) -> str:
    found = aqe("search", "sum prices", "--json", "-n", "1", "--mode", "text").json()["matches"]
    return str(found[0]["id"])


@pytest.mark.parametrize("variable", ["VISUAL", "EDITOR"])
def test_open_starts_the_editor_at_the_line(
    aqe: Aqe, shop: Path, editor: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, f"'{editor}' -x")
    id = cart(aqe)
    line = aqe("show", id, "--json").json()["pattern"]["source"].rpartition(":")[2]
    monkeypatch.chdir(shop / "tests")
    assert aqe("show", id, "--open").code == 0
    opened = (editor.parent / "opened").read_text().splitlines()
    assert opened == ["-x", f"+{line}", str(shop / "tests" / "test_cart.py")]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no-such-editor", "there is no editor 'no-such-editor'; name one in $VISUAL or $EDITOR"),
        ("false", "ended with exit code 1"),
        ("'unclosed", "cannot read $VISUAL or $EDITOR"),
        (" ", "expected the name of an editor in $VISUAL or $EDITOR"),
    ],
)
def test_an_editor_that_fails_is_one_line(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    monkeypatch.setenv("VISUAL", value)
    outcome = aqe("show", cart(aqe), "--open")
    assert outcome.code == 1
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_source_that_is_not_here_is_one_line(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = cart(aqe)
    (shop / "tests" / "test_cart.py").unlink()
    gone = aqe("show", id, "--open")
    assert gone.code == 1
    assert "of project 'shop' is not on this machine" in gone.err
    with QEReasoningBank(shop / ".aqe" / "aqe.db", encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(
            TestPattern(
                id="hand", name="n", category="unit", framework="pytest", language="python",
                template="x = 1",
            )
        )  # fmt: skip
    assert "was stored by hand: it has no source to open" in aqe("show", "hand", "--open").err


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"VTE_VERSION": "7003"}, True),
        ({"VTE_VERSION": "4205"}, False),
        ({"VTE_VERSION": "x"}, False),
        ({"KITTY_WINDOW_ID": "1"}, True),
        ({"FORCE_HYPERLINK": "1"}, True),
    ],
)
def test_hyperlinks_are_for_terminals_that_have_them(
    environment: dict[str, str], expected: bool
) -> None:
    assert has_hyperlinks(environment) is expected


def test_show_links_and_highlights_only_on_a_terminal(
    aqe: Aqe, shop: Path, terminal: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    id = cart(aqe)
    monkeypatch.setenv("FORCE_HYPERLINK", "1")
    piped = aqe("show", id).out
    assert "\x1b" not in piped
    assert "\ndef test_total" in piped
    terminal(80)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = aqe("show", id).out
    assert f"{os.uname().nodename}{shop}/tests/test_cart.py#L" in shown
    assert "\x1b[" in shown.partition("template")[2]
    (shop / "tests" / "test_cart.py").unlink()
    assert "]8;" not in aqe("show", id).out


def test_shown_code_keeps_its_tabs_in_a_pipe(aqe: Aqe, shop: Path) -> None:
    (shop / "tests" / "test_tabs.py").write_text("def test_tabs():\n\tassert f() == 1\n")
    aqe("extract", "tests/test_tabs.py")
    found = aqe("search", "tabs", "--json", "-n", "1", "--mode", "text").json()["matches"][0]
    assert "\n\tassert f()" in aqe("show", found["id"]).out
