"""Promise 2: after a power cut all that was acknowledged is there (full), or a prefix (normal).

A VFS written in Python remembers what was synced. At the cut, each write since a file's last sync
is kept or lost by chance, one by one, as a disk with a cache may do. Power cuts on real hardware,
and disks that acknowledge a sync and lose it, are not shown by this.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Database, Durability, TestPattern

SEED = 20260929
PATTERNS = 14
# Often enough that cuts fall into checkpoints too.
CHECKPOINT_PAGES = 40


class Disk:
    """The platter: for each file, its bytes at the last sync and the writes since."""

    def __init__(self, cut_at: int, rng: random.Random) -> None:
        self.synced: dict[str, bytearray] = {}
        self.pending: dict[str, list[tuple[int, bytes | None]]] = {}
        self.operations = 0
        self._cut_at = cut_at
        self._rng = rng
        self.on_cut: Callable[[], None] = lambda: None

    def opened(self, name: str) -> None:
        if name not in self.synced:
            there = Path(name)
            self.synced[name] = bytearray(there.read_bytes() if there.exists() else b"")
            self.pending[name] = []

    def step(self) -> None:
        self.operations += 1
        if self.operations == self._cut_at:
            self.on_cut()

    def sync(self, name: str) -> None:
        for change in self.pending[name]:
            _apply(self.synced[name], change)
        self.pending[name] = []

    def after_the_cut(self, name: str) -> bytes:
        image = bytearray(self.synced[name])
        chance = self._rng.choice([0.0, 0.5, 0.9])
        for change in self.pending[name]:
            if self._rng.random() < chance:
                _apply(image, change)
        return bytes(image)


def _apply(image: bytearray, change: tuple[int, bytes | None]) -> None:
    offset, data = change
    if data is None:
        del image[offset:]
        return
    image.extend(bytes(max(0, offset + len(data) - len(image))))
    image[offset : offset + len(data)] = data


class DiskFile(apsw.VFSFile):
    """A file that reports its writes and syncs to the disk."""

    def __init__(self, name: apsw.URIFilename | str, flags: list[int], disk: Disk) -> None:
        self._name = name if isinstance(name, str) else name.filename()
        disk.opened(self._name)
        super().__init__("unix", name, flags)
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.step()
        super().xWrite(data, offset)
        self._disk.pending[self._name].append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.step()
        super().xTruncate(size)
        self._disk.pending[self._name].append((size, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.step()
        super().xSync(flags)
        self._disk.sync(self._name)


class DiskVFS(apsw.VFS):
    """A VFS on such a disk; becomes the default."""

    def __init__(self, disk: Disk) -> None:
        super().__init__("disk", "unix", makedefault=True)
        self._disk = disk

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return DiskFile(name or "", flags, self._disk)


def make(number: int) -> TestPattern:
    return TestPattern(
        id=f"p{number}",
        name=f"test_{number}",
        category="unit",
        framework="pytest",
        language="python",
        template=f"def test_it():\n    assert power({number})\n",
    )


def run(path: Path, out: Path, durability: Durability, cut_at: int, seed: int) -> None:
    """Stores until the power is cut at an operation; leaves the platter in ``out``."""
    disk = Disk(cut_at, random.Random(seed))
    vfs = DiskVFS(disk)
    acknowledged: list[str] = []

    def cut() -> None:
        for name in disk.synced:
            end = Path(name).name
            if end.startswith("bank.db") and Path(name).exists():
                (out / end).write_bytes(disk.after_the_cut(name))
        (out / "acknowledged").write_text(" ".join(acknowledged))
        os._exit(0)

    disk.on_cut = cut
    with Database(path, durability=durability) as database:
        database.connection().pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        bank = QEReasoningBank(database, encoder=HashingEncoder(64))
        for number in range(PATTERNS):
            bank.store_pattern(make(number))
            acknowledged.append(f"p{number}")
    (out / "operations").write_text(str(disk.operations))
    del vfs


@pytest.mark.parametrize("durability", ["full", "normal"])
@pytest.mark.parametrize("cuts", [12, pytest.param(300, marks=pytest.mark.slow)])
def test_power_cut(
    cuts: int,
    durability: Durability,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    rng = random.Random(SEED)
    template = tmp_path / "template.db"
    with QEReasoningBank(template, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(make(999))
    folder, out = tmp_path / "live", tmp_path / "platter"
    total = 0
    lost = rolled_back = 0
    for number in range(cuts + 1):
        for place in (folder, out):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
        shutil.copy(template, folder / "bank.db")
        cut_at = rng.randrange(1, total) if number else 0  # the first run counts the operations
        joined([forked(run, folder / "bank.db", out, durability, cut_at, SEED + number)])
        if not number:
            total = int((out / "operations").read_text())
            continue
        wanted = (out / "acknowledged").read_text().split()
        with Database(out / "bank.db") as database, database.read() as connection:
            there = {str(row[0]) for row in connection.execute("select id from patterns")}
        sound(out / "bank.db")
        there.discard("p999")
        assert there == {f"p{number}" for number in range(len(there))}, "not a prefix"
        missing = len(set(wanted) - there)
        if durability == "full":
            lost += missing
        else:
            rolled_back += missing
    promise(
        2,
        f"{cuts} cuts among {total} operations: "
        + (
            f"{lost} acknowledged lost"
            if durability == "full"
            else f"always a prefix, {rolled_back / cuts:.1f} of the last acknowledged rolled back"
        )
        + ", all files sound",
        part=durability,
        seed=SEED,
    )
    assert lost == 0
