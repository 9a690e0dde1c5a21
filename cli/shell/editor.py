"""Opens a file at a line in the user's editor, and makes links that terminals open."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...schema import AqeError

__all__ = ["editor_command", "file_link", "has_hyperlinks", "open_in_editor"]

# Editors by how they take a line; all others take `+LINE FILE`, as vi does.
_COLON = {"hx", "helix", "subl", "sublime_text", "zed", "zeditor"}
_GOTO = {"code", "code-insiders", "codium", "cursor", "windsurf"}
_LINE_OPTION = {"idea", "pycharm", "webstorm", "goland", "clion", "kate", "mate"}
# Variables that terminals with hyperlinks set; there is no other way to know.
# https://github.com/Alhadis/OSC8-Adoption
_LINK_TERMINALS = (
    *("KITTY_WINDOW_ID", "WT_SESSION", "WEZTERM_PANE", "KONSOLE_VERSION", "DOMTERM"),
    *("GHOSTTY_RESOURCES_DIR", "ALACRITTY_WINDOW_ID", "FORCE_HYPERLINK"),
)
_LINK_PROGRAMS = {"iTerm.app", "vscode", "WezTerm", "ghostty", "Hyper", "rio", "zed"}
_MIN_VTE = 5000


def editor_command(editor: str, path: Path, line: int) -> list[str]:
    """Returns the command that opens a file at a line.

    Args:
        editor: The editor with its arguments, as in ``$EDITOR``.

    Raises:
        ValueError: It is empty, or has a quote that does not end.
    """
    words = shlex.split(editor)
    if not words:
        raise ValueError("expected the name of an editor in $VISUAL or $EDITOR")
    name = Path(words[0]).name
    if name in _COLON:
        return [*words, f"{path}:{line}"]
    if name in _GOTO:
        return [*words, "--goto", f"{path}:{line}"]
    if name in _LINE_OPTION:
        return [*words, "--line", str(line), str(path)]
    return [*words, f"+{line}", str(path)]


def open_in_editor(path: Path, line: int, environment: Mapping[str, str]) -> None:
    """Runs ``$VISUAL``, ``$EDITOR`` or else vi, and waits for its end.

    Raises:
        AqeError: There is no editor, or it failed.
    """
    editor = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    try:
        command = editor_command(editor, path, line)
    except ValueError as error:
        raise AqeError(f"cannot read $VISUAL or $EDITOR ({editor!r}): {error}") from error
    _run(command)


def _run(command: Sequence[str]) -> None:
    if shutil.which(command[0]) is None:
        raise AqeError(f"there is no editor {command[0]!r}; name one in $VISUAL or $EDITOR")
    code = subprocess.run(command, check=False).returncode
    if code:
        raise AqeError(f"{shlex.join(command)} ended with exit code {code}")


def file_link(path: Path, line: int) -> str:
    """Returns the address of a line of a file for a hyperlink."""
    return f"file://{socket.gethostname()}{path.as_uri().removeprefix('file://')}#L{line}"


def has_hyperlinks(environment: Mapping[str, str]) -> bool:
    """Returns whether the terminal is one of those that show hyperlinks (OSC 8)."""
    if any(environment.get(name) for name in _LINK_TERMINALS):
        return True
    vte = environment.get("VTE_VERSION", "")
    return environment.get("TERM_PROGRAM") in _LINK_PROGRAMS or (
        vte.isdecimal() and int(vte) >= _MIN_VTE
    )
