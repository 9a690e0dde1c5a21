"""Files that hold content: links, modes, leftovers of writers that died, full names."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.retrieval.exchange.formats import write_atomically
from aqe.retrieval.exchange.registry import write_registry
from aqe.schema import (
    Database,
    InterchangeError,
    TestPattern,
    back_up,
    partial_file,
    remove_stale_partials,
    restore,
    write_private,
)
from aqe.schema.database.files.private_file import rename_new

from ..facts import keys, put


def link(tmp_path: Path, kind: str, target: Path) -> Path:
    """Returns a path that leads to ``target`` through a link."""
    if kind == "folder":
        (tmp_path / "folder").symlink_to(target.parent)
        return tmp_path / "folder" / target.name
    made = tmp_path / "link.db"
    made.symlink_to(target)
    return made


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_database_behind_a_link_is_used_and_the_link_stays(tmp_path: Path, kind: str) -> None:
    real = tmp_path / "real" / "bank.db"
    real.parent.mkdir()
    with Database(real) as database:
        put(database, "first")
    given = link(tmp_path, kind, real)
    copy = tmp_path / "copy.db"
    back_up(given, copy)
    with Database(given) as database:
        assert database.path == real
        put(database, "second")
    report = restore(copy, given)
    assert report.path == real
    assert report.replaced is not None
    assert report.replaced.parent == real.parent
    assert given.parent.is_symlink() if kind == "folder" else given.is_symlink()
    with Database(real) as database:
        assert keys(database) == ["first"]


def test_a_dangling_link_leads_to_the_file_that_is_made(tmp_path: Path) -> None:
    real = tmp_path / "real" / "bank.db"
    real.parent.mkdir()
    given = link(tmp_path, "file", real)
    with Database(given) as database:
        put(database, "first")
    copy = link(tmp_path / "real", "file", tmp_path / "real" / "copy.db")
    back_up(given, copy)
    assert copy.is_symlink()
    for name in ("bank.db", "copy.db"):
        with Database(real.with_name(name)) as database:
            assert keys(database) == ["first"]
    real.unlink()
    restore(copy, given)
    assert given.is_symlink()
    assert real.is_file()


def test_an_export_through_a_link_writes_the_file_that_it_names(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    given = link(tmp_path, "file", real)
    write_atomically(given, "x")
    assert given.is_symlink()
    assert real.read_text() == "x"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_link_in_a_registry_is_replaced(tmp_path: Path) -> None:
    """A registry may come from others."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    registry = tmp_path / "registry"
    registry.mkdir()
    (registry / "p.pattern.yaml").symlink_to(victim)
    pattern = TestPattern(
        id="p",
        name="test_p",
        category="unit",
        framework="pytest",
        language="python",
        template="def test_p(): pass",
    )
    write_registry(registry, [pattern])
    assert victim.read_text() == "mine"
    assert "test_p" in (registry / "p.pattern.yaml").read_text()


def test_a_pipe_is_written_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_private(pipe, b"x")
    assert os.read(reader, 10) == b"x"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_long_name_leaves_room_for_the_temporary_one(tmp_path: Path) -> None:
    target = tmp_path / ("ä" * 120 + ".json")
    write_atomically(target, "x")
    assert target.read_text() == "x"


@pytest.mark.parametrize(("age_s", "stays"), [(0, True), (3600, False)])
def test_what_a_dead_writer_left_is_removed(tmp_path: Path, age_s: int, stays: bool) -> None:
    left = tmp_path / ".bank.db.0123456789abcdef.partial"
    journal = left.with_name(left.name + "-journal")
    for file in (left, journal):
        file.write_bytes(b"x")
        os.utime(file, (time.time() - age_s,) * 2)
    other = tmp_path / ".notes.partial"
    other.write_bytes(b"x")
    os.utime(other, (0, 0))
    remove_stale_partials(tmp_path)
    assert left.exists() == journal.exists() == stays
    assert other.exists()


def test_what_a_living_writer_holds_stays(tmp_path: Path) -> None:
    with partial_file(tmp_path / "bank.db") as partial:
        os.utime(partial, (0, 0))
        remove_stale_partials(tmp_path)
        assert partial.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_planted_link_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".bank.db.0123456789abcdef.partial").symlink_to(victim)
    remove_stale_partials(tmp_path)
    assert victim.read_text() == "mine"


def test_a_rename_never_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for _ in range(2):  # with the system's own call, then without it
        first.write_text("1")
        second.write_text("2")
        with pytest.raises(FileExistsError):
            rename_new(first, second)
        second.unlink()
        rename_new(first, second)
        assert second.read_text() == "1"
        assert not first.exists()
        monkeypatch.setitem(vars(ctypes), "CDLL", lambda *_, **__: SimpleNamespace())


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InterchangeError, match="cannot write"):
        write_atomically(tmp_path / "file" / "a.json", "x")


def test_sigterm_removes_the_temporary_file(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from aqe.cli.main import main\n"
        "from aqe.schema import partial_file\n"
        "def command():\n"
        "    with partial_file(Path(sys.argv[1])) as partial:\n"
        "        print(partial, flush=True)\n"
        "        time.sleep(60)\n"
        "main(command)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "a.json")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert Path(process.stdout.readline().strip()).exists()
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    process.stdout.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "folder", "warned"),
    [(0o644, 0o755, True), (0o660, 0o710, True), (0o644, 0o700, False), (0o600, 0o755, False)],
)
def test_a_bank_that_others_can_read_is_mentioned_once(
    mode: int, folder: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    parent = Path(f"/tmp/aqe-modes-{os.urandom(8).hex()}")
    parent.mkdir()
    try:
        path = parent / "bank.db"
        Database(path).close()
        path.chmod(mode)
        parent.chmod(folder)
        with caplog.at_level(logging.WARNING):
            result = CliRunner().invoke(app, ["db", "check", "--json", "--db", str(path)])
            Database(path).close()
        assert result.stdout.startswith("{")
        assert len(caplog.messages) == warned
        assert all(f"chmod 600 {path}" in message for message in caplog.messages)
    finally:
        for file in parent.iterdir():
            file.unlink()
        parent.rmdir()
