"""A crowd on one database file: threads that share a bank, processes with their own, writers.

Searches come at random moments at a stated rate, as from agents that ask before each task, and
their time counts from the moment they were due. The figure to compare with is one such searcher
alone in the same run. A second pair of figures is the throughput when everybody searches without
a pause: that tells the number of processors and the cost of a search, not how a crowd gets on.

What the searchers see of patterns that the writers change is checked against the order in which
the changes were acknowledged: a stale answer is one that should have been another.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from ...retrieval import QEReasoningBank
from ...schema import AqeError, Database
from ..workload.generated_patterns import GeneratedEncoder, PatternGenerator, fill_bank
from .crowd_history import Change, Look, stale_looks
from .crowd_member import MemberPlan, MemberReport, write_queries
from .latency_rows import FilterName, LatencyRow, Note, row_of

__all__ = ["CrowdSize", "measure_crowd"]

# Distinct, so that answers are not those of a cache.
QUERIES: Final = 6_000
START_S: Final = 0.3
# How much longer than planned a member may take before it counts as hung.
PATIENCE_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdSize:
    """How many search and write, how often and how long.

    Attributes:
        alone_per_s: Searches of the one that is measured alone, more often so as to have enough.
        saturated_s: How long everybody searches without a pause.
    """

    threads: int = 18
    processes: int = 8
    writers: int = 2
    searches_per_s: float = 1.0
    writes_per_s: float = 2.0
    alone_per_s: float = 10.0
    duration_s: float = 60.0
    saturated_s: float = 10.0


@dataclass(slots=True)
class _Phase:
    """What one group of members did between two moments."""

    threads_ms: list[float]
    processes_ms: list[float]
    writes_ms: list[float]
    errors: list[str]

    @property
    def searches_ms(self) -> list[float]:
        return self.threads_ms + self.processes_ms


class _Stage:
    """A filled database with all that members need, and what was seen on it so far."""

    def __init__(self, folder: Path, patterns: int, size: CrowdSize, seed: int, note: Note) -> None:
        self._folder = folder
        self._size = size
        self._seed = seed
        generator = PatternGenerator(patterns, seed=seed)
        encoder = GeneratedEncoder(generator)
        with (
            Database(folder / "aqe.db") as database,
            QEReasoningBank(database, encoder=encoder) as bank,
        ):
            fill_bank(bank, generator, encoder, note=note)
        write_queries(folder / "queries.npz", generator.queries(QUERIES))
        ledger = np.memmap(
            folder / "ledger", dtype=np.int64, mode="w+", shape=(max(size.writers, 1),)
        )
        ledger.flush()
        self.changes: list[Change] = []
        self.looks: list[Look] = []

    def alone(self, *, rate_per_s: float | None, duration_s: float, encoder: bool) -> _Phase:
        """One searcher in one process."""
        plan = self._plan(1, rate_per_s, duration_s, encoder=encoder)
        return self._phase([plan])

    def crowd(self, *, saturated: bool, encoder: bool) -> _Phase:
        """All searchers and writers."""
        size = self._size
        rate = None if saturated else size.searches_per_s
        duration_s = size.saturated_s if saturated else size.duration_s
        writer = self._plan(0, size.writes_per_s, duration_s, encoder=encoder)
        threads = self._plan(size.threads, rate, duration_s, encoder=encoder)
        process = self._plan(1, rate, duration_s, encoder=encoder)
        plans = [*[writer] * size.writers, threads, *[process] * size.processes]
        return self._phase(plans)

    def _plan(
        self, threads: int, rate_per_s: float | None, duration_s: float, *, encoder: bool
    ) -> MemberPlan:
        return MemberPlan(
            number=0,
            threads=threads,
            rate_per_s=rate_per_s,
            duration_s=duration_s,
            writers=max(self._size.writers, 1),
            seed=self._seed,
            database=str(self._folder / "aqe.db"),
            queries=str(self._folder / "queries.npz"),
            ledger=str(self._folder / "ledger"),
            report="",
            encoder=encoder,
        )

    def _phase(self, plans: Sequence[MemberPlan]) -> _Phase:
        numbered = [
            replace(plan, number=number, report=str(self._folder / f"report{number}.json"))
            for number, plan in enumerate(plans)
        ]
        phase = _Phase([], [], [], [])
        for plan, report in zip(numbered, _reports(numbered), strict=True):
            kinds = {0: phase.writes_ms, 1: phase.processes_ms}
            kinds.get(plan.threads, phase.threads_ms).extend(report.waits_ms)
            phase.errors += report.errors
            self.changes += report.changes
            self.looks += report.looks
        return phase


def measure_crowd(
    patterns: int,
    folder: Path,
    *,
    size: CrowdSize | None = None,
    seed: int,
    note: Note = lambda _: None,
) -> tuple[list[LatencyRow], dict[str, Any]]:
    """Returns the rows of a crowd on a bank of generated patterns, and what else was seen.

    Args:
        folder: An empty one, for the database and what the members leave.
        note: Told what is being done.

    Raises:
        AqeError: A member died.
    """
    size = size or CrowdSize()
    note(f"crowd: {patterns} patterns")
    stage = _Stage(folder, patterns, size, seed, note)
    rows: list[LatencyRow] = []
    facts: dict[str, Any] = {"patterns": patterns, **msgspec.to_builtins(size)}
    errors: list[str] = []
    for encoder in (False, True):
        ending = " with encoder" if encoder else ""
        note(f"crowd{ending}: one alone, then all")
        alone = stage.alone(
            rate_per_s=size.alone_per_s, duration_s=size.duration_s, encoder=encoder
        )
        crowd = stage.crowd(saturated=False, encoder=encoder)
        rows += _rows(patterns, alone, crowd, ending)
        errors += alone.errors + crowd.errors
    note("crowd: without a pause")
    alone = stage.alone(rate_per_s=None, duration_s=size.saturated_s, encoder=False)
    crowd = stage.crowd(saturated=True, encoder=False)
    rows.append(row_of(patterns, _key("one without a pause"), alone.searches_ms))
    rows.append(row_of(patterns, _key("crowd without a pause"), crowd.searches_ms))
    errors += alone.errors + crowd.errors
    stale = stale_looks(stage.changes, stage.looks)
    return rows, facts | {
        "one_without_a_pause_per_s": len(alone.searches_ms) / size.saturated_s,
        "crowd_without_a_pause_per_s": len(crowd.searches_ms) / size.saturated_s,
        "changes": len(stage.changes),
        "answers_checked": len(stage.looks),
        "answers_checked_present": sum(look.version > 0 for look in stage.looks),
        "stale_answers": len(stale),
        "stale_modes": sorted({look.mode for look in stale}),
        "errors": errors,
    }


def _rows(patterns: int, alone: _Phase, crowd: _Phase, ending: str) -> Iterable[LatencyRow]:
    """Yields the rows of searchers at random moments; ratios are to the one alone."""
    base = row_of(patterns, _key(f"crowd{ending}: one alone"), alone.searches_ms)
    yield base
    groups = {
        "all": crowd.searches_ms,
        "threads": crowd.threads_ms,
        "processes": crowd.processes_ms,
    }
    for name, waits_ms in groups.items():
        if waits_ms:
            row = row_of(patterns, _key(f"crowd{ending}: {name}"), waits_ms)
            yield replace(row, ratio=row.p95_ms / base.p95_ms)
    if crowd.writes_ms:
        yield row_of(patterns, _key(f"crowd{ending}: writes"), crowd.writes_ms)


def _key(operation: str) -> tuple[str, str, FilterName]:
    return ("aqe", operation, "none")


def _reports(plans: Sequence[MemberPlan]) -> list[MemberReport]:
    """Starts the members, lets them begin at one moment, and returns what each saw."""
    with _members(plans) as members:
        for member in members:
            _require(member, member.stdout is not None and member.stdout.readline() == "ready\n")
        begin_ns = time.monotonic_ns() + int(START_S * 1e9)
        for member in members:
            assert member.stdin is not None  # as they were started
            print(begin_ns, file=member.stdin, flush=True)
        for member, plan in zip(members, plans, strict=True):
            _require(member, member.wait(plan.duration_s + PATIENCE_S) == 0)
    return [
        msgspec.json.decode(Path(plan.report).read_bytes(), type=MemberReport) for plan in plans
    ]


@contextmanager
def _members(plans: Sequence[MemberPlan]) -> Iterator[list[subprocess.Popen[str]]]:
    """Starts a process for each plan; none of them outlives the block."""
    members: list[subprocess.Popen[str]] = []
    try:
        for plan in plans:
            command = [sys.executable, "-m", f"{__package__}.crowd_member"]
            members.append(
                subprocess.Popen(
                    [*command, msgspec.json.encode(plan).decode()],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        yield members
    finally:
        for member in members:
            if member.poll() is None:
                member.kill()
            member.communicate()


def _require(member: subprocess.Popen[str], fine: bool) -> None:
    if not fine:
        raise AqeError(f"a member of the crowd must not die, process {member.pid} did; see above")
