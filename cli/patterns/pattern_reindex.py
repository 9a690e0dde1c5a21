"""Rebuilds the search indexes of the bank: ``aqe patterns reindex``."""

from __future__ import annotations

from typing import Annotated

import typer

from ...retrieval import QEReasoningBank
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import counted, plain, print_json, stdout
from ..shell.progress import progress_bar
from .pattern_options import encoder_of

__all__ = ["reindex"]


def reindex(
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Re-embed with another encoder: aqe-minilm-tests, hashing, the name or folder of a"
            " sentence-transformers model, or your own by its name or MODULE:ATTRIBUTE.",
        ),
    ] = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Rebuild the indexes; with --encoder, re-embed every pattern first.

    Examples:
        aqe patterns reindex
        aqe patterns reindex --encoder hashing
    """
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        wanted = encoder_of(encoder)
        total = bank.get_statistics().patterns
        with progress_bar("embedding", total) as advance:
            report = bank.reindex(wanted, progress=advance)
        if json:
            print_json(
                {
                    "database": database.label,
                    "encoder": report.after,
                    "embedded": report.embedded,
                    "indexed": report.indexed,
                }
            )
            return
        stdout().print(
            plain(
                f"{counted(report.indexed, 'pattern')} indexed with {report.after.name}"
                f" ({report.embedded:,} embedded now)"
            )
        )
        print_database(database.label)
