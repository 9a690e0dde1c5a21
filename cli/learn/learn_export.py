"""Defines ``aqe learn export``: writes what was learned as JSON or CSV."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from ...learning import LearningEngine, SQLiteLearningBackend
from ...schema import InterchangeError, LearningError, write_private
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import counted, plain, print_json, stderr
from ..shell.row_formats import csv_text

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command of this file to the group."""
    app.command("export")(export)


def export(
    format: Annotated[
        Literal["json", "csv"], typer.Option(help="Output format; CSV holds one table.")
    ] = "json",
    q_table: Annotated[bool, typer.Option("--q-table", help="Export the Q-values.")] = False,
    experiences: Annotated[bool, typer.Option("--experiences", help="Export the history.")] = False,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="Only this agent. Default: all.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Output file, which must not exist. Default: stdout."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Export Q-values and experiences as JSON (default: both) or CSV (one of them).

    Examples:
        aqe learn export --output learned.json
        aqe learn export --format csv --q-table > q.csv

    Raises:
        BadParameter: The options contradict each other.
        LearningError: The agent has learned nothing here.
    """
    if format == "csv" and q_table == experiences:
        raise typer.BadParameter(
            "CSV holds one table: give --q-table or --experiences", param_hint="'--format'"
        )
    if format == "csv" and json and output is None:
        raise typer.BadParameter(
            "it needs --format json, or a file for the CSV: --output FILE", param_hint="'--json'"
        )
    both = not (q_table or experiences)
    with open_database(db) as database:
        with SQLiteLearningBackend(database).reading() as reader:
            names = [row.agent_id for row in reader.agents() if agent in (None, row.agent_id)]
        if agent is not None and not names:
            raise LearningError(
                f"no agent named {agent!r} has learned in {database.label}", agent_id=agent
            )
        agents = [
            LearningEngine(name, database).export(
                q_table=q_table or both, experiences=experiences or both
            )
            for name in names
        ]
        document = {"database": database.label, "agents": agents}
        if output is None and format == "json":
            print_json(document)
            return
        text = _json(document) if format == "json" else _csv(agents)
        if output is None:
            sys.stdout.write(text)
        else:
            _write(output, text, force=force)
            if json:
                print_json({"database": database.label, "file": str(output), "agents": names})
            else:
                stderr().print(plain(f"{counted(len(agents), 'agent')} written to {output}"))
        print_database(database.label)


def _json(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _csv(agents: list[dict[str, Any]]) -> str:
    """Returns one table with the agent in its first column; nested values as JSON."""
    rows = []
    for document in agents:
        for row in document.get("q_table", document.get("experiences", [])):
            values = msgspec.to_builtins(row)
            values.pop("agent_id", None)
            rows.append({"agent_id": document["agent_id"], **values})
    return csv_text(rows, list(rows[0])) if rows else ""


def _write(path: Path, text: str, *, force: bool) -> None:
    """Writes a whole file or nothing; replaces an existing one only when told to."""
    if path.exists() and not force:
        raise InterchangeError(f"{path} exists; give --force to replace it", path=path)
    try:
        write_private(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise InterchangeError(f"cannot write {path}: {error.strerror}", path=path) from error
