"""A group whose commands are imported when they are asked for: a search does not load learning."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["GROUPS", "LazyGroup"]

# Name of a group of commands -> module of this package with its ``app``; the order of the help.
GROUPS = {
    "patterns": "patterns",
    "learn": "learn",
    "improve": "improve",
    "agents": "agents",
    "memory": "memory",
    "db": "db",
    "bench": "bench",
}


class LazyGroup(TyperGroup):
    """The root of the command line."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns the names of the groups, without importing any."""
        return list(GROUPS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Returns the group of this name, imported now; None when there is none."""
        if cmd_name not in GROUPS:
            return None
        module = import_module(f".{GROUPS[cmd_name]}", __package__)
        command = typer.main.get_group(module.app)
        command.name = cmd_name
        return command
