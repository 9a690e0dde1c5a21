"""Asks before something is deleted."""

from __future__ import annotations

import sys

import typer

from ..output import clean

__all__ = ["confirm", "require_answer"]


def confirm(question: str, *, yes: bool) -> None:
    """Continues only if the user agrees; ``--yes`` is agreement in advance.

    Raises:
        BadParameter: Nobody can answer, since stdin is no terminal.
        Abort: The user does not agree.
    """
    if yes:
        return
    require_answer(question)
    typer.confirm(clean(question), abort=True, err=True)


def require_answer(question: str, *, yes: bool = False) -> None:
    """Requires that somebody can answer a question.

    Raises:
        BadParameter: Stdin is no terminal, and ``--yes`` was not given.
    """
    if not (yes or sys.stdin.isatty()):
        raise typer.BadParameter(
            f"{clean(question)} Nobody can answer, since stdin is no terminal; give --yes to do it",
            param_hint="'--yes'",
        )
