"""Removes patterns and all traces of a source: ``aqe patterns delete`` and ``forget``."""

from __future__ import annotations

from typing import Annotated

import typer

from ...retrieval import ForgetReport, QEReasoningBank
from ...schema import Database, PatternNotFoundError
from ..options import (
    DatabaseOption,
    DryRunOption,
    JsonOption,
    open_database,
    print_database,
    usage_errors,
)
from ..output import plain, print_json, stderr, stdout
from .pattern_options import PatternId, pattern_of

__all__ = ["delete", "forget"]

MAX_SHOWN = 20


def delete(id: PatternId, db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Delete a pattern with its versions and recorded uses."""
    with open_database(db, reads=True) as database:
        bank = QEReasoningBank(database)
        pattern = pattern_of(bank, id)
        if not bank.delete_pattern(pattern.id):
            raise PatternNotFoundError(f"pattern {pattern.id} was just deleted by another process")
        if json:
            print_json({"database": database.label, "deleted": pattern.id})
            return
        stdout().print(plain(f"deleted {pattern.id} {pattern.name}"))
        print_database(database.label)


def forget(
    source: Annotated[
        str,
        typer.Option(metavar="PATH", help="A file or folder, as patterns name their source."),
    ] = "",
    agent: Annotated[
        str, typer.Option(metavar="ID", help="Everything this agent wrote, used and learned.")
    ] = "",
    run: Annotated[
        str, typer.Option(metavar="ID", help="Everything that was written in this run.")
    ] = "",
    dry_run: DryRunOption = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Remove everything from a source: patterns, index entries, uses and what was learned."""
    if not (source or agent or run):
        raise typer.BadParameter("name what to forget: --source, --agent or --run")
    with open_database(db, must_exist=True) as database:
        experiences = _forget_learned(database, agent, dry_run=dry_run) if agent else 0
        report = QEReasoningBank(database).forget(
            source=source, agent_id=agent, run_id=run, dry_run=dry_run
        )
        if not dry_run and not database.truncate_wal():
            stderr().print("others are reading: empty the WAL later with: aqe memory cleanup")
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
        _print_forgotten(report, experiences, dry_run=dry_run)
        print_database(database.label)


def _forget_learned(database: Database, agent_id: str, *, dry_run: bool) -> int:
    """Deletes what an agent learned; returns the number of its experiences."""
    from ...learning import LearningEngine  # a search must not wait for it

    with usage_errors("--agent"):
        engine = LearningEngine(agent_id, database)
    return engine.get_total_experiences() if dry_run else engine.reset(confirm=True)


def _print_forgotten(report: ForgetReport, experiences: int, *, dry_run: bool) -> None:
    console = stdout()
    verb = "would be removed" if dry_run else "removed"
    console.print(
        f"{len(report.patterns):,} patterns {verb}, {report.versions:,} earlier versions and"
        f" {report.uses:,} uses of other patterns, {experiences:,} experiences"
    )
    for id in report.patterns[:MAX_SHOWN]:
        console.print(plain(id))
    if len(report.patterns) > MAX_SHOWN:
        rest = len(report.patterns) - MAX_SHOWN
        console.print(f"... and {rest:,} more; --json prints all of them")
