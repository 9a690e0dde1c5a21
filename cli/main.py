"""Runs the ``aqe`` command and turns every failure into one line and an exit code.

Exit codes: 0 done, 1 failed (database, file, model, or a bug of aqe), 2 wrong usage.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import FrameType
from typing import Annotated, NoReturn

import typer

from aqe import __version__

from .command_groups import RootGroup
from .shell.command_class import command_app

__all__ = ["app", "main"]

# Objects made between two collections of garbage. With Python's 700 (2,000 from 3.13 on), imports
# alone take 20 of them, which find nothing.
MAX_UNCOLLECTED = 100_000

app = command_app(
    "The learned memory of quality-engineering agents.\n\n"
    "Examples:\n"
    "    aqe init\n"
    "    aqe search retry after a timeout\n"
    "    aqe patterns list --help",
    cls=RootGroup,
    name="aqe",
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


def main(command: Callable[[], object] = app) -> None:
    """Runs the command line and exits; a failure is printed as one line on stderr.

    With ``--json`` it is the document on stdout too.

    SIGTERM ends a command as Ctrl-C does: transactions are rolled back, temporary files removed.

    Wrong usage is reported by Typer, which exits with 2 and names the option. Any other exception
    that is not an ``AqeError`` is a bug of aqe.

    Args:
        command: The commands to run; they read ``sys.argv``.

    Raises:
        SystemExit: Always, with the exit code.
    """
    try:
        signal.signal(signal.SIGTERM, _terminate)
        _load_encoder_meanwhile(sys.argv[1:])
        with _rare_collections():
            command()
    except SystemExit as ended:  # Typer turns Ctrl-C into a silent exit
        if ended.code != _code_of(signal.SIGINT):
            raise
        _fail("interrupted; what was reported as stored is stored", _code_of(signal.SIGINT))
    except Exception as error:  # the outermost edge: a user gets a line, a developer the traceback
        from ..schema import AqeError  # loaded by the commands; help and version need none of it

        if isinstance(error, AqeError):
            _fail(str(error), 1)
        if "AQE_DEBUG" in os.environ:
            raise
        _fail(f"{type(error).__name__}: {error} (AQE_DEBUG=1 shows where)", 1)


def _load_encoder_meanwhile(arguments: Sequence[str]) -> None:
    """Loads the default encoder on another CPU, while a search imports what it needs."""
    command = arguments[1:2] if arguments[:1] == ["patterns"] else arguments[:1]
    if command != ["search"] or not {"--help", "text", "--mode=text"}.isdisjoint(arguments):
        return
    from ..models.minilm import load_meanwhile

    load_meanwhile()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Collects garbage rarely meanwhile, and not at exit: 66 of 486 ms of a search."""
    thresholds = gc.get_threshold()
    gc.set_threshold(MAX_UNCOLLECTED, *thresholds[1:])
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _terminate(number: int, frame: FrameType | None) -> None:
    """Ends the command with the exit code of the signal.

    Raises:
        SystemExit: Always.
    """
    raise SystemExit(_code_of(number))


def _code_of(number: int) -> int:
    """Returns the exit code that shells report for a signal."""
    return 128 + number


def _fail(message: str, code: int) -> NoReturn:
    from .output import plain, print_json, stderr

    line = " ".join(message.split())
    if _wants_json(sys.argv[1:]):
        print_json({"error": line, "exit_code": code})
    stderr().print(plain(f"error: {line}", style="red"), soft_wrap=True)
    sys.exit(code)


def _wants_json(arguments: Sequence[str]) -> bool:
    """Returns whether a command line asks for one JSON document."""
    pairs = pairwise(arguments)
    return (
        "--json" in arguments
        or "--format=json" in arguments
        or any(option in ("--format", "-o") and value == "json" for option, value in pairs)
    )
