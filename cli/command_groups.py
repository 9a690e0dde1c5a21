"""Lists the groups of commands, and imports a command only when it is used.

A group that lists its commands as data shows their help without importing them: a search does not
load the learning half, and ``aqe --help`` loads no command at all.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from .shell.command_class import HelpCommand, HelpGroup

__all__ = [
    "FRAMEWORK_NAMES",
    "LANGUAGE_NAMES",
    "PATTERN_SHORTCUTS",
    "SHORTCUTS",
    "CommandSource",
    "LazyGroup",
    "RootGroup",
]

# Replaced in the help by the names that are declared.
FRAMEWORK_NAMES = "FRAMEWORKS"
LANGUAGE_NAMES = "LANGUAGES"


class _NamesCommand(HelpCommand):
    """A command whose help lists the declared frameworks and languages.

    They are read when the help is shown, since other commands must not pay for it.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help, with the names in the place of ``FRAMEWORKS`` and ``LANGUAGES``."""
        from .. import schema

        for parameter in self.params:
            if isinstance(parameter, TyperOption) and parameter.help:
                text = parameter.help.replace(FRAMEWORK_NAMES, ", ".join(schema.FRAMEWORKS))
                parameter.help = text.replace(LANGUAGE_NAMES, ", ".join(schema.LANGUAGES))
        super().format_help(ctx, formatter)


@dataclass(frozen=True, slots=True)
class CommandSource:
    """The place of a command or group, and what the help of its parent says about it.

    Args:
        target: ``module:name``, the module relative to ``aqe.cli``; the name is that of a function,
            or of a ``typer.Typer`` for a group.
        help: First line of the command's own help.
    """

    target: str
    help: str

    def load(self, name: str) -> Any:
        """Returns the command under this name, imported now; ``Any``, since typer hides click."""
        module, _, attribute = self.target.partition(":")
        target = getattr(import_module(f".{module}", __package__), attribute)
        if isinstance(target, typer.Typer):
            command: Any = typer.main.get_group(target)
            command.name = name
            return command
        single = typer.Typer(rich_markup_mode=None, add_completion=False)
        single.command(name, cls=_NamesCommand)(target)
        return typer.main.get_command(single)


class _LoadedOnUse(UserDict[str, Any]):
    """The commands of a group by name, each imported when it is read."""

    def __getitem__(self, name: str) -> Any:
        return self.data[name].load(name)


class LazyGroup(HelpGroup):
    """A group whose commands are data until one of them is used.

    A subclass sets ``sources``, in the order of the help. To add a command, add its line.
    """

    sources: ClassVar[Mapping[str, CommandSource]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _LoadedOnUse(self.sources)

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns the names of the commands, without importing any."""
        return list(self.sources)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Returns the command of this name, imported now; None for an unknown name."""
        return self.commands[cmd_name] if cmd_name in self.sources else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the names and first help lines of the commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, source.help) for name, source in self.sources.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Returns the options and commands that begin with a text, without importing any."""
        described = {
            name: TyperCommand(name, help=source.help) for name, source in self.sources.items()
        }
        group = TyperGroup(name=self.name, params=self.params, commands={**described})
        return group.shell_complete(typer.Context(group, parent=ctx.parent), incomplete)


# Commands of ``aqe patterns`` that are commands of ``aqe`` itself too.
PATTERN_SHORTCUTS: Mapping[str, CommandSource] = {
    "search": CommandSource(
        "patterns.pattern_search:search", "Find the patterns that fit a need best."
    ),
    "extract": CommandSource(
        "patterns.pattern_extract:extract",
        "Extract patterns from test suites; a second run stores only what changed.",
    ),
    "show": CommandSource(
        "patterns.pattern_details:show", "Show one pattern and explain its quality."
    ),
    "stats": CommandSource(
        "patterns.pattern_details:stats",
        "Show totals and use of the bank or of one project, counted from its rows.",
    ),
}
SHORTCUTS = dict.fromkeys(PATTERN_SHORTCUTS, "patterns")


class RootGroup(LazyGroup):
    """The groups of ``aqe``, and the commands that everybody types first."""

    sources: ClassVar = {
        "init": CommandSource(
            "patterns.pattern_init:init",
            "Make a bank of the tests here, and show where it is and what to do next.",
        ),
        **PATTERN_SHORTCUTS,
        "doctor": CommandSource(
            "operations.doctor:doctor",
            "Check the installation and the bank in one go; exit code 1 if something fails.",
        ),
        "patterns": CommandSource(
            "patterns.pattern_commands:app", "Store, find and inspect test patterns."
        ),
        "learn": CommandSource(
            "learn.learn_commands:app", "Show what agents have learned, and record outcomes."
        ),
        "improve": CommandSource(
            "learn.improve_commands:app",
            "Consolidate what was learned: records, standings, comparisons.",
        ),
        "agents": CommandSource(
            "learn.agent_commands:app", "Show the roles of the fleet and what each has learned."
        ),
        "report": CommandSource(
            "report.report_command:report",
            "Report what is in the bank, what is used, what was learned, and whether it gets"
            " better.",
        ),
        "memory": CommandSource(
            "operations.memory:app", "Show disk and memory use, and free disk space."
        ),
        "db": CommandSource("db:app", "Find, upgrade, check, repair and copy the database file."),
        "bench": CommandSource(
            "bench.bench_commands:app",
            "Measure this installation; without a command, the bank at 1,000 patterns.",
        ),
    }
