"""The ``aqe`` command: its groups of commands, and how errors reach a person.

Exit codes: 0 done, 1 failed (the database, a file, the model), 2 wrong usage.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from aqe import __version__

from ..schema import AqeError
from .lazy_group import LazyGroup
from .output import plain, stderr

__all__ = ["app", "main"]

INTERRUPTED = 130  # 128 + SIGINT, as shells report it

app = typer.Typer(
    name="aqe",
    cls=LazyGroup,
    help="The learned memory of quality-engineering agents.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(value: bool) -> None:
    if value:
        sys.stdout.write(f"aqe {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """The learned memory of quality-engineering agents."""


def main() -> None:
    """Runs the command line; every failure becomes one line on stderr and an exit code."""
    try:
        app()
    except AqeError as error:
        _fail(str(error), 1)
    except (TypeError, ValueError) as error:
        if "AQE_DEBUG" in os.environ:
            raise
        _fail(str(error), 2)
    except SystemExit as ended:  # Typer makes a silent exit of Ctrl-C
        if ended.code != INTERRUPTED:
            raise
        _fail("interrupted; what was reported as stored is stored", INTERRUPTED)
    except Exception as error:  # the outermost edge: a person gets a line, a developer the rest
        if "AQE_DEBUG" in os.environ:
            raise
        _fail(f"{type(error).__name__}: {error} (AQE_DEBUG=1 shows where)", 1)


def _fail(message: str, code: int) -> None:
    stderr().print(plain("error: " + " ".join(message.split()), style="red"), soft_wrap=True)
    sys.exit(code)
