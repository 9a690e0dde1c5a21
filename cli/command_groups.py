"""Lists the groups of commands and imports each only when it is used.

So a search does not load the learning half; only the help of ``aqe`` itself loads every group.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["GROUPS", "LazyGroup"]

# Name of a group -> module of this package that holds it as ``app``; in the order of the help.
GROUPS = {
    "patterns": "patterns.pattern_commands",
    "learn": "learn.learn_commands",
    "improve": "improve",
    "agents": "agents",
    "memory": "memory",
    "db": "db",
    "bench": "bench.bench_commands",
}


class LazyGroup(TyperGroup):
    """The root of the command line, which imports a group when one of its commands runs."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns the names of the groups, without importing any."""
        return list(GROUPS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Returns the group of this name, imported now; None for an unknown name."""
        if cmd_name not in GROUPS:
            return None
        module = import_module(f".{GROUPS[cmd_name]}", __package__)
        command = typer.main.get_group(module.app)
        command.name = cmd_name
        return command
