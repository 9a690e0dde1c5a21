"""Shows one pattern, or totals of the bank: ``aqe patterns show`` and ``stats``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from ...retrieval import QEReasoningBank
from ...retrieval.text.pattern_text import content_hash
from ...schema import TestPattern
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import clean, plain, print_json, stderr, stdout
from .pattern_options import PatternId, ProjectOption, nothing_found, pattern_of
from .pattern_view import (
    pattern_object,
    print_pattern,
    print_statistics,
    print_usage,
    print_versions,
    version_object,
)

__all__ = ["show", "stats"]

EMPTY_BANK = "the bank is empty; fill it with: aqe patterns extract PATH"


def show(
    id: PatternId,
    history: Annotated[bool, typer.Option("--history", help="Show earlier versions.")] = False,
    usage: Annotated[bool, typer.Option("--usage", help="Show recorded uses.")] = False,
    ready: Annotated[
        bool, typer.Option("--ready", help="Print the test as one file with what it needs.")
    ] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show one pattern and explain its quality.

    --ready prints one file that runs in the folder of the original: imports, helpers, fixtures and
    the test. Only the code goes to standard output: aqe patterns show ID --ready > test_new.py
    """
    from ...retrieval.quality.score import score_quality  # 8 ms that the other commands never need

    with open_database(db) as database:
        bank = QEReasoningBank(database)
        pattern = pattern_of(bank, id)
        if ready and not json:
            _print_ready(pattern, history=history, usage=usage)
            return
        versions = bank.get_version_history(pattern.id) if history else None
        uses = bank.get_usage(pattern.id) if usage else None
        score = score_quality(pattern)
        components = {
            name: getattr(score, name)
            for name in ("readability", "completeness", "specificity", "reusability", "success")
        }
        if json:
            print_json(
                {
                    "database": database.label,
                    "pattern": pattern_object(pattern),
                    "author": pattern.provenance,
                    "quality": {**components, "reasons": list(score.reasons)},
                    "versions": versions and [version_object(version) for version in versions],
                    "usage": uses and [asdict(use) for use in uses],
                    "context": [asdict(part) for part in pattern.context],
                    "ready": pattern.ready(),
                }
            )
            return
        console = stdout()
        print_pattern(console, pattern, components, score.reasons)
        if versions is not None:
            print_versions(console, versions)
        if uses is not None:
            print_usage(console, uses, content_hash(pattern))
        print_database(database.label)


def _print_ready(pattern: TestPattern, *, history: bool, usage: bool) -> None:
    """Prints the ready form, and where it belongs on standard error.

    Raises:
        BadParameter: Something else is to be printed too.
    """
    if history or usage:
        raise typer.BadParameter(
            "prints only code; leave out --history and --usage", param_hint="'--ready'"
        )
    code = pattern.ready()
    typer.echo(clean(code) if sys.stdout.isatty() else code, nl=False)
    stderr().print(plain(f"from {pattern.source or pattern.id}; runs in the same folder", "dim"))


def stats(project: ProjectOption = "", db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show totals and use of the bank or of one project, counted from its rows."""
    from ...retrieval.usage.activity import bank_activity  # aqe patterns show needs none of these
    from ..report.report_json import activity_object
    from ..report.statistics_view import print_activity

    with open_database(db) as database:
        bank = QEReasoningBank(database)
        with bank.backend.reading() as session:
            activity = bank_activity(session, project=project)
        if json:
            print_json(
                {
                    "database": database.label,
                    "encoder": bank.encoder_identity,
                    **asdict(activity.statistics),
                    **activity_object(activity),
                }
            )
            return
        if activity.statistics.patterns:
            print_statistics(stdout(), activity.statistics)
            print_activity(stdout(), activity)
        else:
            reason = nothing_found(bank, project, EMPTY_BANK)
            stdout().print(plain(reason), soft_wrap=True)
        print_database(database.label)
