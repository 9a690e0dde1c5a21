"""Promise 7: a corrupt file is a clear error, is found by the check, and is not changed."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.maintenance import check_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import AqeError, Database, TestPattern

SEED = 20260919
PAGE = 4096


def make(path: Path) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_patterns(
            TestPattern(
                id=f"p{number}",
                name=f"test_{number}",
                category="unit",
                framework="pytest",
                language="python",
                description=f"Zebra{number:03d}zebra says so",
                template=f"def test_it():\n    assert total({number}) == {number * 7}\n",
                tags=["zoo"],
            )
            for number in range(40)
        )


def damage(data: bytearray, kind: str, page: int, rng: random.Random) -> None:
    start, end = page * PAGE, (page + 1) * PAGE
    if kind == "zero":
        data[start:end] = bytes(PAGE)
    elif kind == "random":
        data[start:end] = rng.randbytes(PAGE)
    else:
        data[rng.randrange(start, end)] ^= 1 << rng.randrange(8)


def look(path: Path) -> None:
    """Checks and searches; exits 2 when the check found the damage. Errors must be ours."""
    found = False
    try:
        found = bool(check_database(path).problems)
    except AqeError:
        found = True
    try:
        with Database(path, create=False, upgrade=False) as database:
            QEReasoningBank(database, encoder=HashingEncoder(64)).find_pattern("zebra total")
    except AqeError as error:
        assert "\n" not in str(error)  # noqa: PT017
        assert str(path) in str(error)  # noqa: PT017
    if found:
        os._exit(2)


def outcome(path: Path, forked: Callable[..., int]) -> str:
    """Reads a file in a process that may die; returns whether the damage was found."""
    before = hashlib.sha256(path.read_bytes()).digest()
    code = os.waitstatus_to_exitcode(os.waitpid(forked(look, path), 0)[1])
    assert code in (0, 2), f"exit code {code}"
    assert hashlib.sha256(path.read_bytes()).digest() == before, "the file was changed"
    return "found" if code == 2 else "unseen"


@pytest.mark.parametrize("every", [25, pytest.param(1, marks=pytest.mark.slow)])
def test_corrupt_pages(
    every: int, tmp_path: Path, forked: Callable[..., int], promise: Callable[..., None]
) -> None:
    rng = random.Random(SEED)
    whole, path = tmp_path / "whole.db", tmp_path / "damaged.db"
    make(whole)
    sound_bytes = whole.read_bytes()
    counts: Counter[tuple[str, str]] = Counter()
    for page in range(0, len(sound_bytes) // PAGE, every):
        if not any(sound_bytes[page * PAGE : (page + 1) * PAGE]):
            continue  # space reserved by an index: zeros already
        for kind in ("zero", "random", "bit"):
            data = bytearray(sound_bytes)
            damage(data, kind, page, rng)
            path.write_bytes(data)
            counts[kind, outcome(path, forked)] += 1
    for _ in range(max(3, 50 // every)):
        path.write_bytes(sound_bytes[: rng.randrange(600, len(sound_bytes) - PAGE)])
        counts["truncated", outcome(path, forked)] += 1
    shown = ", ".join(
        f"{kind} {counts[kind, 'found']} of {counts[kind, 'found'] + counts[kind, 'unseen']}"
        for kind in ("zero", "random", "bit", "truncated")
    )
    promise(7, f"found: {shown}; 0 crashes, 0 files changed", part="pages", seed=SEED)
    for kind in ("zero", "random", "truncated"):
        whole_count = counts[kind, "found"] + counts[kind, "unseen"]
        assert counts[kind, "found"] >= 0.99 * whole_count, kind


@pytest.mark.parametrize("flips", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_flipped_bits_in_rows_are_found(
    flips: int, tmp_path: Path, promise: Callable[..., None]
) -> None:
    """SQLite's own check does not see these: the hash of each row does."""
    rng = random.Random(SEED)
    whole, path = tmp_path / "whole.db", tmp_path / "damaged.db"
    make(whole)
    data = whole.read_bytes()
    # Id, name and description are side by side in the row, and nowhere else.
    texts = [f"p{n}test_{n}Zebra{n:03d}zebra says so".encode() for n in range(40)]
    places = [(data.index(text), len(text)) for text in texts]
    found = 0
    for _ in range(flips):
        start, length = rng.choice(places)
        place = start + rng.randrange(length)
        shutil.copy(whole, path)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << rng.randrange(8)]))
        found += any(
            problem.area in ("row", "references") for problem in check_database(path).problems
        )
    promise(7, f"{found} of {flips} bits flipped in rows found", part="rows", seed=SEED)
    assert found == flips
