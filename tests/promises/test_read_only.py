"""Promise 25: a bank that cannot be written can be searched, and a write is a clear error.

Permissions do not bind root, so the work is done by a child that has dropped them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Database, DatabaseOpenError, DatabaseReadOnlyError, TestPattern, back_up

NOBODY = 65_534


def make(id: str) -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert read('{id}')\n",
    )


def search_only(path: Path) -> None:
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    with Database(path) as database:
        assert database.read_only
        bank = QEReasoningBank(database, encoder=HashingEncoder(64))
        assert len(bank.find_pattern("read")) == 2
        assert len(bank.find_pattern("read")) == 2  # from the cache
        with pytest.raises(DatabaseReadOnlyError, match="is read-only; nothing was changed"):
            bank.store_pattern(make("three"))


def refused(path: Path) -> None:
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    with pytest.raises(DatabaseOpenError, match="copy both to a writable folder"):
        Database(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="aqe-read-only-"))
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


@pytest.mark.parametrize("kind", ["file and folder", "folder", "a backup"])
def test_read_only(
    kind: str,
    folder: Path,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    promise: Callable[..., None],
) -> None:
    made = tmp_path / "made.db"
    with QEReasoningBank(made, encoder=HashingEncoder(64)) as bank:
        bank.store_patterns([make("one"), make("two")])
    path = folder / "bank.db"
    if kind == "a backup":
        back_up(made, path)
    else:
        shutil.copy(made, path)
    path.chmod(0o666 if kind == "folder" else 0o444)
    folder.chmod(0o555)
    joined([forked(search_only, path)])
    left = {file.name for file in folder.iterdir()}
    promise(25, "search works, store is one error, nothing left behind", part=f"read-only {kind}")
    assert left == {"bank.db"}


def test_a_log_that_cannot_be_read_is_refused(
    folder: Path, forked: Callable[..., int], joined: Callable[[list[int]], None]
) -> None:
    """Without its log the file would show an old state as the current one."""
    path = folder / "bank.db"
    child = forked(_die_with_a_log, path)
    os.waitpid(child, 0)
    path.with_name("bank.db-shm").unlink()
    assert path.with_name("bank.db-wal").stat().st_size > 0
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    joined([forked(refused, path)])


def _die_with_a_log(path: Path) -> None:
    bank = QEReasoningBank(path, encoder=HashingEncoder(64))
    bank.store_pattern(make("one"))
    os._exit(0)
