"""An open database: threads, forks, transactions and what their errors become."""

from __future__ import annotations

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
    DatabaseError,
    DatabaseFullError,
    DatabaseTuning,
)

from .facts import FACT, keys, put

Run = Callable[..., str]

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


def test_a_lock_held_too_long_is_a_busy_error(path: Path) -> None:
    with Database(path, tuning=DatabaseTuning(write_deadline_s=0.2)) as database:
        database.connection().set_busy_timeout(20)
        other = apsw.Connection(str(path))
        other.execute("begin immediate")
        with pytest.raises(DatabaseBusyError, match=r"was locked by other processes") as caught:
            put(database, "a")
        assert caught.value.path == path
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
        with pytest.raises(DatabaseFullError, match=r"no room left to write") as caught:  # noqa: PT012, SIM117
            with database.write() as writer:
                for number in range(100):
                    writer.execute(FACT, {"key": str(number), "value": "x" * 4000})
        assert caught.value.free_bytes is not None
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
    assert sizes.count(-4_000) <= DatabaseTuning().roomy_connections
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
