"""Makes a bank of the tests here: ``aqe init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...retrieval import QEReasoningBank
from ..options import DatabaseOption, JsonOption, open_database
from ..output import plain, print_json, stdout
from .extraction_report import extraction_object, print_extraction
from .pattern_extract import extracted

__all__ = ["init"]

# Command -> what for.
NEXT_STEPS = {
    'aqe search "what you need"': "find patterns, in your words",
    "aqe patterns list": "see the best ones",
    "aqe stats": "count what the bank holds",
    "aqe extract tests/": "again after tests changed",
    "aqe doctor": "check the installation and the bank",
}


def init(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Test files or folders. Default: all of the current folder."),
    ] = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Make a bank of the tests here, and show where it is and what to do next.

    Examples:
        aqe init
        aqe init tests/ web/src/
    """
    from ...retrieval.extraction import require_paths

    suites = paths or [Path()]
    require_paths(suites)
    with open_database(db, create=True) as database:
        report = extracted(QEReasoningBank(database), suites)
        if json:
            print_json({**extraction_object(database.label, report), "next": list(NEXT_STEPS)})
            return
        print_extraction(report, dry_run=False)
        stdout().print(plain(f"the bank: {database.label}"), soft_wrap=True)
        if report.stored.results:
            stdout().print("next:")
            for command, purpose in NEXT_STEPS.items():
                stdout().print(plain(f"  {command:<34}{purpose}"))
