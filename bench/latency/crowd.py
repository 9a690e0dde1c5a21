"""Times a crowd on one database file: threads that share a bank, processes with their own, writers.

Searches come at random moments at a stated rate, as from agents that ask before each task, and
their time counts from the moment they were due. The figure to compare with is one such searcher
alone in the same run. A second pair of figures is the throughput without pauses: it reflects the
number of processors and the cost of a search, not how long a member of the crowd waits.

That no answer is stale is a promise with a test of its own (``tests/promises/test_crowd.py``).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from ...retrieval import QEReasoningBank
from ...schema import AqeError, Database
from ..workload.generated_encoder import GeneratedEncoder, fill_bank
from ..workload.generated_patterns import PatternGenerator
from ..workload.query_file import write_queries
from .crowd_member import MemberPlan, MemberReport
from .latency_rows import Key, LatencyRow, Note, row_of

__all__ = ["Crowd", "CrowdSize", "measure_crowd", "run_processes"]

# Distinct, so that answers do not come from a cache.
QUERIES: Final = 6_000
START_S: Final = 0.3
# A member that takes this much longer than planned counts as hung.
PATIENCE_S: Final = 120.0

Runner = Callable[[Sequence[MemberPlan]], list[MemberReport]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdSize:
    """Numbers of searchers and writers, their rates, and the duration.

    Attributes:
        alone_per_s: Searches per second of a single searcher; more, to have enough samples.
        saturated_s: Seconds during which all search without a pause.
    """

    threads: int = 18
    processes: int = 8
    writers: int = 2
    searches_per_s: float = 1.0
    writes_per_s: float = 2.0
    alone_per_s: float = 10.0
    duration_s: float = 60.0
    saturated_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Phase:
    """The waits in ms of each kind of member between two moments, and their errors."""

    threads_ms: list[float] = field(default_factory=list)
    processes_ms: list[float] = field(default_factory=list)
    writes_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def searches_ms(self) -> list[float]:
        """Of all members that search."""
        return self.threads_ms + self.processes_ms


def run_processes(plans: Sequence[MemberPlan]) -> list[MemberReport]:
    """Runs a process for each plan, starting them together; returns their reports in order.

    Raises:
        AqeError: A member died.
    """
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


class Crowd:
    """A filled database in a folder, and the members that work on it.

    Args:
        folder: An empty folder for the database and the members' files.
        patterns: Generated patterns in the bank.
        run: Runs the members of a phase.
    """

    def __init__(
        self,
        folder: Path,
        patterns: int,
        size: CrowdSize,
        *,
        seed: int,
        note: Note = lambda _: None,
        run: Runner = run_processes,
    ) -> None:
        self._folder = folder
        self._size = size
        self._seed = seed
        self._run = run
        generator = PatternGenerator(patterns, seed=seed)
        encoder = GeneratedEncoder(generator)
        with (
            Database(folder / "aqe.db") as database,
            QEReasoningBank(database, encoder=encoder) as bank,
        ):
            fill_bank(bank, generator, encoder, note=note)
        write_queries(folder / "queries.npz", generator.queries(QUERIES))

    def one_alone(self, *, saturated: bool = False, encoder: bool = False) -> Phase:
        """Returns the waits of one searcher in one process."""
        rate = None if saturated else self._size.alone_per_s
        return self._phase([self._plan(1, rate, saturated=saturated, encoder=encoder)])

    def all_members(self, *, saturated: bool = False, encoder: bool = False) -> Phase:
        """Returns the waits of all searchers and writers together."""
        size = self._size
        rate = None if saturated else size.searches_per_s
        writer = self._plan(0, size.writes_per_s, saturated=saturated, encoder=encoder)
        threads = self._plan(size.threads, rate, saturated=saturated, encoder=encoder)
        process = self._plan(1, rate, saturated=saturated, encoder=encoder)
        return self._phase([*[writer] * size.writers, threads, *[process] * size.processes])

    def _plan(
        self, threads: int, rate_per_s: float | None, *, saturated: bool, encoder: bool
    ) -> MemberPlan:
        return MemberPlan(
            number=0,
            threads=threads,
            rate_per_s=rate_per_s,
            duration_s=self._size.saturated_s if saturated else self._size.duration_s,
            seed=self._seed,
            database=str(self._folder / "aqe.db"),
            queries=str(self._folder / "queries.npz"),
            report="",
            encoder=encoder,
        )

    def _phase(self, plans: Sequence[MemberPlan]) -> Phase:
        numbered = [
            replace(plan, number=number, report=str(self._folder / f"report{number}.json"))
            for number, plan in enumerate(plans)
        ]
        phase = Phase()
        waits = {0: phase.writes_ms, 1: phase.processes_ms}
        for plan, report in zip(numbered, self._run(numbered), strict=True):
            waits.get(plan.threads, phase.threads_ms).extend(report.waits_ms)
            phase.errors.extend(report.errors)
        return phase


def measure_crowd(
    crowd: Crowd, patterns: int, size: CrowdSize, *, note: Note = lambda _: None
) -> tuple[list[LatencyRow], dict[str, Any]]:
    """Returns the rows of a crowd, and the figures that are not latencies.

    Args:
        note: Called with what is being measured.

    Raises:
        AqeError: A member died.
    """
    rows: list[LatencyRow] = []
    phases: list[Phase] = []
    for encoder in (False, True):
        ending = " with encoder" if encoder else ""
        note(f"crowd{ending}: one alone, then all")
        alone, together = crowd.one_alone(encoder=encoder), crowd.all_members(encoder=encoder)
        rows += _rows(patterns, alone, together, ending)
        phases += [alone, together]
    note("crowd: without a pause")
    alone, together = crowd.one_alone(saturated=True), crowd.all_members(saturated=True)
    rows.append(row_of(patterns, _key("one without a pause"), alone.searches_ms))
    rows.append(row_of(patterns, _key("crowd without a pause"), together.searches_ms))
    phases += [alone, together]
    return rows, {
        "patterns": patterns,
        **msgspec.to_builtins(size),
        "one_without_a_pause_per_s": len(alone.searches_ms) / size.saturated_s,
        "crowd_without_a_pause_per_s": len(together.searches_ms) / size.saturated_s,
        "changes": sum(len(phase.writes_ms) for phase in phases),
        "errors": [error for phase in phases for error in phase.errors],
    }


def _rows(patterns: int, alone: Phase, together: Phase, ending: str) -> Iterable[LatencyRow]:
    """Yields the rows of searchers at random moments; ratios are to the one alone."""
    base = row_of(patterns, _key(f"crowd{ending}: one alone"), alone.searches_ms)
    yield base
    groups = {
        "all": together.searches_ms,
        "threads": together.threads_ms,
        "processes": together.processes_ms,
    }
    for name, waits_ms in groups.items():
        if waits_ms:
            row = row_of(patterns, _key(f"crowd{ending}: {name}"), waits_ms)
            yield replace(row, ratio=row.p95_ms / base.p95_ms)
    if together.writes_ms:
        yield row_of(patterns, _key(f"crowd{ending}: writes"), together.writes_ms)


def _key(operation: str) -> Key:
    return ("aqe", operation, "none")


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
