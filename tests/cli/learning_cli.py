"""Runs the learning commands as a person would, and reads what they printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner, Result

from aqe.cli import agents, improve
from aqe.cli.learn import learn_commands as learn

__all__ = ["run", "run_json"]

app = typer.Typer()
app.add_typer(learn.app, name="learn")
app.add_typer(improve.app, name="improve")
app.add_typer(agents.app, name="agents")


def run(path: Path, *arguments: str, input: str | None = None, code: int = 0) -> Result:
    """Runs one command on a database; fails unless it ends with ``code``."""
    result = CliRunner().invoke(
        app, [*arguments, "--db", str(path)], input=input, env={"COLUMNS": "80", "NO_COLOR": "1"}
    )
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(path: Path, *arguments: str, input: str | None = None, code: int = 0) -> Any:
    """Runs one command with ``--json`` and returns the document on standard output."""
    document = json.loads(run(path, *arguments, "--json", input=input, code=code).stdout)
    assert document["database"] == str(path)
    return document
