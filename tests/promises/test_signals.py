"""Promise 30: no signal, whenever it comes, leaves a transaction open or loses what was stored.

Handlers that raise are what Ctrl-C does, and time limits such as pytest-timeout's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .signal_storm import SEED, STEPPED, World, open_world


@pytest.fixture
def world(path: Path) -> Iterator[World]:
    opened = open_world(path)
    yield opened
    opened.database.close()


def storm(kind: str, number: int, path: Path) -> list[int]:
    """Runs the storm in a process without a tracer; returns its two counts."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    finished = subprocess.run(
        [sys.executable, Path(__file__).with_name("signal_storm.py"), kind, str(number), path],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=560,
    )
    assert finished.returncode == 0, finished.stderr
    return [int(part) for part in finished.stdout.split()]


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_signals_at_every_step(stride: int, path: Path, promise: Callable[..., None]) -> None:
    total, _ = storm("steps", stride, path)
    promise(
        30,
        f"{total:,} of the steps of {len(STEPPED)} calls: 0 locks held, 0 lost",
        part="every step",
    )
    assert total > 100


@pytest.mark.parametrize("signals", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_signals(signals: int, path: Path, promise: Callable[..., None]) -> None:
    calls, interrupts = storm("random", signals, path)
    promise(
        30,
        f"{signals} SIGINT and SIGALRM at random moments in each of {calls} calls:"
        f" {interrupts:,} interrupted, 0 locks held, 0 acknowledged lost",
        part="random",
        seed=SEED,
    )
    assert interrupts == signals * calls


def test_an_interrupted_end_that_is_kept_does_not_end_a_later_transaction(world: World) -> None:
    """As in an interactive session, which keeps the last exception with its frames."""
    transaction = world.database.write()
    transaction.__enter__()  # its end never comes
    world.use()
    with world.database.write() as connection:
        connection.execute("insert into bank_facts (key, value) values ('a', 'b')")
        del transaction
        assert connection.in_transaction
    with world.database.read() as connection:
        assert connection.execute("select value from bank_facts where key = 'a'").get == "b"


def test_a_transaction_inside_another_ends_that_one_with_an_error(world: World) -> None:
    with pytest.raises(Exception, match="nothing was stored"), world.database.write():
        world.bank.get_pattern("p1")
