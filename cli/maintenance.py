"""Checks and repairs of a whole database: its file, its patterns, what was learned."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import apsw

from ..learning import check_learning_in, repair_learning_in
from ..retrieval import QEReasoningBank
from ..retrieval.storage.sqlite import check_patterns, quarantine_pattern, repair_patterns
from ..schema import (
    Database,
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseFullError,
    DatabaseReadOnlyError,
    FileFacts,
    Problem,
    SalvageReport,
    check_file,
    file_facts,
    put_in_place,
    salvage,
)

__all__ = ["CheckReport", "RepairReport", "check_database", "repair_database"]

# Every row is read and hashed: about 6,000 patterns a second.
CHECK_DEADLINE_S = 3_600.0

_log = logging.getLogger("aqe")


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found; ``facts`` are missing where the file could not be opened."""

    path: Path
    problems: tuple[Problem, ...]
    facts: FileFacts | None = None
    patterns: int = 0


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair did.

    Attributes:
        before, after: What was wrong, and what still is.
        quarantined: Ids of patterns that were set aside, in the table ``repair_quarantine``.
        salvaged: How the rows were copied into a new file, where the old one was too damaged.
        kept: Where the old file is.
    """

    before: tuple[Problem, ...]
    after: tuple[Problem, ...]
    quarantined: tuple[str, ...] = ()
    embedded: int = 0
    salvaged: SalvageReport | None = None
    kept: Path | None = None


def check_database(path: Path) -> CheckReport:
    """Returns everything that is wrong with a database; changes nothing.

    Raises:
        DatabaseError: There is none at the path, it is not ours, or it has another schema version.
    """
    try:
        with Database(path, must_exist=True, upgrade=False) as database:
            return _checked(path, database)
    except DatabaseCorruptError as error:
        return CheckReport(path, (_unopened(error),))


def repair_database(path: Path, *, dry_run: bool = False) -> RepairReport:
    """Fixes what can be fixed. What is damaged is set aside, never deleted.

    Raises:
        DatabaseError: The file cannot be opened or written, or other processes have it open where
            it has to be replaced.
    """
    before = check_database(path).problems
    if dry_run or not before:
        return RepairReport(before, before)
    if not any(problem.repair == "salvage" for problem in before):
        try:
            return replace(_repaired(path), before=before)
        except (DatabaseBusyError, DatabaseFullError, DatabaseReadOnlyError):
            raise
        except DatabaseError as error:  # the damage is deeper than a check can see
            _log.info("a repair in place failed, copying what can be read: %s", error)
    salvaged, kept = _salvage(path)
    return replace(_repaired(path), before=before, salvaged=salvaged, kept=kept)


def check_all(connection: apsw.Connection, database: Database) -> tuple[Problem, ...]:
    """Returns every problem of file, patterns and learning, as one transaction sees them."""
    return (
        *check_file(connection),
        *check_patterns(connection, has_vectors=database.has_vectors),
        *check_learning_in(connection),
    )


def _repaired(path: Path) -> RepairReport:
    """Mends in place; returns what is still wrong."""
    with Database(path, must_exist=True) as database:
        with database.write() as connection:
            quarantined = _repair(connection, check_all(connection, database), database.has_vectors)
        embedded = _embed_missing(database)
        after = _checked(path, database).problems
    return RepairReport((), after, quarantined, embedded)


def _checked(path: Path, database: Database) -> CheckReport:
    with database.read(deadline_s=CHECK_DEADLINE_S) as connection:
        problems = check_all(connection, database)
        facts = file_facts(connection, path)
        count = 0
        if not any(problem.repair == "salvage" for problem in problems):
            count = int(connection.execute("select count(*) from patterns").get)
    return CheckReport(path, problems, facts, count)


def _unopened(error: DatabaseError) -> Problem:
    return Problem("file", " ".join(str(error.__cause__ or error).split()), "salvage")


def _salvage(path: Path) -> tuple[SalvageReport, Path | None]:
    """Copies what can be read into a new file and puts that in the place of the old one."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with Database(partial) as fresh:
            report = salvage(path, fresh.connection())
            fresh.connection().pragma("journal_mode", "delete")  # one file to move, without a log
        return report, put_in_place(partial, path, "damaged")
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            partial.with_name(partial.name + end).unlink(missing_ok=True)


def _repair(
    connection: apsw.Connection, problems: tuple[Problem, ...], has_vectors: bool
) -> tuple[str, ...]:
    """Sets damaged rows aside, then makes everything derived anew."""
    reasons = {one.subject: one.message for one in problems if one.repair == "quarantine"}
    quarantined = tuple(
        id for id, reason in reasons.items() if quarantine_pattern(connection, id, reason)
    )
    if any(one.area == "index" for one in problems):
        connection.execute("reindex")
    if quarantined or any(one.repair != "none" for one in problems):
        repair_patterns(connection, has_vectors=has_vectors)
        repair_learning_in(connection)
    return quarantined


def _embed_missing(database: Database) -> int:
    """Embeds the patterns that lack an embedding; loads the encoder only then."""
    with database.read(deadline_s=CHECK_DEADLINE_S) as connection:
        problems = check_patterns(connection, has_vectors=database.has_vectors)
    if not any(problem.area == "embedding" for problem in problems):
        return 0
    return QEReasoningBank(database).reindex().embedded
