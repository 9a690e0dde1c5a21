"""One process of a crowd: some threads that search a bank, or one that writes to it.

Started by ``crowd`` as ``python -m aqe.bench.latency.crowd_member PLAN``. It opens the bank and warms up,
says ``ready``, reads the moment to begin, and leaves what it saw in a file.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from ...models import Encoder, Vector, create_encoder
from ...retrieval import QEReasoningBank
from ...retrieval.ranking.search import SearchMode
from ...schema import AqeError, TestPattern
from ..workload.generated_patterns import DIMENSION, GeneratedQuery, PatternGenerator
from .crowd_history import REMOVED, Change, Look, watched_word

__all__ = ["CrowdEncoder", "MemberPlan", "MemberReport", "read_queries", "run", "write_queries"]


# One search in five looks for a watched pattern; those are not timed.
LOOK_SHARE: Final = 0.2
MODES: Final[tuple[SearchMode, ...]] = ("hybrid", "text", "vector")
# A writer removes a pattern after so many others; searchers look for those and some before.
ALIVE: Final = 5
WATCHED: Final = 8
# Of one writer; patterns of different writers have different places.
PLACES: Final = 1_000_000
WRITTEN_KINDS: Final = 200
WARM_UP: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPlan:
    """What one process does.

    Attributes:
        number: Another one for each member.
        threads: Threads that search; 0 for a writer.
        rate_per_s: Of each thread, at random moments; None for one search after the other.
        ledger: A file of as many int64 as there are writers: how often each has changed something.
        encoder: Let the default encoder embed each text too, for its time.
    """

    number: int
    threads: int
    rate_per_s: float | None
    duration_s: float
    writers: int
    seed: int
    database: str
    queries: str
    ledger: str
    report: str
    encoder: bool


@dataclass(slots=True)
class MemberReport:
    """What one process saw.

    Attributes:
        waits_ms: Of each search, from the moment it was due to its answer; of each change likewise.
    """

    waits_ms: list[float] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class CrowdEncoder:
    """Knows the vectors of the queries; a text with a watched word has that word's own."""

    name = "generated"
    dimension = DIMENSION
    revision = "1"

    def __init__(self, queries: list[GeneratedQuery], real: Encoder | None = None) -> None:
        self._queries = {query.text: query.embedding for query in queries}
        self._real = real

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns the vectors (n, dim) of texts, each from its watched word."""
        if self._real is not None:
            self._real.encode(texts)
        return np.stack([self._of(text) for text in texts])

    def encode_query(self, text: str) -> Vector:
        """Returns the vector (dim,) of a query."""
        if self._real is not None:
            self._real.encode_query(text)
        found = self._queries.get(text)
        return self._of(text) if found is None else found

    def _of(self, text: str) -> Vector:
        word = next((word for word in text.split() if word.startswith("zq")), "")
        rng = np.random.default_rng(list(word.encode()))
        raw = rng.standard_normal(DIMENSION).astype(np.float32)
        return np.asarray(raw / np.linalg.norm(raw), dtype=np.float32)


def write_queries(path: Path, queries: list[GeneratedQuery]) -> None:
    """Saves queries for the members."""
    texts = np.array([query.text for query in queries])
    np.savez(path, texts=texts, embeddings=np.stack([query.embedding for query in queries]))


def read_queries(path: Path) -> list[GeneratedQuery]:
    """Returns the queries that ``write_queries`` saved."""
    with np.load(path) as saved:
        pairs = zip(saved["texts"].tolist(), saved["embeddings"], strict=True)
        return [GeneratedQuery(text, embedding) for text, embedding in pairs]


def run(plan: MemberPlan) -> MemberReport:
    """Does what the plan says, between what is read and written on the standard streams."""
    queries = read_queries(Path(plan.queries))
    real = create_encoder() if plan.encoder else None
    ledger = np.memmap(plan.ledger, dtype=np.int64, mode="r+", shape=(plan.writers,))
    encoder = CrowdEncoder(queries, real)
    with QEReasoningBank(plan.database, encoder=encoder) as bank:
        if not plan.threads:
            return _Writer(plan, bank, ledger).run(_signalled())
        with ThreadPoolExecutor(plan.threads) as pool:
            crowd = [
                _Searcher(plan, number, bank, ledger, queries) for number in range(plan.threads)
            ]
            list(pool.map(_Searcher.warm_up, crowd))
            begin_ns = _signalled()
            reports = list(pool.map(_Searcher.run, crowd, itertools.repeat(begin_ns)))
    joined = MemberReport()
    for report in reports:
        joined.waits_ms += report.waits_ms
        joined.looks += report.looks
        joined.errors += report.errors
    return joined


class _Searcher:
    """One thread that searches."""

    def __init__(
        self,
        plan: MemberPlan,
        thread: int,
        bank: QEReasoningBank,
        ledger: npt.NDArray[np.int64],
        queries: list[GeneratedQuery],
    ) -> None:
        self._plan = plan
        self._bank = bank
        self._ledger = ledger
        self._rng = np.random.default_rng([plan.seed, plan.number, thread])
        # Each from another place on, so that hardly any query is asked twice of one bank.
        first = int(self._rng.integers(len(queries)))
        self._queries = itertools.islice(itertools.cycle(queries), first, None)
        self._report = MemberReport()

    def warm_up(self) -> None:
        for query in itertools.islice(self._queries, WARM_UP):
            self._bank.search(query.text)

    def run(self, begin_ns: int) -> MemberReport:
        for due_ns in _moments(self._plan, self._rng, begin_ns):
            try:
                if self._rng.random() < LOOK_SHARE and self._ledger.any():
                    self._look()
                else:
                    self._bank.search(next(self._queries).text)
                    self._report.waits_ms.append((time.monotonic_ns() - due_ns) / 1e6)
            except AqeError as error:
                self._report.errors.append(f"{type(error).__name__}: {error}")
        return self._report

    def _look(self) -> None:
        writer = int(self._rng.integers(self._plan.writers))
        done = int(self._ledger[writer])
        # Half of them for what changed last, the rest for what did a little before.
        back = 0 if self._rng.random() < 0.5 else int(self._rng.integers(1, WATCHED))
        place = writer * PLACES + max(max(done - 1, 0) // 3 - back, 0)
        mode = MODES[int(self._rng.integers(len(MODES)))]
        began_ns = time.monotonic_ns()
        matches = self._bank.search(watched_word(place), mode=mode)
        ended_ns = time.monotonic_ns()
        versions = [one.pattern.version for one in matches if one.pattern.id == _id(place)]
        version = versions[0] if versions else REMOVED
        self._report.looks.append(Look(place, version, began_ns, ended_ns, mode))


class _Writer:
    """Stores a watched pattern, changes it, removes an earlier one, and so on."""

    def __init__(
        self, plan: MemberPlan, bank: QEReasoningBank, ledger: npt.NDArray[np.int64]
    ) -> None:
        self._plan = plan
        self._bank = bank
        self._ledger = ledger
        self._first = plan.number % plan.writers
        generator = PatternGenerator(WRITTEN_KINDS, seed=plan.seed + plan.number)
        self._kinds = list(generator.patterns())
        self._rng = np.random.default_rng([plan.seed, plan.number])
        self._report = MemberReport()

    def run(self, begin_ns: int) -> MemberReport:
        # What an earlier crowd on this file left is gone on from, not changed again.
        first = 3 * -(-int(self._ledger[self._first]) // 3)
        for number, due_ns in enumerate(_moments(self._plan, self._rng, begin_ns), start=first):
            try:
                self._change(number)
                self._report.waits_ms.append((time.monotonic_ns() - due_ns) / 1e6)
            except AqeError as error:
                self._report.errors.append(f"{type(error).__name__}: {error}")
            self._ledger[self._first] = number + 1
        return self._report

    def _change(self, number: int) -> None:
        count, kind = divmod(number, 3)
        place = self._first * PLACES + count
        if kind == 2:
            place -= ALIVE
        began_ns = time.monotonic_ns()
        if kind < 2:
            self._bank.store_pattern(self._pattern(place, revision=kind + 1))
        elif count < ALIVE or not self._bank.delete_pattern(_id(place)):
            return
        version = REMOVED if kind == 2 else kind + 1
        self._report.changes.append(Change(place, version, began_ns, time.monotonic_ns()))

    def _pattern(self, place: int, *, revision: int) -> TestPattern:
        kind = self._kinds[place % WRITTEN_KINDS]
        name = f"{watched_word(place)} {kind.name}"
        return replace(kind, id=_id(place), name=name, description=f"{kind.description} {revision}")


def _id(place: int) -> str:
    return f"watched:{place}"


def _moments(plan: MemberPlan, rng: np.random.Generator, begin_ns: int) -> Iterator[int]:
    """Yields the moments at which something is due, each when it has come.

    They are drawn beforehand and do not wait for what came before: what is late because of the
    crowd counts as late (no coordinated omission). Without a rate, something is always due.
    """
    end_ns = begin_ns + int(plan.duration_s * 1e9)
    due_ns = begin_ns
    while True:
        if plan.rate_per_s is None:
            due_ns = max(time.monotonic_ns(), begin_ns)
        else:
            due_ns += int(rng.exponential(1e9 / plan.rate_per_s))
        if due_ns >= end_ns:
            return
        time.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
        yield due_ns


def _signalled() -> int:
    """Says that this member is ready; returns the moment to begin."""
    print("ready", flush=True)
    return int(sys.stdin.readline())


def main() -> None:
    """Runs the plan that is given as JSON."""
    plan = msgspec.json.decode(sys.argv[1], type=MemberPlan)
    Path(plan.report).write_bytes(msgspec.json.encode(run(plan)))


if __name__ == "__main__":
    main()
