"""Promise 39: tests that move keep their histories, also when extractions of them are killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext

SEED = 20261125
FILES, TESTS = 8, 25


class Suite:
    """A suite on disk whose tests move and vanish; each has a body that no other has."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._folder = folder
        self._rng = rng
        self._count = 0
        self.places: dict[int, tuple[int, str]] = {}
        for body in range(FILES * TESTS):
            self.places[body] = (body % FILES, f"test_{body}")
        self.write()

    def write(self) -> None:
        """Writes the files."""
        (self._folder / "pyproject.toml").write_text("[project]\nname = 'suite'\n")
        for file in range(FILES):
            tests = [
                f"def {name}():\n    cart = Cart(owner='owner-{body}')\n"
                f"    assert cart.add(item={body + 1_000}) == {body + 2_000}\n"
                for body, (at, name) in sorted(self.places.items())
                if at == file
            ]
            (self._folder / f"test_file_{file}.py").write_text("\n\n".join(tests))

    def change(self) -> None:
        """Renames some tests, moves some to other files, and deletes one."""
        for body in self._rng.sample(sorted(self.places), 8):
            self._count += 1
            file, name = self.places[body]
            if self._rng.random() < 0.5:
                self.places[body] = (file, f"test_renamed_{self._count}")
            else:
                self.places[body] = (self._rng.randrange(FILES), name)
        del self.places[self._rng.choice(sorted(self.places))]
        self.write()


def bodies(bank: QEReasoningBank) -> dict[int, tuple[int, int, bool]]:
    """Returns uses, and uses that count, by body, and whether its test is gone."""
    found = {}
    for pattern in bank.list_patterns(limit=None):
        body = int(pattern.code.partition("owner-")[2].partition("'")[0])
        uses = len(bank.get_usage(pattern.id))
        assert body not in found, f"{pattern.name} is there twice"
        found[body] = (uses, pattern.usage_count, pattern.gone_since is not None)
    return found


def extract(path: Path, folder: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(32), durability="normal") as bank:
        bank.extract([folder])


def killed_extraction(path: Path, folder: Path, seconds: float) -> bool:
    """Extracts in a process that is killed after some seconds; returns whether it was still up."""
    child = os.fork()
    if child == 0:
        extract(path, folder)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_moved_tests_keep_their_histories(
    kills: int, tmp_path: Path, promise: Callable[..., None]
) -> None:
    rng = random.Random(SEED)
    folder, path = tmp_path / "suite", tmp_path / "bank.db"
    folder.mkdir()
    suite = Suite(folder, rng)
    extract(path, folder)
    expected: Counter[int] = Counter()
    with QEReasoningBank(path, encoder=HashingEncoder(32), durability="normal") as bank:
        for pattern in bank.list_patterns(limit=None):
            body = int(pattern.code.partition("owner-")[2].partition("'")[0])
            expected[body] = 1 + body % 3
            for number in range(expected[body]):
                use = PatternUsageContext(success=True, agent_id=f"agent-{number}")
                bank.record_usage(pattern.id, use)
    died = 0
    for _ in range(kills):
        suite.change()
        died += killed_extraction(path, folder, rng.uniform(0.0, 0.4))
    extract(path, folder)
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        found = bodies(bank)
        assert bank.check() == []
    lost = [body for body in expected if found[body][:2] != (expected[body], expected[body])]
    wrong = [body for body in expected if found[body][2] != (body not in suite.places)]
    promise(
        39,
        f"{kills} extractions killed ({died} before they ended), {8 * kills} tests moved or"
        f" renamed, {kills} deleted: {len(lost)} of {len(expected)} histories lost,"
        f" {len(wrong)} wrongly gone",
        seed=SEED,
    )
    assert lost == []
    assert wrong == []
