"""Promise 27: many threads and processes search one file beside writers: no answer is stale."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from aqe.bench.workload.generated_patterns import PatternGenerator
from aqe.models.vector import Vector
from aqe.retrieval import QEReasoningBank, SearchMode
from aqe.schema import PatternMatch, TestPattern

from .crowd_history import REMOVED, Change, Look, stale_looks, watched_word

SEED = 20261123
MODES: tuple[SearchMode, ...] = ("hybrid", "text", "vector")
# A writer removes the pattern that it stored this many patterns ago.
ALIVE = 5
START_DEADLINE_S = 60.0
# Searchers look at the last this many patterns of a writer: alive ones and removed ones.
WATCHED = 8
# Of one writer: patterns of different writers have different places.
PLACES = 1_000_000
# Of the changes of one pattern: stored from 10 to 20, changed from 30 to 40, removed from 50 to 60.
CHANGES = [Change(1, 1, 10, 20), Change(1, 2, 30, 40), Change(1, REMOVED, 50, 60)]


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many search and write on how large a bank, how often each, and for how long."""

    patterns: int
    threads: int
    processes: int
    writers: int
    searches_per_s: float
    writes_per_s: float
    seconds: float


SMALL = Crowd(150, threads=4, processes=2, writers=2, searches_per_s=15, writes_per_s=15, seconds=2)
FULL = Crowd(
    10_000, threads=18, processes=8, writers=2, searches_per_s=2, writes_per_s=4, seconds=60
)


class WatchedWordEncoder:
    """Gives a text the vector of its watched word, so that the vector leg finds it as well."""

    name = "watched-word"
    dimension = 64
    revision = "1"

    def encode(self, texts: Sequence[str]) -> Vector:
        return np.stack([self.encode_query(text) for text in texts])

    def encode_query(self, text: str) -> Vector:
        words = text.split() or [""]
        word = next((word for word in words if word.startswith("zq")), words[0])
        raw = np.random.default_rng(list(word.encode())).standard_normal(self.dimension)
        return np.asarray(raw / np.linalg.norm(raw), dtype=np.float32)


class Writer:
    """Stores a watched pattern, changes it, removes an earlier one, and so on."""

    def __init__(self, bank: QEReasoningBank, ledger: Any, number: int) -> None:
        self._bank = bank
        self._ledger = ledger
        self._number = number
        self._kinds = list(PatternGenerator(200, seed=SEED + number).patterns())

    def change(self, count: int) -> list[Change]:
        """Returns the change numbered ``count``; none if there is nothing to remove yet."""
        place, step = divmod(count, 3)
        place += self._number * PLACES - (ALIVE if step == 2 else 0)
        began_ns = time.monotonic_ns()
        if step < 2:
            self._bank.store_pattern(self._pattern(place, step))
            version = step + 1
        elif self._bank.delete_pattern(_id(place)):
            version = REMOVED
        else:
            return []
        change = Change(place, version, began_ns, time.monotonic_ns())
        self._ledger[self._number] = count + 1
        return [change]

    def _pattern(self, place: int, revision: int) -> TestPattern:
        kind = self._kinds[place % len(self._kinds)]
        name = f"{watched_word(place)} {kind.name}"
        description = f"{kind.description} {revision}"
        return replace(kind, id=_id(place), name=name, description=description)


class Searcher:
    """Looks at what the writers changed a moment ago."""

    def __init__(self, bank: QEReasoningBank, ledger: Any, seed: Sequence[int]) -> None:
        self._bank = bank
        self._ledger = ledger
        self._rng = np.random.default_rng(seed)

    def look(self) -> Look:
        writer = int(self._rng.integers(len(self._ledger)))
        newest = max(int(self._ledger[writer]) - 1, 0) // 3
        # Every second search is for the pattern that changed last.
        back = int(self._rng.integers(2)) * int(self._rng.integers(1, WATCHED))
        place = writer * PLACES + max(newest - back, 0)
        mode = MODES[int(self._rng.integers(len(MODES)))]
        began_ns = time.monotonic_ns()
        matches = self._bank.search(watched_word(place), mode=mode)
        ended_ns = time.monotonic_ns()
        versions = [match.pattern.version for match in matches if match.pattern.id == _id(place)]
        return Look(place, versions[0] if versions else REMOVED, began_ns, ended_ns, mode)

    def looks(self, per_s: float, until: float) -> list[Look]:
        """Returns the searches at random moments, as from agents that ask before a task."""
        looks = []
        while time.monotonic() < until:
            time.sleep(float(self._rng.exponential(1 / per_s)))
            looks.append(self.look())
        return looks


def _id(place: int) -> str:
    return f"watched:{place}"


def _open(path: Path) -> QEReasoningBank:
    return QEReasoningBank(path, encoder=WatchedWordEncoder(), durability="normal")


def _ledger(path: Path, writers: int) -> Any:
    """Returns how often each writer has changed something, shared by all processes."""
    return np.memmap(path, dtype=np.int64, mode="r+" if path.exists() else "w+", shape=(writers,))


def _wait_for_writers(ledger: Any) -> None:
    """Waits until each writer has changed something; on a busy machine they start slowly."""
    deadline = time.monotonic() + START_DEADLINE_S
    while not all(ledger):
        assert time.monotonic() < deadline, "a writer did not start"
        time.sleep(0.01)


def write(path: Path, crowd: Crowd, number: int, out: Path) -> None:
    changes: list[Change] = []
    rng = np.random.default_rng([SEED, number])
    with _open(path) as bank:
        writer = Writer(bank, _ledger(path.with_name("ledger"), crowd.writers), number)
        count, until = 0, time.monotonic() + crowd.seconds
        while time.monotonic() < until:
            changes += writer.change(count)
            count += 1
            time.sleep(float(rng.exponential(1 / crowd.writes_per_s)))
    out.write_bytes(msgspec.json.encode(changes))


def search(path: Path, crowd: Crowd, threads: int, number: int, out: Path) -> None:
    ledger = _ledger(path.with_name("ledger"), crowd.writers)
    with _open(path) as bank, ThreadPoolExecutor(threads) as pool:
        searchers = [Searcher(bank, ledger, [SEED, number, thread]) for thread in range(threads)]
        _wait_for_writers(ledger)
        until = time.monotonic() + crowd.seconds
        answers = pool.map(lambda searcher: searcher.looks(crowd.searches_per_s, until), searchers)
        looks = [look for answer in answers for look in answer]
    out.write_bytes(msgspec.json.encode(looks))


@pytest.mark.parametrize("crowd", [SMALL, pytest.param(FULL, marks=pytest.mark.slow)])
def test_crowd(
    crowd: Crowd,
    path: Path,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    with _open(path) as bank:
        bank.store_patterns(list(PatternGenerator(crowd.patterns, seed=SEED).patterns()))
    _ledger(path.with_name("ledger"), crowd.writers).flush()
    written = [tmp_path / f"changes{number}" for number in range(crowd.writers)]
    seen = [tmp_path / f"looks{number}" for number in range(1 + crowd.processes)]
    threads = [crowd.threads, *[1] * crowd.processes]
    started = [forked(write, path, crowd, number, out) for number, out in enumerate(written)]
    started += [
        forked(search, path, crowd, threads[number], number, out) for number, out in enumerate(seen)
    ]
    joined(started)
    changes = [change for out in written for change in _read(out, Change)]
    looks = [look for out in seen for look in _read(out, Look)]
    stale = stale_looks(changes, looks)
    present = sum(look.version != REMOVED for look in looks)
    promise(
        27,
        f"{crowd.seconds:.0f} s, {crowd.patterns:,} patterns, {crowd.threads} threads and"
        f" {crowd.processes} processes beside {crowd.writers} writers: {len(looks):,} answers"
        f" checked ({present:,} with the pattern) against {len(changes):,} changes:"
        f" {len(stale)} stale, 0 errors",
        seed=SEED,
    )
    assert stale == []
    assert {look.mode for look in looks if look.version != REMOVED} == set(MODES)
    assert present < len(looks)
    sound(path)


def _read(out: Path, kind: type[Any]) -> list[Any]:
    records: list[Any] = msgspec.json.decode(out.read_bytes(), type=list[kind])  # type: ignore[valid-type]
    return records


class KeepingBank(QEReasoningBank):
    """A bank at fault: it repeats the first answer to each question."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._kept: dict[str, list[PatternMatch]] = {}

    def search(self, text: str, **options: Any) -> list[PatternMatch]:  # type: ignore[override]
        if text not in self._kept:
            self._kept[text] = super().search(text, **options)
        return self._kept[text]


@pytest.mark.parametrize("searching", [QEReasoningBank, KeepingBank])
def test_a_stale_answer_would_be_found(path: Path, searching: type[QEReasoningBank]) -> None:
    ledger = np.zeros(1, dtype=np.int64)
    with _open(path) as bank, searching(path, encoder=WatchedWordEncoder()) as other:
        writer, searcher = Writer(bank, ledger, 0), Searcher(other, ledger, [SEED])
        changes: list[Change] = []
        looks: list[Look] = []
        for count in range(30):
            changes += writer.change(count)
            looks += [searcher.look() for _ in range(3)]
    assert bool(stale_looks(changes, looks)) == (searching is KeepingBank)


@pytest.mark.parametrize(
    ("version", "began_ns", "ended_ns", "fresh"),
    [
        (REMOVED, 1, 5, True),  # before anything
        (1, 1, 5, False),  # seen before it was there
        (REMOVED, 12, 15, True),  # while it is being stored, both are right
        (1, 12, 15, True),
        (1, 21, 25, True),
        (REMOVED, 21, 25, False),  # acknowledged and not found
        (1, 21, 35, True),
        (2, 21, 35, True),
        (1, 41, 45, False),  # the content before the change
        (2, 41, 45, True),
        (2, 61, 65, False),  # removed and still found
        (REMOVED, 61, 65, True),
        (REMOVED, 15, 55, True),  # a long one may see any of them
        (3, 15, 55, False),
    ],
)
def test_stale_looks_knows_what_a_search_may_see(
    version: int, began_ns: int, ended_ns: int, fresh: bool
) -> None:
    seen = Look(1, version, began_ns, ended_ns, "text")
    assert stale_looks(CHANGES, [seen]) == ([] if fresh else [seen])


def test_stale_looks_keeps_places_apart() -> None:
    seen = Look(2, 1, 21, 25, "text")
    assert stale_looks([*CHANGES, Change(2, REMOVED, 11, 12)], [seen]) == [seen]


def test_watched_word_differs_between_places() -> None:
    places = [*range(3_000), *range(PLACES, PLACES + 3_000)]
    words = {watched_word(place) for place in places}
    assert len(words) == len(places)
    assert all(word.isalpha() for word in words)
