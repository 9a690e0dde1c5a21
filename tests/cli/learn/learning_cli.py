"""Runs the learning commands as a person would, and reads what they printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from aqe.cli.main import app

__all__ = ["run", "run_json"]


def run(path: Path, *arguments: str, input: str | None = None, code: int = 0) -> Result:
    """Runs one command on a database; fails unless it ends with ``code``."""
    terminal = {"COLUMNS": "80", "LINES": "40", "TERM": "dumb", "TTY_COMPATIBLE": "1"}
    command = [*arguments, "--db", str(path)]
    result = CliRunner().invoke(app, command, input=input, env=terminal)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(path: Path, *arguments: str, input: str | None = None, code: int = 0) -> Any:
    """Runs one command with ``--json`` and returns the document on standard output."""
    document = json.loads(run(path, *arguments, "--json", input=input, code=code).stdout)
    assert document["database"] == str(path)
    return document
