"""Promise 33: temporary files cannot be planted, and what holds content is private.

Others may write into the folder, as in /tmp, and the umask is 0.
"""

from __future__ import annotations

import gzip
import os
import random
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aqe.cli.main import app
from aqe.maintenance import repair_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.exchange.formats import write_atomically
from aqe.retrieval.exchange.registry import write_registry
from aqe.retrieval.storage.sqlite.vector_file import written_vector_file
from aqe.schema import Database, TestPattern, back_up, restore

SEED = 33
FIXTURE = sorted((Path(__file__).parent / "fixtures").glob("schema-*.db.gz"))[0]
PATTERN = TestPattern(
    id="p",
    name="test_p",
    category="unit",
    framework="pytest",
    language="python",
    template="def test_p():\n    assert True\n",
)
VICTIM = "somebody's file"


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def store(path: Path) -> Path:
    with QEReasoningBank(path, encoder=HashingEncoder(16)) as bank:
        bank.store_pattern(PATTERN)
    return path


def export(folder: Path) -> Path:
    with QEReasoningBank(folder / "bank.db") as bank:
        bank.export_patterns(folder / "target", file_format="json")
    return folder / "target"


def registry(folder: Path) -> Path:
    write_registry(folder, [PATTERN])
    return folder / "p.pattern.yaml"


def text(folder: Path) -> Path:
    write_atomically(folder / "target", "content")
    return folder / "target"


def backup(folder: Path) -> Path:
    back_up(folder / "bank.db", folder / "target")
    return folder / "target"


def backup_again(folder: Path) -> Path:
    (folder / "target").touch()
    back_up(folder / "bank.db", folder / "target", overwrite=True)
    return folder / "target"


def restored(folder: Path) -> Path:
    restore(folder / "bank.db", folder / "target")
    return folder / "target"


def repaired(folder: Path) -> Path:
    data = bytearray((folder / "bank.db").read_bytes())
    data[-4096:] = bytes([7]) * 4096
    target = folder / "target"
    target.write_bytes(data)
    target.chmod(0o600)
    repair_database(target)
    return target


def upgraded(folder: Path) -> Path:
    (folder / "target").write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    Database(folder / "target").close()
    return next(folder.glob("target.v*.backup"))


def vectors(folder: Path) -> Path:
    unit = np.eye(16, dtype=np.float32)
    with written_vector_file(folder / "target", 16, enumerate(unit)) as written:
        written.partial.replace(folder / "target")
    return folder / "target"


def learned(folder: Path) -> Path:
    arguments = ["learn", "export", "--output", str(folder / "target")]
    result = CliRunner().invoke(app, [*arguments, "--db", str(folder / "bank.db")])
    assert result.exit_code == 0, result.output
    return folder / "target"


WRITERS = (
    *(export, registry, text, backup, backup_again, restored, repaired, upgraded, vectors),
    learned,
)


def planted_names(target: str, rng: random.Random) -> list[str]:
    """Names that a writer could be expected to use: by process id, by number, by habit."""
    numbers = [os.getpid(), os.getppid(), 0, 1, rng.randrange(1 << 32)]
    patterns = ["{0}.{1}.partial", ".{0}.{1}.partial", "{0}.{1}.tmp", "{0}.{1}.partial-journal"]
    names = [pattern.format(target, number) for pattern in patterns for number in numbers]
    return [*names, f"{target}.partial", f".{target}.partial", f"{target}.tmp", f"{target}.new"]


@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_planted_names_are_not_used_and_content_is_private(
    rounds: int, tmp_path: Path, promise: Callable[..., None]
) -> None:
    rng = random.Random(SEED)
    planted = used = readable = 0
    for number in range(rounds):
        for writer in WRITERS:
            folder = tmp_path / f"{writer.__name__}-{number}"
            folder.mkdir(mode=0o777)
            store(folder / "bank.db")
            victims = folder / "victims"
            victims.mkdir()
            finals = {"target", "p.pattern.yaml"} | {f"target.v{v}.backup" for v in range(1, 9)}
            for name in sorted(one for final in finals for one in planted_names(final, rng)):
                victim = victims / name
                if planted % 2:
                    victim.write_text(VICTIM)
                (folder / name).symlink_to(victim)
                planted += 1
            written = writer(folder)
            assert written.is_file()
            used += sum(victim.read_text() != VICTIM for victim in victims.iterdir())
            used += sum(not (folder / one.name).is_symlink() for one in victims.iterdir())
            files = [file for file in folder.iterdir() if file.is_file() and not file.is_symlink()]
            own = [file for file in files if not (writer is upgraded and file.name == "target")]
            readable += sum(bool(stat.S_IMODE(file.stat().st_mode) & 0o077) for file in own)
            assert not [name for name in os.listdir(folder) if _is_partial(folder / name)]
    promise(
        33,
        f"{len(WRITERS)} writers, {planted} planted links: {used} used, {readable} files that"
        " others can read",
        seed=SEED,
    )
    assert (used, readable) == (0, 0)


def _is_partial(path: Path) -> bool:
    return path.name.endswith(".partial") and not path.is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664])
def test_an_export_keeps_the_mode_of_the_file_that_it_replaces(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "a.json"
    target.touch()
    target.chmod(mode)
    write_atomically(target, "x")
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert target.read_text() == "x"
