"""Defines the classes of commands and groups: help with examples, names that were meant.

The docstring of a command is its help. What follows ``Examples:`` is printed as it is, below the
options; ``Raises:`` is for readers of the code.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from ..safe_text import clean

__all__ = ["CommandApp", "HelpCommand", "HelpGroup", "command_app"]

MAX_SUGGESTIONS = 3
# The parser is hidden inside typer; this is the base of all that it raises about a command line.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]


class _Help(NamedTuple):
    """The parts of a help text."""

    text: str
    examples: str

    @property
    def first_paragraph(self) -> str:
        return " ".join(self.text.partition("\n\n")[0].split())


def _help_of(command: Any) -> _Help:
    text, _, examples = (command.help or "").partition("\nExamples:\n")
    return _Help(
        text.partition("\nRaises:\n")[0].strip(), examples.partition("\nRaises:\n")[0].rstrip()
    )


def _write_text(command: Any, formatter: Any) -> None:
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(_help_of(command).text)


# The parser's names of types, and of bounds.
_TYPES = {
    r"<list\[(\w+)\]>": r"<\1>",
    r"<int( range)?>": "N",
    r"<float( range)?>": "NUMBER",
    r"<str>": "TEXT",
    r"<(path|file|dir|Path)>": "PATH",
}
_BOUNDS = {r"(\S+)<=x<=([^\s;\]]+)": r"\1 to \2", r"x>=([^\s;\]]+)": r"at least \1"}


def _write_parameters(command: Any, ctx: Any, formatter: Any) -> None:
    """Writes arguments and options with types in the words of a user."""
    records: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
    for parameter in command.get_params(ctx):
        if record := parameter.get_help_record(ctx):
            name = _replaced(record[0], _TYPES)
            if parameter.param_type_name == "argument":
                name = parameter.metavar or parameter.name.upper()
            records[parameter.param_type_name].append((name, _replaced(record[1], _BOUNDS)))
    for kind, rows in records.items():
        if rows:
            with formatter.section(f"{kind.capitalize()}s"):
                formatter.write_dl(rows)


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for pattern, word in words.items():
        text = re.sub(pattern, word, text)
    return text


def _write_examples(command: Any, formatter: Any) -> None:
    if examples := _help_of(command).examples:
        with formatter.section("Examples"):
            for line in examples.splitlines():
                formatter.write(f"  {line.strip()}\n")


class HelpCommand(TyperCommand):
    """A command whose help ends with its examples."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes arguments and options."""
        _write_parameters(self, ctx, formatter)

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Writes the help without examples."""
        _write_text(self, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes the examples."""
        _write_examples(self, formatter)


class HelpGroup(TyperGroup):
    """A group that lists its commands in whole sentences, and says which command was meant."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Writes the help without examples."""
        _write_text(self, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes the examples."""
        _write_examples(self, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes options and commands."""
        _write_parameters(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes name and first paragraph of each command, uncut."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _help_of(command).first_paragraph) for name, command in commands]
            )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Returns the command that the first argument names.

        Raises:
            UsageError: There is none.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            meant = self._meant(ctx, name)
            hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
            ctx.fail(f"{ctx.command_path} has no command {name!r}{hint}")
        return super().resolve_command(ctx, args)

    def _meant(self, ctx: Any, name: str) -> list[str]:
        """Returns the paths of commands whose names are like one that does not exist."""
        own = get_close_matches(name.lower(), self.list_commands(ctx), MAX_SUGGESTIONS)
        if own:
            return [f"{ctx.command_path} {command}" for command in own]
        root = ctx.find_root()
        paths = dict(_paths_below(root.command, root, root.command_path))
        close = get_close_matches(name.lower(), set(paths.values()), MAX_SUGGESTIONS, cutoff=0.8)
        best = [path for path, last in paths.items() if close and last == close[0]]
        return best[:MAX_SUGGESTIONS]

    def main(self, *args: Any, **extra: Any) -> Any:
        """Runs the group; wrong usage ends in one line.

        Raises:
            SystemExit: With the exit code, in standalone mode.
        """
        extra["prog_name"] = extra.get("prog_name") or "aqe"  # also for `python -m aqe`
        standalone = extra.get("standalone_mode", True)
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except _USAGE_ERROR as error:
            from .usage_report import usage_text

            sys.stderr.write(f"{clean(usage_text(error))}\n")
            sys.exit(2)
        except typer.Abort:
            sys.stderr.write("nothing was changed\n")
            sys.exit(1)
        if standalone:
            sys.exit(code if isinstance(code, int) else 0)
        return code


def _paths_below(group: Any, ctx: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yields the path and the last name of each command below a group."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        yield f"{path} {name}", name
        if isinstance(command, TyperGroup):
            yield from _paths_below(command, ctx, f"{path} {name}")


class CommandApp(typer.Typer):
    """A group of commands of these classes."""

    def command(
        self,
        name: str | None = None,
        *,
        cls: type[TyperCommand] | None = HelpCommand,
        **settings: Any,
    ) -> Callable[[Any], Any]:
        """Returns a decorator that registers a command."""
        return super().command(name, cls=cls, **settings)


def command_app(help: str, *, cls: type[TyperGroup] = HelpGroup, **settings: Any) -> CommandApp:
    """Returns an empty group with this help."""
    settings = {"no_args_is_help": True, **settings}
    return CommandApp(help=help, cls=cls, rich_markup_mode=None, **settings)
