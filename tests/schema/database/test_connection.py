"""Each setting, asserted on a real connection."""

from __future__ import annotations

import importlib.util
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.schema import Database, DatabaseError, DatabaseOpenError
from aqe.schema.database import connection_settings
from aqe.schema.database.connection import (
    APPLICATION_ID,
    file_system_of,
    open_connection,
    require_local_file_system,
    require_sqlite_version,
)
from aqe.schema.database.connection_settings import (
    BUSY_TIMEOUT_MS,
    CHECKPOINT_PAGES,
    EXPRESSION_DEPTH_LIMIT,
    JOURNAL_SIZE_LIMIT_BYTES,
    LENGTH_LIMIT_BYTES,
    SETTINGS,
    SQL_LENGTH_LIMIT_BYTES,
    has_vector_extension,
    load_vector_extension,
    set_journal_mode_wal,
)


@pytest.fixture
def connection(path: Path) -> apsw.Connection:
    """A configured connection to a database with our tables."""
    Database(path).close()
    return open_connection(path)


def _is_busy_waiting(connection: apsw.Connection) -> bool:
    """Returns whether a second writer waits for the first instead of failing at once."""
    other = apsw.Connection(connection.db_filename("main"))
    other.execute("begin immediate")
    connection.set_busy_timeout(60)
    started = time.monotonic()
    with pytest.raises(apsw.BusyError):
        connection.execute("begin immediate")
    other.execute("rollback")
    other.close()
    return time.monotonic() - started >= 0.05


# In the order of SETTINGS: the name of the setting and what shows that it took.
CHECKS: tuple[tuple[str, Callable[[apsw.Connection], object], object], ...] = (
    ("set_busy_timeout", lambda c: c.pragma("busy_timeout"), BUSY_TIMEOUT_MS),
    ("set_foreign_keys", lambda c: c.pragma("foreign_keys"), 1),
    ("set_recursive_triggers", lambda c: c.pragma("recursive_triggers"), 1),
    (
        "set_strict_quoting",
        lambda c: (
            c.config(apsw.SQLITE_DBCONFIG_DQS_DML, -1),
            c.config(apsw.SQLITE_DBCONFIG_DQS_DDL, -1),
        ),
        (0, 0),
    ),
    ("set_untrusted_schema", lambda c: c.pragma("trusted_schema"), 0),
    ("load_vector_extension", has_vector_extension, True),
    ("set_defensive", lambda c: c.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, -1), 1),
    ("set_cell_size_check", lambda c: c.pragma("cell_size_check"), 1),
    ("set_temp_store", lambda c: c.pragma("temp_store"), 2),
    ("set_no_memory_map", lambda c: c.pragma("mmap_size"), 0),
    ("set_page_cache", lambda c: c.pragma("cache_size"), -4_000),
    (
        "set_limits",
        lambda c: (
            c.limit(apsw.SQLITE_LIMIT_LENGTH),
            c.limit(apsw.SQLITE_LIMIT_SQL_LENGTH),
            c.limit(apsw.SQLITE_LIMIT_EXPR_DEPTH),
            c.limit(apsw.SQLITE_LIMIT_ATTACHED),
        ),
        (LENGTH_LIMIT_BYTES, SQL_LENGTH_LIMIT_BYTES, EXPRESSION_DEPTH_LIMIT, 1),
    ),
    ("set_journal_size_limit", lambda c: c.pragma("journal_size_limit"), JOURNAL_SIZE_LIMIT_BYTES),
    ("set_checkpoint_interval", lambda c: c.pragma("wal_autocheckpoint"), CHECKPOINT_PAGES),
    ("set_secure_delete", lambda c: c.pragma("secure_delete"), 1),
)


def test_settings_are_checked_in_their_order() -> None:
    assert [setting.__name__ for setting in SETTINGS] == [name for name, _, _ in CHECKS]


def test_each_setting_says_why_and_links_the_page_that_explains_it() -> None:
    functions = [value for name, value in vars(connection_settings).items() if name[:4] == "set_"]
    for setting in {*SETTINGS, *functions}:
        assert "https://sqlite.org/" in (setting.__doc__ or ""), setting.__name__


@pytest.mark.parametrize(("name", "read", "expected"), CHECKS, ids=[name for name, _, _ in CHECKS])
def test_open_connection_applies(
    connection: apsw.Connection,
    name: str,
    read: Callable[[apsw.Connection], object],
    expected: object,
) -> None:
    assert read(connection) == expected


def test_open_connection_waits_for_a_lock(connection: apsw.Connection) -> None:
    assert _is_busy_waiting(connection)


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1)])
def test_durability_sets_synchronous(path: Path, durability: Any, level: int) -> None:
    Database(path).close()
    assert open_connection(path, durability=durability).pragma("synchronous") == level


def test_database_uses_wal(path: Path) -> None:
    with Database(path) as database:
        assert database.connection().pragma("journal_mode") == "wal"


def test_journal_mode_that_does_not_take_is_refused(path: Path) -> None:
    Database(path).close()
    reader, writer = apsw.Connection(str(path)), apsw.Connection(str(path))
    writer.pragma("journal_mode", "delete")
    reader.execute("begin; select * from patterns").fetchall()
    with pytest.raises((apsw.BusyError, DatabaseOpenError)):
        set_journal_mode_wal(writer)
    reader.execute("rollback")


def test_journal_mode_of_a_kind_without_wal_is_refused() -> None:
    class Stubborn:
        def pragma(self, name: str, value: object = None) -> str:
            return "delete"

        def db_filename(self, name: str) -> str:
            return "/near/bank.db"

    stubborn: Any = Stubborn()
    with pytest.raises(DatabaseOpenError, match=r"must be wal, got delete") as caught:
        set_journal_mode_wal(stubborn)
    assert caught.value.path == Path("/near/bank.db")


def test_sql_cannot_load_an_extension(connection: apsw.Connection) -> None:
    with pytest.raises(apsw.SQLError, match=r"not authorized"):
        connection.execute("select load_extension('vec0')")


@pytest.mark.parametrize("table", ["patterns_fts_data", "patterns_fts_content"])
def test_defensive_mode_keeps_shadow_tables(connection: apsw.Connection, table: str) -> None:
    with pytest.raises(apsw.SQLError, match=r"may not be modified"):
        connection.execute(f"delete from {table}")


def test_a_misspelt_column_is_an_error(connection: apsw.Connection) -> None:
    with pytest.raises(apsw.SQLError, match=r"no such column"):
        connection.execute('select "nmae" from patterns')


def test_a_value_over_the_limit_is_refused(connection: apsw.Connection) -> None:
    with pytest.raises(apsw.TooBigError):
        connection.execute("select length(zeroblob(:n))", {"n": LENGTH_LIMIT_BYTES + 1})


def test_an_old_sqlite_is_refused() -> None:
    require_sqlite_version(3_053_002)
    with pytest.raises(DatabaseError, match=r"at least 3\.53\.2"):
        require_sqlite_version(3_053_001)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs", "virtiofs"])
def test_a_network_mount_is_refused(tmp_path: Path, kind: str) -> None:
    mounts = tmp_path / "mounts"
    folder = tmp_path / "far away"
    folder.mkdir()
    point = str(folder).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nodd\nserver:/x {point} {kind} rw 0 0\n")
    require_local_file_system(tmp_path / "near.db", mounts)
    with pytest.raises(DatabaseOpenError, match=rf"on a {kind} mount"):
        require_local_file_system(folder / "deeper" / "bank.db", mounts)


def test_the_innermost_and_latest_mount_counts(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"s:/ / nfs4 rw 0 0\nx {tmp_path} tmpfs rw 0 0\ny {tmp_path} ext4 rw 0 0\n")
    assert file_system_of(tmp_path / "bank.db", mounts) == "ext4"


def test_a_machine_without_a_list_of_mounts_goes_on(tmp_path: Path) -> None:
    assert file_system_of(tmp_path / "bank.db", tmp_path / "no such file") == ""


def test_read_only_connection_writes_nothing(path: Path) -> None:
    with Database(path):
        connection = open_connection(path, read_only=True)
        assert connection.execute("select count(*) from patterns").get == 0
        with pytest.raises(apsw.ReadOnlyError):
            connection.execute("delete from patterns")
        connection.close()


def test_a_file_that_cannot_be_opened_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match=r"cannot open .*; check the path"):
        open_connection(tmp_path / "nothing" / "here.db", read_only=True)


def test_without_sqlite_vec_the_connection_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not has_vector_extension(open_connection(None))


def test_a_broken_extension_is_noted_and_the_door_stays_shut(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = importlib.util.spec_from_loader("sqlite_vec", None, origin=str(tmp_path / "x.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    connection = apsw.Connection(":memory:")
    with caplog.at_level(logging.INFO, logger="aqe.sqlite"):
        load_vector_extension(connection)
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "sqlite-vec cannot be loaded"
    ]
    assert connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1) == 0


def test_application_id_is_aqe1_in_ascii() -> None:
    assert APPLICATION_ID.to_bytes(4, "big") == b"aqe1"
