"""Writes the command reference from the commands' own help: ``python -m aqe.cli.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from .main import app

__all__ = ["reference"]

WIDTH = 90


def reference() -> str:
    """Returns the Markdown text of ``docs/cli.md``."""
    root = typer.main.get_command(app)
    sections = [f"## `{path}`\n\n```text\n{text}\n```" for path, text in _help_texts(root, "aqe")]
    return (
        "# Command reference\n\n"
        "Written by `make docs` from the commands' own help; do not edit.\n\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage. Results go to standard output; progress,\n"
        "the database's path and errors to standard error.\n\n" + "\n\n".join(sections) + "\n"
    )


def _help_texts(
    command: Any, path: str, parent: typer.Context | None = None
) -> Iterator[tuple[str, str]]:
    """Yields the help of a command and of all below it; ``Any``, since typer hides its click."""
    context = typer.Context(
        command, info_name=path.split()[-1], parent=parent, terminal_width=WIDTH
    )
    yield path, command.get_help(context).strip()
    if isinstance(command, TyperGroup):
        for name in command.list_commands(context):
            yield from _help_texts(command.get_command(context, name), f"{path} {name}", context)


if __name__ == "__main__":
    sys.stdout.write(reference())
