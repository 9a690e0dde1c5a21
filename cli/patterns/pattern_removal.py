"""Removes patterns and all traces of a source: ``aqe patterns delete`` and ``forget``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Console

from ...retrieval import ForgetReport, QEReasoningBank
from ...schema import (
    Database,
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseFullError,
    PatternNotFoundError,
    TestPattern,
    agent_key,
)
from ..options import (
    DatabaseOption,
    DryRunOption,
    JsonOption,
    YesOption,
    open_database,
    print_database,
    usage_errors,
)
from ..output import counted, plain, print_json, stderr, stdout
from ..shell.confirmation import confirm
from .pattern_options import PatternId, ProjectOption, SourceOption, source_places
from .pattern_view import source_text

if TYPE_CHECKING:
    from ...retrieval.suites.typed_source import SourcePlace

__all__ = ["delete", "erase_deleted", "forget"]

MAX_SHOWN = 20


def delete(
    id: PatternId,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a pattern with its versions and uses, even if it is damaged; asks first.

    Examples:
        aqe patterns delete 98cc6c05 --dry-run
        aqe patterns delete 98cc6c05 --yes

    Raises:
        PatternNotFoundError: Another process was faster.
    """
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        whole_id = bank.resolve_id(id)
        pattern = _readable(bank, whole_id)
        name = f"{whole_id} {pattern.name if pattern else ''}".rstrip()
        if not dry_run:
            confirm(f"Delete 1 pattern, {name}?", yes=yes)
            if not bank.delete_pattern(whole_id):
                raise PatternNotFoundError(
                    f"pattern {whole_id} was just deleted by another process"
                )
            erase_deleted(bank)
        if json:
            print_json({"database": database.label, "deleted": whole_id, "dry_run": dry_run})
            return
        stdout().print(plain(f"{'would delete' if dry_run else 'deleted'} {name}"))
        if pattern is not None and (source := source_text(pattern)):
            stdout().print(plain(f"from {source}"))
        print_database(database.label)


def forget(
    source: SourceOption = "",
    project: ProjectOption = "",
    agent: Annotated[
        str, typer.Option(metavar="ID", help="Everything this agent wrote, used and learned.")
    ] = "",
    run: Annotated[
        str, typer.Option(metavar="ID", help="Everything that was written in this run.")
    ] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Remove everything from a file, folder, project, agent or run; asks first.

    Examples:
        aqe patterns forget --source tests/legacy --dry-run
        aqe patterns forget -p shop --yes
        aqe patterns forget --agent test-generator

    Raises:
        BadParameter: Nothing was named, or the options contradict each other.
    """
    if not (source or project or agent_key(agent) or run):
        raise typer.BadParameter("name what to forget: --source, --project, --agent or --run")
    if project and not source and (agent or run):
        raise typer.BadParameter(
            "it does not limit --agent and --run; give it alone or with --source",
            param_hint="'--project'",
        )
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        what = _What(source_places(bank, source, project), agent, run)
        if not (dry_run or yes):
            _ask(database, bank, what)
        experiences = _forget_learned(database, agent, dry_run=dry_run) if agent else 0
        report = _forget(bank, what, dry_run=dry_run)
        if not dry_run:
            erase_deleted(bank)
        if json:
            print_json(
                {
                    "database": database.label,
                    "patterns": report.total.patterns,
                    "sources": [
                        {"project": place.project, "path": place.path, "patterns": count}
                        for place, count in report.places.items()
                    ],
                    "versions": report.total.versions,
                    "uses": report.total.uses,
                    "experiences": experiences,
                    "dry_run": dry_run,
                }
            )
            return
        _print_forgotten(stdout(), report, experiences, dry_run=dry_run)
        print_database(database.label)


class _What(NamedTuple):
    """What is to be forgotten."""

    places: Sequence[SourcePlace]
    agent: str
    run: str


class _Forgotten(NamedTuple):
    """What was removed, and how many patterns of each place."""

    total: ForgetReport
    places: Mapping[SourcePlace, int]


def _forget(bank: QEReasoningBank, what: _What, *, dry_run: bool) -> _Forgotten:
    reports = {
        place: bank.forget(source=place.path, project=place.project, dry_run=dry_run)
        for place in what.places
    }
    every = list(reports.values())
    if agent_key(what.agent) or what.run:
        every.append(bank.forget(agent_id=what.agent, run_id=what.run, dry_run=dry_run))
    total = ForgetReport(
        tuple(dict.fromkeys(id for report in every for id in report.patterns)),
        sum(report.versions for report in every),
        sum(report.uses for report in every),
    )
    return _Forgotten(total, {place: len(report.patterns) for place, report in reports.items()})


def erase_deleted(bank: QEReasoningBank) -> None:
    """Closes the bank and rewrites its file without what was deleted; says so if others use it."""
    database = bank.database
    bank.close()  # rebuilds the text index without the words
    if not _erased(database):
        stderr().print(
            "others are using the database: erase what is left of the text later with:"
            " aqe memory cleanup --vacuum",
            soft_wrap=True,
        )


def _erased(database: Database) -> bool:
    """Returns whether no byte of what was deleted is left, also not in the free space of pages."""
    try:
        return database.erase_free_space()
    except (DatabaseBusyError, DatabaseFullError):  # it is forgotten; its bytes are not yet gone
        return False


def _readable(bank: QEReasoningBank, id: str) -> TestPattern | None:
    """Returns a pattern; None if it cannot be read."""
    try:
        return bank.get_pattern(id)
    except DatabaseCorruptError:
        return None


def _ask(database: Database, bank: QEReasoningBank, what: _What) -> None:
    """Shows what would be removed, and continues only if the user agrees.

    Raises:
        BadParameter: Nobody can answer.
        Abort: The user does not agree.
    """
    experiences = _forget_learned(database, what.agent, dry_run=True) if what.agent else 0
    report = _forget(bank, what, dry_run=True)
    _print_forgotten(stderr(), report, experiences, dry_run=True)
    confirm("Remove all of this?", yes=False)


def _forget_learned(database: Database, agent_id: str, *, dry_run: bool) -> int:
    """Deletes what an agent learned under any spelling; returns the number of experiences."""
    # A search must not wait for these.
    from ...learning import LearningEngine, SQLiteLearningBackend

    with usage_errors("--agent"):
        LearningEngine(agent_id, database)
    with SQLiteLearningBackend(database).reading() as reader:
        names = [agent.agent_id for agent in reader.agents()]
    experiences = 0
    for name in names:
        if agent_key(name) == agent_key(agent_id):
            engine = LearningEngine(name, database)
            experiences += engine.get_total_experiences() if dry_run else engine.reset(confirm=True)
    return experiences


def _print_forgotten(
    console: Console, forgotten: _Forgotten, experiences: int, *, dry_run: bool
) -> None:
    verb = "would be removed" if dry_run else "removed"
    report = forgotten.total
    for place, count in forgotten.places.items():
        text = f"{place.label}: {counted(count, 'pattern')} {verb}"
        console.print(plain(text), soft_wrap=True)
    console.print(
        f"{counted(len(report.patterns), 'pattern')} {verb},"
        f" {counted(report.versions, 'earlier version')} and"
        f" {counted(report.uses, 'use')} of other patterns, {counted(experiences, 'experience')}"
    )
    for id in report.patterns[:MAX_SHOWN]:
        console.print(plain(id))
    if len(report.patterns) > MAX_SHOWN:
        rest = len(report.patterns) - MAX_SHOWN
        console.print(f"... and {rest:,} more; --json prints all of them")
