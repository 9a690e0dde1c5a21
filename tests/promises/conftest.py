"""Shares what the tests of the promises need: figures for a report, processes that can die.

Each test records its figure and its seed with ``promise``. When AQE_PROMISES_REPORT names a file,
the figures of the run are written there as a table (``make test-full``).
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.maintenance import check_database
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank

REPORT = "AQE_PROMISES_REPORT"

# docs/reliability.md, with what each promise needs to show.
PROMISES = {
    1: ("acknowledged is there after kill -9", "200 kills: 0 lost, 0 partial"),
    2: ("after a power cut: all (full), a prefix (normal)", "300 cuts: 0 lost; always a prefix"),
    3: ("many writers lose nothing", "8 x 1000, 18 x 300: 0 lost, 0 busy, p99 < 250 ms"),
    4: ("command line, agents and backup at once", "60 s: 0 errors, log <= 64 MB"),
    5: ("an I/O error anywhere is survived", ">= 800 points x 3 kinds: 0 lost, 0 corrupt"),
    6: ("a full disk", "5 levels: all or nothing, old rows intact, search works"),
    7: ("a corrupt file: clear error, untouched", "0 crashes; >= 99 % of zeroed pages found"),
    8: (
        "repair loses only what is unreadable",
        "100 % of results back, second run changes nothing",
    ),
    9: ("no stale index", "500 x 50 steps"),
    10: ("search is exact, filters are honest", "1,000 queries = numpy reference"),
    11: ("any query text is safe", "10,000 queries: 0 errors, p99 < 100 ms"),
    12: ("bad vectors are refused", "6 kinds x 5 entries: 100 %, bank unchanged"),
    13: ("an upgrade keeps everything", "3 processes x 20: 1 migration; 50 kills: old or new"),
    14: ("a backup restores", "50 backups while 4 processes write: 50 sound prefixes"),
    15: ("no growth without reason", "20 rounds <= 1.3 x; 10,000 delete + insert <= 1.5 x"),
    16: ("another encoder is noticed", "refused; 0 old vectors after reindex"),
    17: ("the live file's locks are never dropped", "held after each of 30 operations"),
    18: ("fork is safe", "100 forks"),
    19: ("a missing extension is said", "1 warning, check fails, vectors kept"),
    20: ("output is safe", "10,000 strings: 0 foreign controls, JSON parses"),
    21: ("secrets do not enter", "150 planted: 100 % redacted everywhere"),
    22: ("poisoning is contained", "0 of 200 in the top 5; forget 100 %"),
    23: ("a hostile import is contained", "40 files: < 2 s, < 200 MB, rows unchanged"),
    24: ("learning is exact under concurrency", "8 x 1,000: visits 8,000, replay to 1e-9"),
    25: ("a read-only bank can be searched", "search works, store is one error, nothing left"),
    26: ("same seed, same answer", "20 runs, both CPU counts: identical"),
    27: ("a crowd gets no stale answer", "18 threads, 8 processes, 2 writers: 0 stale, 0 errors"),
    28: (
        "restore and repair survive a kill beside a leftover log",
        "100 kills: old or new, whole, 0 acknowledged lost, no hard link",
    ),
    29: ("a file moved while it is open is noticed", "10 kinds, bank and engine: 0 acknowledged"),
    30: ("a signal leaves no transaction open", "200 signals x each read and write: 0 locks held"),
    31: ("no signal, no hang from the vector file", "every kind of damage: exact answers, said"),
    32: ("fork next to busy threads", "100 forks x 4 kinds of work: 0 hung, 0 errors"),
    33: (
        "temporary files cannot be planted, what holds content is private",
        "0 planted names used, 0 files others can read, umask 0",
    ),
    34: ("one source file is bounded", "memory, time, tests, nodes; the file is named"),
    35: ("no secret in any table", ">= 60 kinds x >= 8 contexts: >= 97 % redacted"),
    36: ("trust is earned and travels", "300 patterns x 33 ways: 0 gained trust, evidence, rank"),
    37: (
        "any row can be read, or deleted and found",
        "every column x every value: delete, forget; check finds 100 %",
    ),
    39: (
        "tests that move keep their histories",
        "100 killed extractions of a suite that changes: 0 lost, 0 doubled, 0 wrongly gone",
    ),
    38: ("a clock that jumps harms nothing", "30 s of jumps by years: 0 lost, 0 errors"),
    40: ("any SQLite from 3.35 on reads the file", "every table and view, next to a writer"),
    41: ("deleted text leaves the file", "4 ways x every text: 0 bytes in file and log"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement of one test of a promise."""

    row: int
    part: str
    figure: str
    seed: int | None
    test: str


_figures: dict[tuple[int, str], Figure] = {}


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Records what was measured for a promise; a later, larger run of the same part replaces it."""

    def say(row: int, figure: str, *, part: str = "", seed: int | None = None) -> None:
        name = request.node.nodeid
        _figures[row, part] = Figure(row, part, figure, seed, name)
        print(f"promise {row}{' ' + part if part else ''}: {figure}; seed {seed}")

    return say


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the report if it is asked for."""
    target = os.environ.get(REPORT)
    if target and _figures:
        Path(target).write_text(_report(_selection(session)), encoding="utf-8")


def _selection(session: pytest.Session) -> str:
    """Returns which tests were run, in the words of the command line."""
    option = session.config.option
    parts = [f"-m {option.markexpr!r}" if option.markexpr else ""]
    parts.append(f"-k {option.keyword!r}" if option.keyword else "")
    return " ".join(part for part in parts if part) or "all of them"


def _report(selection: str) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    lines = [
        "# The promises, measured",
        "",
        "Written by the tests of `tests/promises` (`make test-full`) on"
        f" {datetime.now(UTC):%Y-%m-%d},",
        f"commit {commit or '?'}, {os.cpu_count()} cores, {platform.system()}"
        f" {platform.machine()},",
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()};",
        f"selection: {selection}. The tests say how much of the needed number they ran.",
        "",
        "| # | promise | needed | measured | seed | test |",
        "|---|---|---|---|---|---|",
    ]
    for row, (title, needed) in PROMISES.items():
        found = [figure for (number, _), figure in sorted(_figures.items()) if number == row]
        figures = "<br>".join(_figure(figure) for figure in found) or "not shown by this run"
        seeds = ", ".join(str(figure.seed) for figure in found if figure.seed is not None) or "-"
        tests = "<br>".join(
            dict.fromkeys(
                f"`{figure.test.rpartition('/')[2].partition('[')[0]}`" for figure in found
            )
        )
        lines.append(f"| {row} | {title} | {needed} | {figures} | {seeds} | {tests or '-'} |")
    lines += [
        "",
        "Not shown here: a power cut on real hardware (row 2 simulates one), other platforms than"
        " the one named above, real network file systems.",
        "",
    ]
    return "\n".join(lines)


def _figure(figure: Figure) -> str:
    return f"{figure.part}: {figure.figure}" if figure.part else figure.figure


@pytest.fixture
def forked() -> Iterator[Callable[..., int]]:
    """Runs a function in a forked process, which ends with it: 0 done, 1 after an exception.

    Cheaper than a new interpreter. The parent must not have a database open.
    """
    started: list[int] = []

    def fork(function: Callable[..., object], *arguments: Any) -> int:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                function(*arguments)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        started.append(child)
        return child

    yield fork
    for child in started:
        try:
            ended, _ = os.waitpid(child, os.WNOHANG)
            if ended == 0:
                os.kill(child, 9)
                os.waitpid(child, 0)
        except ChildProcessError:
            continue


@pytest.fixture
def joined() -> Callable[[list[int]], None]:
    """Waits for forked processes; fails if one failed."""

    def join(children: list[int]) -> None:
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert codes == [0] * len(children)

    return join


@pytest.fixture
def small_bank() -> Callable[[Path], QEReasoningBank]:
    """Opens a bank with a fast deterministic encoder, as agents do (durability normal)."""

    def opened(path: Path) -> QEReasoningBank:
        return QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal")

    return opened


@pytest.fixture
def sound() -> Callable[[Path], None]:
    """Fails unless ``aqe db check`` finds nothing wrong."""

    def check(path: Path) -> None:
        assert check_database(path).problems == ()

    return check
