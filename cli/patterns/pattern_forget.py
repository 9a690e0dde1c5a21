"""``aqe patterns forget``: removes every trace of a source."""

from __future__ import annotations

from typing import Annotated

import typer

from ...retrieval import QEReasoningBank
from ...schema import Database
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import plain, print_json, stdout

__all__ = ["register"]

MAX_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command()(forget)


def forget(
    source: Annotated[
        str,
        typer.Option(metavar="PATH", help="A file or folder, as patterns name their source."),
    ] = "",
    agent: Annotated[
        str, typer.Option(metavar="ID", help="All that this agent wrote, used and learned.")
    ] = "",
    run: Annotated[str, typer.Option(metavar="ID", help="All that was written in this run.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only; write nothing.")] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Remove all that came from a source: patterns, index entries, uses, what was learned."""
    with open_database(db, must_exist=True) as database:
        report = QEReasoningBank(database).forget(
            source=source, agent_id=agent, run_id=run, dry_run=dry_run
        )
        experiences = _forget_learned(database, agent, dry_run=dry_run) if agent else 0
        if not dry_run:
            _empty_log(database)
        if json:
            print_json(
                {
                    "database": database.label,
                    "patterns": report.patterns,
                    "versions": report.versions,
                    "uses": report.uses,
                    "experiences": experiences,
                    "dry_run": dry_run,
                }
            )
            return
        console = stdout()
        verb = "would be removed" if dry_run else "removed"
        console.print(
            f"{len(report.patterns):,} patterns {verb}, {report.versions:,} earlier contents and"
            f" {report.uses:,} uses of others, {experiences:,} experiences"
        )
        for id in report.patterns[:MAX_SHOWN]:
            console.print(plain(id))
        if len(report.patterns) > MAX_SHOWN:
            console.print(f"... and {len(report.patterns) - MAX_SHOWN:,} more; --json has them all")
        print_database(database.label)


def _forget_learned(database: Database, agent_id: str, *, dry_run: bool) -> int:
    """Deletes what an agent learned; returns how many experiences that were."""
    from ...learning import LearningEngine  # a search must not wait for it

    engine = LearningEngine(agent_id, database)
    return engine.get_total_experiences() if dry_run else engine.reset(confirm=True)


def _empty_log(database: Database) -> None:
    """Moves the log into the file, so that no old page with what was forgotten stays in it."""
    if database.path is not None:
        database.connection().execute("pragma wal_checkpoint(truncate)").fetchall()
