"""Runs ``aqe report``: what is in the bank, what is used, what was learned, is it better."""

from __future__ import annotations

from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Literal

import typer

from ...retrieval.exchange.formats import write_atomically
from ...retrieval.usage.activity import MAX_WEEKS
from ...team_figures import TeamReport, team_report
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import clean, json_text, on_terminal, plain, print_json, stdout
from .report_content import report_document
from .report_document import Document
from .report_html import html_of
from .report_json import report_object
from .report_markdown import markdown_of
from .report_text import print_report, text_of

__all__ = ["report"]

ReportFormat = Literal["text", "markdown", "html", "json"]

_EXTENSIONS: dict[str, ReportFormat] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
}


def report(
    report_format: Annotated[
        ReportFormat | None,
        typer.Option("--format", "-o", help="Default: from the extension of --output, else text."),
    ] = None,
    output: Annotated[
        str,
        typer.Option("--output", metavar="FILE", help="Output file, or - for stdout."),
    ] = "-",
    project: Annotated[
        str,
        typer.Option(
            "--project", "-p", metavar="NAME", help="Only this project; aqe stats lists them."
        ),
    ] = "",
    weeks: Annotated[
        int,
        typer.Option(min=1, max=MAX_WEEKS, help="Number of weeks of 7 days, the last ends now."),
    ] = 8,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Report what is in the bank, what is used, what was learned, and whether it gets better.

    Every figure is counted from the rows of the database. HTML is one file that loads nothing.

    Examples:
        aqe report
        aqe report --format markdown --weeks 4
        aqe report -p shop --output report.html
    """
    wanted = _format_of(report_format, output, json=json)
    with open_database(db) as database:
        made = team_report(database, project=project, weeks=weeks)
        label = database.label
    if output == "-":
        _print(made, label, wanted)
        return
    _write(Path(output), made, label, wanted)
    if json:
        print_json({"database": label, "file": output, "format": wanted})
        return
    stdout().print(plain(f"report written to {output}"), soft_wrap=True)
    print_database(label)


def _format_of(given: ReportFormat | None, output: str, *, json: bool) -> ReportFormat:
    """Returns the format to write.

    Raises:
        BadParameter: ``--json`` leaves no room for another format on stdout.
    """
    if json and output == "-":
        if given not in (None, "json"):
            raise typer.BadParameter(
                f"--json prints JSON; leave it out for {given}, or name a file with --output",
                param_hint="'--format'",
            )
        return "json"
    return given or _EXTENSIONS.get(Path(output).suffix.lower(), "text")


def _print(made: TeamReport, label: str, wanted: ReportFormat) -> None:
    if wanted == "json":
        print_json({"database": label, **report_object(made)})
        return
    document = report_document(made, label)
    if wanted != "text":
        text = _text_of(document, wanted)
        typer.echo(clean(text) if on_terminal() else text, nl=False)
    elif on_terminal():
        print_report(stdout(), document)
    else:  # a text to read, not rows: as wide as COLUMNS says, or 80 columns
        typer.echo(text_of(document, get_terminal_size().columns), nl=False)
    print_database(label)


def _write(file: Path, made: TeamReport, label: str, wanted: ReportFormat) -> None:
    if wanted == "json":
        write_atomically(
            file, json_text({"database": label, **report_object(made)}, indent=2) + "\n"
        )
    else:
        write_atomically(file, _text_of(report_document(made, label), wanted))


def _text_of(document: Document, wanted: ReportFormat) -> str:
    if wanted == "markdown":
        return markdown_of(document)
    if wanted == "html":
        return html_of(document)
    return text_of(document)
