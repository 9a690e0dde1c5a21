"""Help: whole sentences at 80 columns, with examples that can be run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from aqe.cli.command_groups import SHORTCUTS
from aqe.cli.main import app


def commands() -> Iterator[tuple[str, Any]]:
    def walk(path: str, command: Any, context: Any) -> Iterator[tuple[str, Any]]:
        yield path, context
        if isinstance(command, TyperGroup):
            for name in command.list_commands(context):
                child: Any = command.get_command(context, name)
                inner = typer.Context(child, info_name=name, parent=context)
                yield from walk(f"{path} {name}", child, inner)

    root = typer.main.get_command(app)
    yield from walk("aqe", root, typer.Context(root, info_name="aqe", terminal_width=80))


CONTEXTS = dict(commands())


def help_of(path: str) -> str:
    return str(CONTEXTS[path].command.get_help(CONTEXTS[path]))


def examples_of(path: str) -> list[str]:
    return [line.strip() for line in help_of(path).partition("\nExamples:\n")[2].splitlines()]


@pytest.mark.parametrize("path", CONTEXTS)
def test_help_has_examples_whole_descriptions_and_fits(path: str) -> None:
    text = help_of(path)
    assert examples_of(path), f"{path} has no example"
    before = text.partition("\nExamples:\n")[0]
    assert max(map(len, before.splitlines())) <= 80
    assert not re.search(r"\.\.\.$", before.partition("\n")[2], re.MULTILINE)
    assert "Raises" not in text
    assert "``" not in text


def names_of(option: Any) -> list[str]:
    return [*option.opts, *option.secondary_opts]


@pytest.mark.parametrize("path", CONTEXTS)
def test_examples_are_command_lines_that_parse(path: str) -> None:
    for example in examples_of(path):
        command = re.search(r"aqe [^|>&]*", example)
        assert command, example
        words = shlex.split(command[0])[1:]
        context = CONTEXTS["aqe"]
        while words and isinstance(context.command, TyperGroup) and words[0][0] != "-":
            child: Any = context.command.get_command(context, words[0])
            assert child is not None, example
            context = typer.Context(child, info_name=words.pop(0), parent=context)
        known = {name for option in context.command.params for name in names_of(option)} | {
            "--help"
        }
        used = {word for word in words if word.startswith("-") and word != "-"}
        assert used <= known, f"{example}: {used - known}"


def test_a_shortcut_is_the_command_of_the_group() -> None:
    for name, group in SHORTCUTS.items():
        own, other = CONTEXTS[f"aqe {name}"].command, CONTEXTS[f"aqe {group} {name}"].command
        assert own.callback.__wrapped__ is other.callback.__wrapped__
        assert [option.opts for option in own.params] == [option.opts for option in other.params]


SHORT = {
    "-n": "--limit",
    "-f": "--framework",
    "-l": "--language",
    "-k": "--category",
    "-p": "--project",
    "-t": "--tag",
    "-o": "--format",
    "-y": "--yes",
}


@pytest.mark.parametrize("path", CONTEXTS)
def test_a_short_option_means_the_same_everywhere(path: str) -> None:
    for parameter in CONTEXTS[path].command.params:
        short = [option for option in parameter.opts if re.fullmatch("-[a-z]", option)]
        for option in short:
            assert SHORT[option] in parameter.opts, f"{path} {option}"
        for option in {"--limit", "--project", "--category", "--language", "--yes"}:
            if option in parameter.opts:
                assert short, f"{path} {option} has no short form"
