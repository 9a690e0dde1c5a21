"""Shows on stderr how far a long command is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console

from ..output import on_terminal, plain, stderr

__all__ = ["Advance", "ProgressLines", "progress_bar"]


class Advance(Protocol):
    """Counts what was done since the last call; the total may become known by then."""

    def __call__(self, count: int, total: int | None = None, /) -> None:
        """Shows it."""


class ProgressLines:
    """Prints a line about progress every few seconds, for logs and pipes.

    Args:
        every_s: Seconds between two lines; a shorter command prints none.
        clock: Seconds that only ascend.
    """

    def __init__(
        self,
        console: Console,
        label: str,
        total: int | None,
        *,
        every_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._label = label
        self._total = total
        self._every_s = every_s
        self._clock = clock
        self._started = self._printed = clock()
        self._done = 0

    def advance(self, count: int, total: int | None = None) -> None:
        """Counts what was done since the last call; the total may become known by then."""
        self._done += count
        self._total = total or self._total
        now = self._clock()
        if now - self._printed >= self._every_s:
            self._printed = now
            self._console.print(plain(self._line(now - self._started)), soft_wrap=True)

    def _line(self, seconds: float) -> str:
        done = f"{self._label}: {self._done:,}"
        if self._total is None:
            return f"{done} in {seconds:.0f} s"
        left = seconds * (self._total - self._done) / self._done if self._done else 0.0
        until = f", about {left:.0f} s left" if self._done else ""
        return f"{done} of {self._total:,} in {seconds:.0f} s{until}"


@contextmanager
def progress_bar(label: str, total: int | None) -> Iterator[Advance]:
    """Shows progress with the time left on stderr; yields a function that advances it.

    The function takes a count and, once it is known, the total.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = stderr()
    if not on_terminal(sys.stderr):
        yield ProgressLines(console, label, total).advance
        return
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    left = (TextColumn("left:"), TimeRemainingColumn())
    with Progress(*columns, *left, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count, total=None: bar.update(task, advance=count, total=total)
