"""Nothing that happens to the vector file ends or blocks a process, or changes an answer."""

from __future__ import annotations

import os
import random
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from aqe.maintenance import check_database, repair_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank, StorageTuning
from aqe.schema import TestPattern

COUNT = 400
SEED = 31
TUNING = StorageTuning(max_cached_vectors=100)
QUERIES = ("login fails 7", "array save 31", "timeout retry 112", "value 250 of queue")
# Opens the bank, answers, waits for a line on its input and answers again.
CHILD = """
import json, logging, sys
from pathlib import Path
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank, StorageTuning
logging.basicConfig(format="LOG %(levelname)s %(message)s")
tuning = StorageTuning(max_cached_vectors=100)
bank = QEReasoningBank(Path(sys.argv[1]), encoder=HashingEncoder(), storage_tuning=tuning)
def answers(suffix):
    queries = [query + suffix for query in json.loads(sys.argv[2])]
    found = [[match.pattern.id for match in bank.search(query)] for query in queries]
    print(json.dumps([bank.get_vector_statistics().file_vectors, found]), flush=True)
with bank:
    answers("")
    sys.stdin.readline()
    for suffix in (" ", "  "):
        answers(suffix)
"""


def _overwrite(content: bytes) -> Callable[[Path], None]:
    """Returns what writes over the file in place, as often as fits, behind its first bytes."""

    def damage(path: Path) -> None:
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(64)
            file.write((content * (size // len(content) + 1))[: size - 64])

    return damage


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[random.Random(SEED).randrange(len(content))] ^= 4
    path.write_bytes(content)


def _replaced(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        folder = os.open(path.parent, os.O_PATH)
        bound.bind(f"/proc/self/fd/{folder}/{path.name}")  # a socket's path is short
        os.close(folder)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "kept").write_text("by its owner")


def _sparse(path: Path) -> None:
    os.truncate(path, 1 << 40)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "random bytes": _overwrite(random.Random(SEED).randbytes(5_003)),
    "truncated": lambda path: os.truncate(path, 4_096),
    "FIFO": _replaced(os.mkfifo),
    "link to /dev/zero": _replaced(lambda path: path.symlink_to("/dev/zero")),
    "folder": _replaced(_folder),
    "missing": lambda path: path.unlink(),
    "zeros": _overwrite(b"\0"),
    "0xff": _overwrite(b"\xff"),
    "one bit": _flip,
    "empty": lambda path: os.truncate(path, 0),
    "appended": lambda path: _append(path),
    "sparse, 1 TB": _sparse,
    "socket": _replaced(_socket),
    "link to /etc/passwd": _replaced(lambda path: path.symlink_to("/etc/passwd")),
    "link loop": _replaced(lambda path: path.symlink_to(path)),
    "dangling link": _replaced(lambda path: path.symlink_to("nowhere")),
    "another text": _replaced(lambda path: shutil.copy(__file__, path)),
    "header only": lambda path: os.truncate(path, 64),
}
FAST = list(DAMAGE)[:4]


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0" * 4_096)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank with a vector file."""
    path = tmp_path_factory.mktemp("sound") / "aqe.db"
    with QEReasoningBank(path, encoder=HashingEncoder(), storage_tuning=TUNING) as bank:
        bank.store_patterns(_patterns())
        assert bank.update_vector_file() in (0, COUNT)
    assert Path(f"{path}.vectors").is_file()
    return path


@pytest.fixture
def database(sound: Path, tmp_path: Path) -> Path:
    path = tmp_path / "aqe.db"
    shutil.copy(sound, path)
    shutil.copy(f"{sound}.vectors", f"{path}.vectors")
    return path


def _patterns() -> Iterator[TestPattern]:
    words = ("login", "array", "timeout", "queue", "save", "retry", "fails", "value")
    for number in range(COUNT):
        name = f"{words[number % 8]} {words[number // 8 % 8]} {number}"
        yield TestPattern(
            id=f"p{number}",
            name=name,
            description=f"checks {name} of {words[number % 5]}",
            category="unit",
            framework="pytest",
            language="python",
            template=f"def test_{number}():\n    assert {words[number % 8]}({number})\n",
        )


def _exact(database: Path) -> list[list[str]]:
    """Returns the answers without a vector file."""
    tuning = StorageTuning(vector_file=False)
    with QEReasoningBank(database, encoder=HashingEncoder(), storage_tuning=tuning) as bank:
        return [[match.pattern.id for match in bank.search(query)] for query in QUERIES]


def _searched(database: Path, damage: Callable[[Path], None], *, opened: bool) -> tuple[int, str]:
    """Damages the file before the child opens it, or while it is open; checks its answers.

    Returns:
        Vectors of the file that the child used at last, and what it logged.
    """
    file, expected = Path(f"{database}.vectors"), _exact(database)
    if not opened:
        damage(file)
    command = [sys.executable, "-c", CHILD, str(database), msgspec.json.encode(QUERIES).decode()]
    with subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            if opened:
                assert child.stdout is not None
                first = child.stdout.readline()
                damage(file)
            else:
                first = ""
            rest, logged = child.communicate("go\n", timeout=60)
        finally:
            child.kill()
    assert child.returncode == 0, logged  # a signal would be negative
    said = [msgspec.json.decode(line) for line in (first + rest).splitlines()]
    assert len(said) == 3
    for _, found in said:
        assert found == expected
    return said[-1][0], logged


def _check_damage(sound: Path, folder: Path, kind: str) -> None:
    for opened in (False, True):
        database = folder / f"{opened}" / "aqe.db"
        database.parent.mkdir()
        shutil.copy(sound, database)
        shutil.copy(f"{sound}.vectors", f"{database}.vectors")
        used, logged = _searched(database, DAMAGE[kind], opened=opened)
        warnings = [line for line in logged.splitlines() if line.startswith("LOG WARNING")]
        assert (used, len(warnings)) == ((COUNT, 0) if opened else (0, 1)), (kind, logged)
        assert opened or (f"{database}.vectors" in warnings[0] and "aqe db repair" in warnings[0])
        (problem,) = check_database(database).problems
        assert (problem.area, problem.repair) == ("vector_file", "rebuild")
        _repair(database)
        assert check_database(database).problems == ()
        used, logged = _searched(database, lambda path: None, opened=False)
        assert (used, "LOG" in logged) == (COUNT, False)


def _repair(database: Path) -> None:
    with QEReasoningBank(database, encoder=HashingEncoder(), storage_tuning=TUNING) as bank:
        assert bank.repair() == 0


def test_damage_to_the_vector_file_ends_no_process(
    sound: Path, tmp_path: Path, promise: Callable[..., None]
) -> None:
    for number, kind in enumerate(FAST):
        (tmp_path / str(number)).mkdir()
        _check_damage(sound, tmp_path / str(number), kind)
    promise(31, _figure(len(FAST)), seed=SEED)


@pytest.mark.slow
def test_all_damage_to_the_vector_file_ends_no_process(
    sound: Path, tmp_path: Path, promise: Callable[..., None]
) -> None:
    for number, kind in enumerate(DAMAGE):
        (tmp_path / str(number)).mkdir()
        _check_damage(sound, tmp_path / str(number), kind)
    promise(31, _figure(len(DAMAGE)), seed=SEED)


def _figure(kinds: int) -> str:
    return f"{kinds} kinds x 2 moments: 0 signals, 0 hangs, answers exact, found and repaired"


def test_repair_keeps_a_folder_at_the_place_of_the_vector_file(database: Path) -> None:
    _replaced(_folder)(Path(f"{database}.vectors"))
    _repair(database)
    (aside,) = database.parent.glob("aqe.db.vectors.*.aside")
    assert (aside / "kept").read_text() == "by its owner"


def test_repair_rebuilds_for_a_process_that_has_the_bank_open(database: Path) -> None:
    DAMAGE["zeros"](Path(f"{database}.vectors"))
    with QEReasoningBank(database, encoder=HashingEncoder(), storage_tuning=TUNING) as bank:
        bank.search("login")
        bank.search("array")
        assert bank.get_vector_statistics().file_vectors == 0
        assert [problem.area for problem in bank.check()] == ["vector_file"]
        with QEReasoningBank(database, encoder=HashingEncoder(), storage_tuning=TUNING) as other:
            assert other.repair() == 0
        bank.search("queue")
        assert bank.get_vector_statistics().file_vectors == COUNT
        assert bank.check() == []


def test_repair_forgets_a_file_that_the_bank_no_longer_needs(database: Path) -> None:
    """The repair of a database uses the normal limit, below which there is no file."""
    DAMAGE["zeros"](Path(f"{database}.vectors"))
    report = repair_database(database)
    assert [problem.area for problem in report.before] == ["vector_file"]
    assert report.after == ()


def test_vector_file_of_another_bank_is_refused(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with QEReasoningBank(other, encoder=HashingEncoder(), storage_tuning=TUNING) as bank:
        bank.store_patterns(list(_patterns())[::-1])
    shutil.copy(f"{other}.vectors", f"{database}.vectors")
    used, logged = _searched(database, lambda path: None, opened=False)
    assert used == 0
    assert logged.count("LOG WARNING") == 1


def test_writing_the_vector_file_follows_no_link(database: Path, tmp_path: Path) -> None:
    """A link at its place is replaced; what it leads to is not written."""
    target = tmp_path / "target"
    target.write_text("untouched")
    file = Path(f"{database}.vectors")
    _replaced(lambda path: path.symlink_to(target))(file)
    with QEReasoningBank(database, encoder=HashingEncoder(), storage_tuning=TUNING) as bank:
        assert bank.update_vector_file() == COUNT
    assert target.read_text() == "untouched"
    assert stat.S_ISREG(file.lstat().st_mode)
    assert stat.S_IMODE(file.lstat().st_mode) == 0o600
    assert not list(database.parent.glob("*.partial"))


def test_banks_of_a_process_share_the_content(database: Path) -> None:
    def opened() -> QEReasoningBank:
        bank = QEReasoningBank(database, encoder=HashingEncoder(), storage_tuning=TUNING)
        for query in QUERIES[:2]:
            bank.search(query)
        return bank

    with opened() as first, opened() as second:
        contents = {
            id(bank.backend._cache._state.file.content)  # type: ignore[attr-defined]
            for bank in (first, second)
        }
        assert len(contents) == 1
