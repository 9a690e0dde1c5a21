"""Migrations: each step exactly once, whole or not at all, after a copy of the file."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.schema import Database, DatabaseError, SchemaVersionError, schema_version
from aqe.schema.database.connection import APPLICATION_ID
from aqe.schema.database.migrate import Migration, MigrationReport, known_migrations, migrate

STEPS = known_migrations()
NEXT = len(STEPS) + 1
THINGS = "create table things (name text) strict; insert into things values ('one');"


def upgrade(path: Path, *sql: str) -> MigrationReport:
    """Applies steps that a later version could add."""
    steps = [*STEPS]
    steps += [Migration(NEXT + at, f"later_{at}", text) for at, text in enumerate(sql)]
    with Database(path) as database:
        return migrate(database.connection(), path=path, transaction=database.write, steps=steps)


def rows(path: Path, sql: str) -> list[Any]:
    connection = apsw.Connection(str(path))
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_known_migrations_are_numbered_from_one_without_gaps() -> None:
    assert [step.version for step in STEPS] == list(range(1, NEXT))
    assert all(len(step.checksum) == 64 and step.name for step in STEPS)


def test_a_new_database_gets_every_step_and_its_marks(path: Path) -> None:
    with Database(path) as database:
        assert database.migration == MigrationReport(0, NEXT - 1)
        with database.read() as connection:
            assert schema_version(connection) == NEXT - 1
            assert connection.pragma("application_id") == APPLICATION_ID
            assert connection.pragma("user_version") == NEXT - 1
            noted = connection.execute("select version, name, checksum from schema_migrations")
            assert list(noted) == [(step.version, step.name, step.checksum) for step in STEPS]
    with Database(path) as again:
        assert again.migration == MigrationReport(NEXT - 1, NEXT - 1)


def test_a_database_in_memory_is_migrated_without_a_copy() -> None:
    with Database() as database:
        assert database.migration == MigrationReport(0, NEXT - 1, None)


def test_no_table_is_strict_and_every_column_checks_its_type(path: Path) -> None:
    """Also those that a later step adds: with a STRICT table SQLite 3.36 reads nothing."""
    Database(path).close()
    ours = "type = 'table' and schema = 'main' and name not like 'sqlite\\_%' escape '\\'"
    assert rows(path, f"select name from pragma_table_list where {ours} and strict") == []
    columns = rows(
        path,
        "select l.name, c.name, lower(c.type), s.sql from pragma_table_list l"
        " join pragma_table_xinfo(l.name) c join sqlite_schema s on s.name = l.name"
        f" where {ours.replace('type', 'l.type').replace('name', 'l.name')}".replace(
            "schema =", "l.schema ="
        ),
    )
    assert len(columns) > 200
    unchecked = [
        f"{table}.{column}"
        for table, column, kind, sql in columns
        if f"check (typeof({column}) in ('{kind}', 'null'))" not in sql
    ]
    assert unchecked == []


def test_a_value_of_another_type_is_refused(path: Path) -> None:
    with Database(path) as database, database.write() as connection:
        connection.execute("insert into bank_facts values ('a', 'b')")
        for wrong in (
            "insert into bank_facts values ('c', x'00')",
            "update bank_facts set key = x'00'",
        ):
            with pytest.raises(apsw.ConstraintError, match="typeof"):
                connection.execute(wrong)
        with pytest.raises(apsw.ConstraintError, match="typeof"):
            connection.execute("insert into learning_switches values ('name', 'yes')")


def test_a_step_keeps_the_tables_of_other_programs(path: Path) -> None:
    """A STRICT table of theirs makes the file unreadable to an old SQLite; that is their choice."""
    sql = "CREATE TABLE theirs (name text) strict"
    with Database(path) as database, database.write() as connection:
        connection.execute(sql)
    upgrade(path, THINGS)
    assert rows(path, "select sql from sqlite_schema where name = 'theirs'") == [(sql,)]


def test_an_upgrade_copies_the_file_beside_itself_first(path: Path) -> None:
    with Database(path) as database, database.write() as connection:
        connection.execute("insert into bank_facts values ('a', 'kept')")
    report = upgrade(path, THINGS)
    assert (report.before, report.after) == (NEXT - 1, NEXT)
    assert report.backup == path.with_name(f"bank.db.v{NEXT - 1}.backup")
    assert stat.S_IMODE(report.backup.stat().st_mode) == 0o600
    assert rows(report.backup, "select value from bank_facts") == [("kept",)]
    assert rows(report.backup, "select name from sqlite_schema where name = 'things'") == []
    assert rows(report.backup, "pragma integrity_check") == [("ok",)]
    assert rows(path, "select name from things") == [("one",)]
    assert rows(path, "pragma user_version") == [(NEXT,)]


def test_an_existing_copy_is_never_overwritten(path: Path) -> None:
    Database(path).close()
    copy = path.with_name(f"bank.db.v{NEXT - 1}.backup")
    copy.write_bytes(b"an earlier copy")
    upgrade(path, THINGS)
    assert copy.read_bytes() == b"an earlier copy"


@pytest.mark.parametrize("broken", [THINGS + "syntax error;", THINGS + "insert into nothing;"])
def test_a_failing_step_is_rolled_back_whole(path: Path, broken: str) -> None:
    Database(path).close()
    with pytest.raises(DatabaseError, match=rf"cannot apply schema step {NEXT + 1} \(later_1\)"):
        upgrade(path, "create table first (x integer) strict", broken)
    assert rows(path, "select name from sqlite_schema where name in ('first', 'things')") == [
        ("first",)
    ]
    assert rows(path, "select max(version) from schema_migrations") == [(NEXT,)]
    assert rows(path, "pragma user_version") == [(NEXT,)]


def test_a_step_applied_with_another_text_is_refused(path: Path) -> None:
    Database(path).close()
    rows(path, "update schema_migrations set checksum = 'other' where version = 1 returning 1")
    with pytest.raises(SchemaVersionError, match=r"step 1 of .* was applied with another text"):
        Database(path)


def test_another_process_that_was_first_leaves_nothing_to_do(path: Path) -> None:
    """Between the look at the version and the write lock, another process upgrades."""
    with Database(path) as database:
        steps = [*STEPS, Migration(NEXT, "later", THINGS)]
        first = iter([True])

        def transaction() -> AbstractContextManager[apsw.Connection]:
            if next(first, False):
                upgrade(path, THINGS.replace("'one'", "'other'"))
            return database.write()

        report = migrate(database.connection(), path=path, transaction=transaction, steps=steps)
        assert report.after == NEXT
    assert rows(path, "select name from things") == [("other",)]


OPENER = """
import sys, time
from pathlib import Path
from aqe.schema import Database
import aqe.schema.database.migrate as m
path, start, extra = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
known = m.known_migrations()
later = [m.Migration(len(known) + 1 + n, f"later_{n}",
         f"create table later_{n} (x integer) strict; insert into later_{n} values (1);"
         f"insert into later_{n} with recursive c(x) as (select 1 union all select x + 1 from c"
         f" where x < 20000) select x from c;")
         for n in range(extra)]
time.sleep(max(0.0, start - time.time()))
with Database(path, migrations=(*known, *later)) as database:
    print(database.migration.before, database.migration.after)
"""


@pytest.mark.parametrize("existing", [False, True])
def test_processes_opening_at_once_apply_each_step_exactly_once(
    path: Path, existing: bool, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    if existing:
        Database(path).close()
    start = time.time() + 1.0
    processes = [start_python(OPENER, path, start, 3) for _ in range(5)]
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert output.split()[1] == str(NEXT + 2)
    noted = rows(path, "select version from schema_migrations order by version")
    assert [version for (version,) in noted] == list(range(1, NEXT + 3))
    for number in range(3):
        assert rows(path, f"select count(*) from later_{number}") == [(20_001,)]
    left = sorted(file.name for file in path.parent.iterdir() if "partial" in file.name)
    assert left == []


@pytest.mark.slow
def test_a_killed_migration_is_old_or_new_never_between(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    for repetition in range(8):
        path = tmp_path / f"{repetition}.db"
        with Database(path) as database, database.write() as connection:
            connection.execute("insert into bank_facts values ('a', 'kept')")
        start = time.time() + 0.6
        process = start_python(OPENER, path, start, 6)
        time.sleep(max(0.0, start - time.time()) + rng.uniform(0.0, 0.12))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with apsw.Connection(str(path)) as connection:
            version = schema_version(connection)
            for number in range(6):
                name = f"later_{number}"
                there = connection.execute(
                    "select count(*) from sqlite_schema where name = ?", (name,)
                ).get
                assert there == (number < version - len(STEPS)), (repetition, version, name)
                if there:
                    assert connection.execute(f"select count(*) from {name}").get == 20_001
            assert connection.execute("select value from bank_facts").get == "kept"
            assert connection.pragma("integrity_check") == "ok"
