"""Checks and repairs a whole database: its file, its patterns and what was learned.

Each part checks and repairs its own tables; this module is above both halves and combines them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .learning import check_learning_in, redact_learning_in, repair_learning_in
from .retrieval import QEReasoningBank
from .retrieval.storage.sqlite import (
    CHECK_DEADLINE_S,
    StorageTuning,
    check_patterns,
    check_vector_file,
    count_patterns,
    quarantine_patterns,
    redact_bank,
    repair_patterns,
    repair_vector_file,
)
from .schema import (
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
    rebuild_indexes,
    salvage_in_place,
)

if TYPE_CHECKING:
    import apsw

    from .schema.database.stored_secrets import StoredSecrets

__all__ = [
    "CheckReport",
    "RedactionReport",
    "RepairReport",
    "check_all",
    "check_database",
    "redact_database",
    "repair_database",
]

_log = logging.getLogger("aqe")


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The problems that a check found.

    Attributes:
        path: The database file.
        problems: Empty when the database is sound.
        facts: Sizes of the file; None if it could not be opened.
        patterns: Number of patterns; 0 if they cannot be counted.
        secrets: Rows that hold secrets, which an earlier version stored, by table and kind; no
            problem of the file. ``redact_database`` removes them.
    """

    path: Path
    problems: tuple[Problem, ...]
    facts: FileFacts | None = None
    patterns: int = 0
    secrets: tuple[StoredSecrets, ...] = ()


@dataclass(frozen=True, slots=True)
class RedactionReport:
    """The secrets that were removed from a database.

    Attributes:
        before: Rows that held secrets, by table and kind.
        after: Rows that still do.
        embedded: Number of patterns that were re-embedded, since their texts changed.
        is_erased: Whether the write-ahead log was truncated; if not, others had the database open,
            and their last one to close it does so.
    """

    before: tuple[StoredSecrets, ...]
    after: tuple[StoredSecrets, ...]
    embedded: int = 0
    is_erased: bool = True


@dataclass(frozen=True, slots=True)
class RepairReport:
    """The result of a repair.

    Attributes:
        before: Problems found before the repair.
        after: Problems that remain.
        quarantined: Ids of damaged patterns that were moved to the table ``repair_quarantine``.
        embedded: Number of patterns that were re-embedded.
        salvaged: What was copied into a new file; None if the file was repaired in place.
        kept: New path of the damaged file; None when the file was repaired in place.
        side_files: New paths of its logs, where they could not be moved into it.
    """

    before: tuple[Problem, ...]
    after: tuple[Problem, ...]
    quarantined: tuple[str, ...] = ()
    embedded: int = 0
    salvaged: SalvageReport | None = None
    kept: Path | None = None
    side_files: tuple[Path, ...] = ()


def check_database(path: str | Path) -> CheckReport:
    """Returns every problem of a database; changes nothing.

    Reads and hashes every row: about 6,000 patterns a second.

    Raises:
        DatabaseError: There is no database at the path, it belongs to another program, or it has
            another schema version.
    """
    path = Path(path)
    try:
        with Database(path, create=False, upgrade=False) as database:
            return _check_open(path, database)
    except DatabaseCorruptError as error:
        message = " ".join(str(error.__cause__ or error).split())
        return CheckReport(path, (Problem("file", message, "salvage"),))


def repair_database(path: str | Path, *, dry_run: bool = False) -> RepairReport:
    """Fixes the problems of a database; damaged rows are moved aside, never deleted.

    Derived data is rebuilt in place. Where the file itself is damaged, what can be read is salvaged
    into a new file that takes its place, and the damaged file is kept under another name.

    Args:
        dry_run: Report the problems only; write nothing.

    Raises:
        DatabaseError: The file cannot be opened or written.
        DatabaseBusyError: Other processes hold the write lock, or have the file open where it has
            to be replaced.
        DatabaseFullError: There is no room left to write.
        DatabaseReadOnlyError: The file cannot be written.
    """
    path = Path(path)
    before = check_database(path).problems
    if dry_run or not before:
        return RepairReport(before, before)
    if not any(problem.repair == "salvage" for problem in before):
        try:
            return replace(_repair_in_place(path), before=before)
        except (DatabaseBusyError, DatabaseFullError, DatabaseReadOnlyError):
            raise
        except DatabaseError as error:  # damage that the check did not find
            _log.info("repair in place failed, salvaging what can be read: %s", error)
    salvaged, kept = salvage_in_place(path)
    return replace(
        _repair_in_place(path),
        before=before,
        salvaged=salvaged,
        kept=kept.database,
        side_files=kept.side_files,
    )


def redact_database(path: str | Path, *, dry_run: bool = False) -> RedactionReport:
    """Removes the secrets that an earlier version stored, from every table.

    Hashes, keys, indexes and embeddings follow the new texts; Q-values and records are folded
    again from the redacted history. No byte of the old texts stays in file or log. Copies made
    before, backups among them, keep theirs.

    Args:
        dry_run: Report the secrets only; write nothing.

    Raises:
        DatabaseError: The file cannot be opened or written; repair a damaged one first.
    """
    from .schema.database.stored_secrets import count_stored_secrets

    with Database(Path(path), create=False, upgrade=not dry_run) as database:
        with database.read(deadline_s=CHECK_DEADLINE_S) as connection:
            before = count_stored_secrets(connection)
        if dry_run or not before:
            return RedactionReport(before, before)
        with database.write() as connection:
            redact_bank(connection)
            redact_learning_in(connection)
        embedded = _embed_missing(database)
        with database.read(deadline_s=CHECK_DEADLINE_S) as connection:
            after = count_stored_secrets(connection)
        return RedactionReport(before, after, embedded, database.erase_free_space())


def check_all(connection: apsw.Connection, database: Database) -> tuple[Problem, ...]:
    """Returns every problem of file, patterns and learning, as one transaction sees them."""
    return (
        *check_file(connection),
        *check_patterns(connection, has_vectors=database.has_vectors),
        *check_learning_in(connection),
        *check_vector_file(connection, database.path),
    )


def _check_open(path: Path, database: Database) -> CheckReport:
    from .schema.database.stored_secrets import count_stored_secrets

    with database.read(deadline_s=CHECK_DEADLINE_S) as connection:
        problems = check_all(connection, database)
        countable = not any(problem.repair == "salvage" for problem in problems)
        patterns = count_patterns(connection) if countable else 0
        secrets = count_stored_secrets(connection) if countable else ()
        return CheckReport(path, problems, file_facts(connection, path), patterns, secrets)


def _repair_in_place(path: Path) -> RepairReport:
    """Returns what was repaired and what still is wrong, without the problems before."""
    with Database(path, create=False) as database:
        with database.write() as connection:
            problems = check_all(connection, database)
            quarantined = quarantine_patterns(connection, problems)
            if any(problem.area == "index" for problem in problems):
                rebuild_indexes(connection)
            of_rows = (p.repair != "none" and p.area != "vector_file" for p in problems)
            if quarantined or any(of_rows):
                repair_patterns(connection)
                repair_learning_in(connection)
        embedded = _embed_missing(database)
        repair_vector_file(database, tuning=StorageTuning())
        after = _check_open(path, database).problems
    return RepairReport((), after, quarantined, embedded)


def _embed_missing(database: Database) -> int:
    """Embeds the patterns that lack an embedding; loads the encoder only then."""
    with database.read(deadline_s=CHECK_DEADLINE_S) as connection:
        problems = check_patterns(connection, has_vectors=database.has_vectors)
    if not any(problem.area == "embedding" for problem in problems):
        return 0
    return QEReasoningBank(database).reindex().embedded
