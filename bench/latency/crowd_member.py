"""Runs one process of a crowd: threads that search one bank, or one writer.

Started by ``crowd`` as ``python -m aqe.bench.latency.crowd_member PLAN``. It opens the bank, warms
up, prints ``ready``, reads the moment to begin and leaves its report in a file.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ...models import create_encoder
from ...retrieval import QEReasoningBank
from ...schema import AqeError
from ..workload.generated_patterns import GeneratedQuery, PatternGenerator
from ..workload.query_file import QueryEncoder, read_queries

__all__ = ["MemberPlan", "MemberReport", "due_moments", "run_member"]

# A writer removes the pattern that it stored this many patterns ago.
ALIVE: Final = 5
WRITTEN_KINDS: Final = 200
WARM_UP: Final = 5

# Prints that the member is ready; returns the moment to begin.
Signal = Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPlan:
    """The work of one process.

    Attributes:
        number: Distinct for each member.
        threads: Threads that search; 0 for a writer.
        rate_per_s: Searches or changes of each thread, at random moments; None for no pause.
        encoder: Whether the default encoder embeds each text too, for its time.
    """

    number: int
    threads: int
    rate_per_s: float | None
    duration_s: float
    seed: int
    database: str
    queries: str
    report: str
    encoder: bool


@dataclass(slots=True)
class MemberReport:
    """What one process measured.

    Attributes:
        waits_ms: Of each search or change, from the moment it was due to its completion.
        errors: Messages of the product's errors.
    """

    waits_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def signal_ready() -> int:
    """Prints that this member is ready; returns the moment to begin, in monotonic ns."""
    print("ready", flush=True)
    return int(sys.stdin.readline())


def run_member(plan: MemberPlan, signal: Signal = signal_ready) -> MemberReport:
    """Carries out a plan; returns the measurements."""
    queries = read_queries(Path(plan.queries))
    encoder = QueryEncoder(queries, create_encoder() if plan.encoder else None)
    with QEReasoningBank(plan.database, encoder=encoder) as bank:
        if not plan.threads:
            return _write(plan, bank, signal())
        with ThreadPoolExecutor(plan.threads) as pool:
            searchers = [_Searcher(plan, number, bank, queries) for number in range(plan.threads)]
            list(pool.map(_Searcher.warm_up, searchers))
            begin_ns = signal()
            reports = list(pool.map(lambda searcher: searcher.run(begin_ns), searchers))
    return MemberReport(
        [wait_ms for report in reports for wait_ms in report.waits_ms],
        [error for report in reports for error in report.errors],
    )


class _Searcher:
    """A thread that searches."""

    def __init__(
        self, plan: MemberPlan, thread: int, bank: QEReasoningBank, queries: list[GeneratedQuery]
    ) -> None:
        self._plan = plan
        self._bank = bank
        self._rng = np.random.default_rng([plan.seed, plan.number, thread])
        # Each starts at a random query, so that hardly any is asked twice of one bank.
        first = int(self._rng.integers(len(queries)))
        self._queries = itertools.islice(itertools.cycle(queries), first, None)

    def warm_up(self) -> None:
        for query in itertools.islice(self._queries, WARM_UP):
            self._bank.search(query.text)

    def run(self, begin_ns: int) -> MemberReport:
        def search(_: int) -> None:
            self._bank.search(next(self._queries).text)

        return _timed(self._plan, self._rng, begin_ns, search)


def _write(plan: MemberPlan, bank: QEReasoningBank, begin_ns: int) -> MemberReport:
    """Stores a pattern, changes it and removes an earlier one, repeatedly."""
    kinds = list(PatternGenerator(WRITTEN_KINDS, seed=plan.seed + plan.number).patterns())

    def change(number: int) -> None:
        place, step = divmod(number, 3)
        if step == 2:
            bank.delete_pattern(f"written:{plan.number}:{place - ALIVE}")
            return
        kind = kinds[place % WRITTEN_KINDS]
        description = f"{kind.description} {step}"
        bank.store_pattern(
            replace(kind, id=f"written:{plan.number}:{place}", description=description)
        )

    return _timed(plan, np.random.default_rng([plan.seed, plan.number]), begin_ns, change)


def _timed(
    plan: MemberPlan, rng: np.random.Generator, begin_ns: int, work: Callable[[int], None]
) -> MemberReport:
    """Does numbered work at each due moment; returns how long each piece took."""
    report = MemberReport()
    for number, due_ns in enumerate(due_moments(plan, rng, begin_ns)):
        try:
            work(number)
            report.waits_ms.append((time.monotonic_ns() - due_ns) / 1e6)
        except AqeError as error:
            report.errors.append(f"{type(error).__name__}: {error}")
    return report


def due_moments(
    plan: MemberPlan,
    rng: np.random.Generator,
    begin_ns: int,
    *,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Yields the moments at which something is due, each when it has come.

    The moments do not wait for earlier work: what is late because of the crowd counts as late (no
    coordinated omission). Without a rate, something is always due.
    """
    end_ns = begin_ns + int(plan.duration_s * 1e9)
    due_ns = begin_ns
    while True:
        if plan.rate_per_s is None:
            due_ns = max(clock(), begin_ns)
        else:
            due_ns += int(rng.exponential(1e9 / plan.rate_per_s))
        if due_ns >= end_ns:
            return
        sleep(max(0.0, (due_ns - clock()) / 1e9))
        yield due_ns


def main() -> None:
    """Runs the plan that is given as JSON."""
    plan = msgspec.json.decode(sys.argv[1], type=MemberPlan)
    Path(plan.report).write_bytes(msgspec.json.encode(run_member(plan)))


if __name__ == "__main__":
    main()
