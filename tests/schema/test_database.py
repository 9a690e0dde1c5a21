"""The opener: files, threads, forks, transactions and what their errors become."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from aqe.schema import (
    Database,
    DatabaseBusyError,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseFullError,
    DatabaseOpenError,
    DatabaseReadOnlyError,
    SchemaVersionError,
)
from aqe.schema import database as database_module

Run = Callable[..., str]
FACT = "insert into bank_facts (key, value) values (:key, :value)"


def put(database: Database, key: str, value: str = "") -> None:
    with database.write() as connection:
        connection.execute(FACT, {"key": key, "value": value})


def keys(database: Database) -> list[str]:
    with database.read() as connection:
        return [row[0] for row in connection.execute("select key from bank_facts order by key")]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- files ---------------------------------------------------------------------------------------


def test_file_and_new_folders_are_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deeper" / "bank.db"
    before = os.umask(0o022)
    try:
        with Database(path) as database:
            put(database, "a")
            for file in path.parent.iterdir():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match=r"is a folder; give the path of a file"):
        Database(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseOpenError, match=r"cannot create"):
        Database(tmp_path / "file" / "bank.db")


def test_must_exist_refuses_to_create(path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match=r"no database at"):
        Database(path, must_exist=True)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"x", b"SQLite", b"# a text file\n" * 100, os.urandom(8192)])
def test_what_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DatabaseOpenError, match=r"is not an SQLite database; give another path"):
        Database(path)
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    with Database(path) as database:
        assert database.migration.before == 0


def test_a_truncated_file_is_reported_as_damaged(path: Path) -> None:
    with Database(path) as database:
        for number in range(200):
            put(database, f"{number:04}", "x" * 500)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 // 4096 * 4096])
    with pytest.raises(DatabaseCorruptError, match=r"is damaged"):  # noqa: SIM117
        with Database(path) as database:
            keys(database)


def test_a_foreign_application_is_refused_untouched(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.pragma("application_id", 0x12345678)
    other.execute("create table t (x); insert into t values (1)")
    other.close()
    before = sha256(path)
    with pytest.raises(
        SchemaVersionError, match=r"belongs to another program .application_id 0x12345678"
    ):
        Database(path)
    assert sha256(path) == before


def test_a_newer_file_is_refused_untouched(path: Path) -> None:
    Database(path).close()
    connection = apsw.Connection(str(path))
    connection.execute(
        "insert into schema_migrations select max(version) + 1, 'future', 'x', 'now'"
        " from schema_migrations"
    )
    connection.close()
    before = sha256(path)
    with pytest.raises(SchemaVersionError, match=r"made by a newer aqe.*The file was not touched"):
        Database(path)
    assert sha256(path) == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_other_peoples_tables_are_kept(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("create table notes (text); insert into notes values ('mine')")
    other.pragma("user_version", 7)
    other.close()
    with Database(path) as database:
        put(database, "a")
    with Database(path) as database, database.read() as connection:
        assert connection.execute("select text from notes").get == "mine"
        assert connection.pragma("user_version") == 7
        assert connection.pragma("application_id") == 0
    with Database(path) as database:
        assert keys(database) == ["a"]


@pytest.mark.parametrize("table", ["patterns", "q_values", "bank_facts"])
def test_a_foreign_table_under_our_name_is_refused_and_nothing_changed(
    path: Path, table: str
) -> None:
    other = apsw.Connection(str(path))
    other.execute(f"create table {table} (mine); insert into {table} values (1)")
    other.close()
    before = sha256(path)
    with pytest.raises(DatabaseError, match=r"tables of another program under our names") as caught:
        Database(path)
    assert "\n" not in str(caught.value)
    connection = apsw.Connection(str(path))
    assert connection.execute("select name from sqlite_schema").fetchall() == [(table,)]
    connection.close()
    assert sha256(path) == before


@pytest.mark.parametrize("columns", ["id", "version text", "version integer, name text"])
def test_a_foreign_schema_migrations_is_one_clear_error(path: Path, columns: str) -> None:
    other = apsw.Connection(str(path))
    other.execute(f"create table schema_migrations ({columns})")
    other.execute("insert into schema_migrations default values")
    other.close()
    with pytest.raises(DatabaseError) as caught:
        Database(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_read_only_database_refuses_a_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Database(path) as database:
        put(database, "a")
        database.connection().pragma("query_only", True)
        with pytest.raises(DatabaseReadOnlyError, match=r"is read-only; nothing was changed"):
            put(database, "b")
        assert keys(database) == ["a"]


# -- transactions --------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [False, True])
def test_write_is_rolled_back_on_any_exception(path: Path, memory: bool) -> None:
    with Database(None if memory else path) as database:
        for error in (RuntimeError, KeyboardInterrupt):
            with pytest.raises(error), database.write() as connection:  # noqa: PT012
                connection.execute(FACT, {"key": "a", "value": ""})
                raise error
        assert keys(database) == []
        put(database, "b")
        assert keys(database) == ["b"]


def test_read_sees_one_state(path: Path) -> None:
    with Database(path) as database:
        put(database, "a")
        with database.read() as connection:
            assert connection.execute("select count(*) from bank_facts").get == 1
            thread = threading.Thread(target=put, args=(database, "b"))
            thread.start()
            thread.join()
            assert connection.execute("select count(*) from bank_facts").get == 1
        assert keys(database) == ["a", "b"]


def test_a_lock_held_too_long_is_a_busy_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "WRITE_DEADLINE_S", 0.2)
    with Database(path) as database:
        database.connection().set_busy_timeout(20)
        other = apsw.Connection(str(path))
        other.execute("begin immediate")
        with pytest.raises(DatabaseBusyError, match=r"was locked by other processes"):
            put(database, "a")
        other.execute("rollback")
        other.close()
        put(database, "a")
        assert keys(database) == ["a"]


def test_a_lock_let_go_in_time_is_waited_for(path: Path) -> None:
    with Database(path) as database:
        database.connection().set_busy_timeout(1)
        other = apsw.Connection(str(path))
        other.execute("begin immediate")
        timer = threading.Timer(0.2, other.execute, ["rollback"])
        timer.start()
        put(database, "a")
        timer.join()
        other.close()
        assert keys(database) == ["a"]


def test_a_full_disk_is_said_and_leaves_nothing_half_written(path: Path) -> None:
    with Database(path) as database:
        put(database, "kept")
        connection = database.connection()
        limit = connection.pragma("max_page_count", connection.pragma("page_count") + 4)
        assert limit > 0
        with pytest.raises(DatabaseFullError, match=r"no room left to write"):  # noqa: PT012, SIM117
            with database.write() as connection:
                for number in range(100):
                    connection.execute(FACT, {"key": str(number), "value": "x" * 4000})
        assert keys(database) == ["kept"]
        connection.pragma("max_page_count", 1_000_000)
        put(database, "more")
        assert connection.pragma("integrity_check") == "ok"


def test_time_spent_waiting_is_not_counted_against_a_query(path: Path) -> None:
    """As on a machine where many others have their turn first."""
    with Database(path) as database, database.read(deadline_s=0.2) as connection:
        time.sleep(0.3)
        count = connection.execute(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)"
            " select count(*) from n"
        ).get
    assert count == 20_000


def test_a_query_past_its_deadline_is_stopped(path: Path) -> None:
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select max(x) from n"
    with Database(path) as database:
        with (
            pytest.raises(DatabaseError, match=r"took too long and was stopped"),
            database.read(deadline_s=0.05) as connection,
        ):
            connection.execute(endless).fetchall()
        assert keys(database) == []


# -- life ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [False, True])
def test_close_is_idempotent_and_later_use_is_an_error(path: Path, memory: bool) -> None:
    database = Database(None if memory else path)
    database.content_version()
    database.close()
    database.close()
    for use in (database.connection, database.content_version, lambda: keys(database)):
        with pytest.raises(DatabaseError, match=r"was closed; open it again"):
            use()


def test_release_closes_this_threads_connection_and_the_next_use_opens_another(path: Path) -> None:
    with Database(path) as database:
        database.release()
        database.release()
        put(database, "a")
        before = database.connection()
        database.release()
        with pytest.raises(apsw.ConnectionClosedError):
            before.execute("select 1")
        assert keys(database) == ["a"]
    with Database() as memory:
        put(memory, "a")
        memory.release()
        assert keys(memory) == ["a"]


def test_close_leaves_no_other_files(path: Path) -> None:
    with Database(path) as database:
        put(database, "a")
        database.content_version()
        thread = threading.Thread(target=keys, args=(database,))
        thread.start()
        thread.join()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_each_thread_has_its_own_connection(path: Path) -> None:
    with Database(path) as database:
        mine, seen = database.connection(), []
        barrier = threading.Barrier(4)

        def work(number: int) -> None:
            barrier.wait()
            for count in range(25):
                put(database, f"{number}-{count}")
            seen.append(database.connection())

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(connection) for connection in [mine, *seen]}) == 5
        assert len(keys(database)) == 100


def test_many_threads_hold_fewer_pages_each(path: Path) -> None:
    count, sizes = 18, []
    with Database(path) as database:
        opened = threading.Barrier(count)

        def work() -> None:
            connection = database.connection()
            opened.wait(10)  # as many at a time
            sizes.append(connection.pragma("cache_size"))

        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sizes) == count
    assert set(sizes) == {-4_000, -1_000}
    assert sizes.count(-4_000) <= database_module.ROOMY_CONNECTIONS
    assert -sum(sizes) <= 38_000


def test_threads_share_a_database_in_memory() -> None:
    with Database() as database:
        assert database.label == ":memory:"

        def work(number: int) -> None:
            for count in range(25):
                put(database, f"{number}-{count}")
                keys(database)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(keys(database)) == 100


# -- content version -----------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [False, True])
def test_content_version_moves_with_own_writes_only(path: Path, memory: bool) -> None:
    with Database(None if memory else path) as database:
        before = database.content_version()
        keys(database)
        assert database.content_version() == before
        put(database, "a")
        after = database.content_version()
        assert after != before
        assert database.content_version() == after


def test_content_version_moves_with_writes_of_threads_and_processes(
    path: Path, run_python: Run
) -> None:
    script = (
        "import sys; from aqe.schema import Database\n"
        "with Database(sys.argv[1]) as d, d.write() as c:\n"
        " c.execute(\"insert into bank_facts values ('other', '')\")\n"
    )
    with Database(path) as database:
        seen = [database.content_version()]
        thread = threading.Thread(target=put, args=(database, "thread"))
        thread.start()
        thread.join()
        seen.append(database.content_version())
        run_python(script, path)
        seen.append(database.content_version())
        assert len(set(seen)) == 3


# -- fork ----------------------------------------------------------------------------------------

FORK = """
import os, sys
from aqe.schema import Database

def put(database, key):
    with database.write() as connection:
        connection.execute("insert into bank_facts values (?, '')", (key,))

def keys(database):
    with database.read() as connection:
        return [row[0] for row in connection.execute("select key from bank_facts order by key")]

database = Database(None if sys.argv[1] == "memory" else sys.argv[1])
put(database, "before")
parents, version = database.connection(), database.content_version()
put(database, "meanwhile")
child = os.fork()
if child == 0:
    if database.path is not None:
        assert database.connection() is not parents
        assert database.content_version() != version, "an answer from before the fork looks fresh"
    put(database, "child")
    assert keys(database) == ["before", "child", "meanwhile"], keys(database)
    database.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert database.connection() is parents
put(database, "parent")
print(",".join(keys(database)), parents.pragma("integrity_check"))
"""


def test_after_a_fork_the_child_has_its_own_connection(path: Path, run_python: Run) -> None:
    assert run_python(FORK, path) == "before,child,meanwhile,parent ok\n"


def test_after_a_fork_a_database_in_memory_is_a_copy(run_python: Run) -> None:
    assert run_python(FORK, "memory") == "before,meanwhile,parent ok\n"


WRITER = """
import os, sys
from aqe.schema import Database
with Database(sys.argv[1], durability="normal") as database:
    for number in range(25):
        with database.write() as connection:
            key = f"{os.getpid()} {number}"
            connection.execute("insert into bank_facts values (?, '')", (key,))
    print(database.migration.before)
"""


def test_processes_opening_a_new_file_at_once_lose_nothing(
    path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    processes = [start_python(WRITER, path) for _ in range(5)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with Database(path) as database:
        assert len(keys(database)) == 125


def test_closing_after_writes_puts_the_log_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "aqe.db"
    reader, writer = Database(path), Database(path)
    with writer.write() as connection:
        connection.execute("insert into bank_facts (key, value) values ('a', 'b')")
    log = path.with_name("aqe.db-wal")
    assert log.stat().st_size > 0
    writer.close()
    assert log.stat().st_size == 0
    reader.close()


def test_closing_does_not_wait_for_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "aqe.db"
    reader, writer = Database(path), Database(path)
    with reader.read() as connection:
        connection.execute("select * from bank_facts").fetchall()
        with writer.write() as other:
            other.execute("insert into bank_facts (key, value) values ('a', 'b')")
        started = time.monotonic()
        writer.close()
        assert time.monotonic() - started < 2
    reader.close()
