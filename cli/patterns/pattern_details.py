"""Shows one pattern, or totals of the bank: ``aqe patterns show`` and ``stats``."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ...retrieval import QEReasoningBank
from ...retrieval.text.pattern_text import content_hash
from ...schema import AqeError, PatternSearchCriteria, TestPattern
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import clean, on_terminal, plain, print_json, stderr, stdout
from ..shell.editor import file_link, has_hyperlinks, open_in_editor
from ..shell.row_formats import FieldsOption, FormatOption, row_output
from .empty_answer import empty_answer
from .match_view import PATTERN_COLUMNS
from .pattern_options import PatternId, ProjectOption, pattern_of
from .pattern_view import (
    pattern_object,
    print_pattern,
    print_statistics,
    print_usage,
    print_versions,
    statistics_rows,
    version_object,
)

__all__ = ["show", "stats"]

STATISTICS_COLUMNS = ("by", "value", "patterns", "share")


def show(
    id: PatternId,
    history: Annotated[bool, typer.Option("--history", help="Show earlier versions.")] = False,
    usage: Annotated[bool, typer.Option("--usage", help="Show recorded uses.")] = False,
    ready: Annotated[
        bool, typer.Option("--ready", help="Print the test as one file with what it needs.")
    ] = False,
    open_: Annotated[
        bool, typer.Option("--open", help="Open its source in $VISUAL or $EDITOR, at the line.")
    ] = False,
    output_format: FormatOption = None,
    fields: FieldsOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show one pattern and explain its quality.

    --ready prints one file that runs in the folder of the original: imports, helpers, fixtures and
    the test. Only the code goes to stdout.

    Examples:
        aqe show 98cc6c05
        aqe show 98cc6c05 --ready > test_new.py
        aqe show 98cc6c05 --open
        aqe show 98cc6c05 --format json --fields template,placeholders
    """
    from ...retrieval.quality.score import score_quality  # 8 ms that the other commands never need

    output = row_output(output_format, fields, json=json)
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        pattern = pattern_of(bank, id)
        if open_:
            open_in_editor(*_source_of(bank, pattern), os.environ)
            return
        if ready and output.is_for_people:
            _print_ready(pattern, history=history, usage=usage)
            return
        versions = bank.get_version_history(pattern.id) if history else None
        uses = bank.get_usage(pattern.id, 20) if usage else None
        score = score_quality(pattern)
        components = {
            name: getattr(score, name)
            for name in ("readability", "completeness", "specificity", "reusability", "success")
        }
        if not output.is_for_people:
            document: dict[str, object] = {
                "database": database.label,
                "author": pattern.provenance,
                "quality": {**components, "reasons": list(score.reasons)},
                "versions": versions and [version_object(version) for version in versions],
                "usage": uses and [asdict(use) for use in uses],
                "context": [asdict(part) for part in pattern.context],
                "ready": pattern.ready(),
            }
            output.write_only(document, "pattern", pattern_object(pattern), PATTERN_COLUMNS)
            return
        console = stdout()
        print_pattern(console, pattern, components, score.reasons, link=_link(bank, pattern))
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
    typer.echo(clean(code) if on_terminal() else code, nl=False)
    stderr().print(plain(f"from {pattern.source or pattern.id}; runs in the same folder", "dim"))


def _link(bank: QEReasoningBank, pattern: TestPattern) -> str:
    """Returns the address of the source for a terminal with hyperlinks; empty if it has none."""
    if not (pattern.source and on_terminal() and has_hyperlinks(os.environ)):
        return ""
    try:
        return file_link(*_source_of(bank, pattern))
    except AqeError:  # the project is not on this machine: there is nothing to link to
        return ""


def _source_of(bank: QEReasoningBank, pattern: TestPattern) -> tuple[Path, int]:
    """Returns the file and line of a pattern on this machine.

    Raises:
        AqeError: It has no source, or its project is not here.
    """
    from ...retrieval.suites.typed_source import source_file  # loads the parsers

    if not pattern.source:
        raise AqeError(f"pattern {pattern.id} was stored by hand: it has no source to open")
    path, _, line = pattern.source.rpartition(":")
    if not line.isdecimal():  # a file without a line
        path, line = pattern.source, "1"
    with bank.backend.reading() as session:
        known = session.projects()
    file = source_file(path, pattern.project, known, near=(Path.cwd(), Path(bank.backend.label)))
    if file is None:
        raise AqeError(
            f"{pattern.source} of project {pattern.project!r} is not on this machine, as far as the"
            " bank knows; run this in the project's folder"
        )
    return file, int(line)


def stats(
    project: ProjectOption = "",
    output_format: FormatOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show totals and use of the bank or of one project, counted from its rows.

    Examples:
        aqe stats
        aqe stats -p shop --format markdown
    """
    from ...retrieval.usage.activity import bank_activity  # aqe patterns show needs none of these
    from ..report.report_json import activity_object
    from ..report.statistics_view import print_activity

    output = row_output(output_format, None, json=json)
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        with bank.backend.reading() as session:
            activity = bank_activity(session, project=project)
        statistics = activity.statistics
        if output.format == "json":
            print_json(
                {
                    "database": database.label,
                    "encoder": bank.encoder_identity,
                    **asdict(statistics),
                    **activity_object(activity),
                }
            )
            return
        if not output.is_for_people:
            output.write({}, "groups", statistics_rows(statistics), STATISTICS_COLUMNS)
            return
        if statistics.patterns:
            print_statistics(stdout(), statistics)
            print_activity(stdout(), activity)
        else:
            reason = empty_answer(bank, PatternSearchCriteria(project=project))
            stdout().print(plain(f"no data: {reason}"), soft_wrap=True)
        print_database(database.label)
