"""Upgrades a database to the current schema: numbered steps, each applied exactly once.

A step and its bookkeeping row are one transaction, which reads the version again, so that of many
processes opening a file at once exactly one applies each step. ``schema_migrations`` is
authoritative; ``user_version`` repeats the version in the header of a file that is only ours
(https://sqlite.org/pragma.html#pragma_user_version).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import apsw

from .. import migrations
from ..errors import DatabaseError, SchemaVersionError
from ..migrations.column_types import with_type_checks
from ..records.patterns import utc_now
from ..records.provenance import agent_key
from ..records.record import Record
from .connection import APPLICATION_ID
from .files.private_file import partial_file, remove_stale_partials
from .sqlite_errors import ANOTHER_PATH

__all__ = [
    "Migration",
    "MigrationReport",
    "known_migrations",
    "migrate",
    "refuse_older",
    "run_step",
    "schema_version",
]

# Matches the tables and views that a step creates, as our SQL files write them.
_CREATED = re.compile(r"^create (?:virtual table|table|view) (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL text, recorded with the step."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True, repr=False)
class MigrationReport(Record):
    """Schema versions before and after ``migrate``, and the copy made in between."""

    before: int
    after: int
    backup: Path | None = None


def known_migrations() -> tuple[Migration, ...]:
    """Returns the steps that this version of aqe knows, numbered from 1 and in order."""
    steps = []
    for file in sorted(Path(migrations.__path__[0]).glob("*.sql")):
        number, _, title = file.stem.partition("_")
        steps.append(Migration(int(number), title, file.read_text(encoding="utf-8")))
    return tuple(steps)


def schema_version(connection: apsw.Connection) -> int:
    """Returns the number of the last step that was applied; 0 for a database without our tables."""
    if not _has_table(connection, "schema_migrations"):
        return 0
    version = connection.execute("select max(version) from schema_migrations").get
    return int(version or 0)


def migrate(
    connection: apsw.Connection,
    *,
    path: Path | None,
    transaction: Callable[[], AbstractContextManager[apsw.Connection]],
    steps: Sequence[Migration],
) -> MigrationReport:
    """Applies the missing steps, after copying an existing database to a file next to it.

    Args:
        connection: The database.
        path: The file; None for a database in memory, which needs no copy.
        transaction: Opens an immediate write transaction on ``connection``.
        steps: All steps, numbered from 1.

    Raises:
        SchemaVersionError: The file comes from a newer version or from another program, or a step
            was applied with another text. The file is left untouched.
        DatabaseError: A step cannot be applied; it is rolled back whole.
    """
    before = check_version(connection, steps, path)
    pending = [step for step in steps if step.version > before]
    if not pending:
        return MigrationReport(before, before)
    backup = _back_up(connection, path, before) if path is not None and before > 0 else None
    for step in pending:
        with transaction():
            if schema_version(connection) < step.version:  # another process may have been first
                _apply(connection, step, path)
    return MigrationReport(before, steps[-1].version, backup)


def check_version(
    connection: apsw.Connection,
    steps: Sequence[Migration],
    path: Path | None,
    *,
    advice: str = ANOTHER_PATH,
) -> int:
    """Returns the schema version of a database that this version of aqe may use.

    Args:
        connection: The database.
        steps: All steps that this version knows.
        path: The file, for error messages.
        advice: Ends the error messages about a file of another program.

    Raises:
        SchemaVersionError: See ``migrate``.
    """
    application = connection.pragma("application_id")
    if application not in (0, APPLICATION_ID):
        raise SchemaVersionError(
            f"{path} belongs to another program (application_id {application:#x}); {advice}",
            path=path,
        )
    # Reads the names before the version: tables that another process of ours creates in between are
    # no namesakes.
    namesakes = _table_names(connection) & {
        name for step in steps for name in _CREATED.findall(step.sql)
    }
    version = schema_version(connection)
    if namesakes and version == 0:
        raise SchemaVersionError(
            f"{path} holds tables of another program under our names"
            f" ({', '.join(sorted(namesakes))}); {advice}",
            path=path,
        )
    newest = steps[-1].version
    if version > newest:
        raise SchemaVersionError(
            f"{path} has schema version {version}, made by a newer aqe; this one knows up to "
            f"{newest}: upgrade with pip install --upgrade aqe. The file was not touched.",
            path=path,
            expected=newest,
            found=version,
        )
    if version:
        _check_applied(connection, steps, path)
    return version


def refuse_older(version: int, steps: Sequence[Migration], path: Path | None) -> None:
    """Refuses a file that would have to be upgraded first.

    Raises:
        SchemaVersionError: Its version is older than the newest step.
    """
    newest = steps[-1].version
    if version < newest:
        raise SchemaVersionError(
            f"{path} has schema version {version}, this aqe needs {newest}: upgrade it, or a"
            " writable copy of it, with: aqe db migrate",
            path=path,
            expected=newest,
            found=version,
        )


def _check_applied(
    connection: apsw.Connection, steps: Sequence[Migration], path: Path | None
) -> None:
    known = {step.version: step.checksum for step in steps}
    for version, checksum in connection.execute("select version, checksum from schema_migrations"):
        if known.get(version) != checksum:
            raise SchemaVersionError(
                f"step {version} of {path} was applied with another text than this version's; "
                "the database comes from an unreleased build: export its patterns with that build",
                path=path,
                expected=steps[-1].version,
                found=version,
            )


def _apply(connection: apsw.Connection, step: Migration, path: Path | None) -> None:
    ours_alone = step.version > 1 or not _has_any_table(connection)
    try:
        run_step(connection, step)
    except apsw.SQLError as error:
        raise DatabaseError(
            f"cannot apply schema step {step.version} ({step.name}): {error}; the database holds "
            "tables of another program under our names: give another path with --db",
            path=path,
        ) from error
    connection.execute(
        "insert into schema_migrations (version, name, checksum, applied_at)"
        " values (:version, :name, :checksum, :applied_at)",
        {
            "version": step.version,
            "name": step.name,
            "checksum": step.checksum,
            "applied_at": utc_now().isoformat(),
        },
    )
    if step.version == 1 and ours_alone:
        connection.pragma("application_id", APPLICATION_ID)
    if connection.pragma("application_id") == APPLICATION_ID:
        connection.pragma("user_version", step.version)


def run_step(connection: apsw.Connection, step: Migration) -> None:
    """Runs the SQL of a step inside an open transaction, with the functions that steps use.

    Steps may change the schema as text, which defensive mode forbids.
    https://sqlite.org/lang_altertable.html#otheralter

    Raises:
        apsw.Error: A statement fails.
    """
    connection.create_scalar_function("agent_key", _agent_key, 1, deterministic=True)
    connection.create_scalar_function("with_type_checks", _with_type_checks, 1, deterministic=True)
    defensive = connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, -1)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    try:
        connection.execute(step.sql)
    finally:
        connection.config(apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, defensive)


def _agent_key(*values: apsw.SQLiteValue) -> str:
    """The SQL function by which migrations compare agents."""
    return agent_key(str(values[0]))


def _with_type_checks(*values: apsw.SQLiteValue) -> str:
    """The SQL function by which a migration replaces STRICT tables."""
    return with_type_checks(str(values[0]))


def _back_up(connection: apsw.Connection, path: Path, version: int) -> Path:
    """Copies the database as it is to ``<name>.v<version>.backup`` next to it, atomically."""
    target = path.with_name(f"{path.name}.v{version}.backup")
    if target.exists():
        return target
    remove_stale_partials(path.parent)
    with partial_file(target) as partial:
        copy = apsw.Connection(str(partial))
        try:
            with copy.backup("main", connection, "main") as backup:
                while not backup.done:
                    backup.step(1000)
            unchanged = schema_version(copy) == version
        finally:
            copy.close()
        if unchanged:  # else another process upgraded the file meanwhile, and has made the copy
            _publish(partial, target)
    return target


def _publish(partial: Path, target: Path) -> None:
    """Gives a copy its name; another process may have been first."""
    from .files.file_replacement import put_in_place  # 5 ms that opening a file need not spend

    try:
        put_in_place(partial, target, "replaced", overwrite=False)
    except DatabaseError:
        if not target.exists():
            raise


def _table_names(connection: apsw.Connection) -> set[str]:
    rows = connection.execute("select name from sqlite_schema where type in ('table', 'view')")
    return {name.lower() for (name,) in rows}


def _has_table(connection: apsw.Connection, name: str) -> bool:
    found = connection.execute(
        "select 1 from sqlite_schema where type = 'table' and name = :name", {"name": name}
    ).get
    return found is not None


def _has_any_table(connection: apsw.Connection) -> bool:
    return connection.execute("select 1 from sqlite_schema limit 1").get is not None
