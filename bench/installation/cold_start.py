"""Measures how long commands take in a process of their own, against imports in the same run.

Run: ``python -m aqe.bench.installation.cold_start [--rounds N] [--bank FILE] [--out FILE]``. The
commands run in turns, so that a busy hour slows all of them. Their bytecode is written before the
first round that counts, as an installation has it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from ...retrieval import QEReasoningBank
from ..workload.numpy_suites import real_patterns

__all__ = ["LIMITS", "StartUp", "cold_bank", "exceeded", "measure_start_up", "report"]

LIBRARIES = "import numpy, onnxruntime, tokenizers, apsw"
PATTERNS = 1_000
QUERY = "singular matrix"


class Limit(NamedTuple):
    """What a command may take: that many times another one and, if given, some ms more."""

    compared_to: str
    ratio: float
    extra_ms: float = 0.0


LIMITS: Mapping[str, Limit] = {
    "import aqe": Limit("bare Python", 1.0, 15.0),
    "aqe --help": Limit("aqe --version", 1.3),
    "aqe patterns search": Limit(LIBRARIES, 2.5),
}


class StartUp(NamedTuple):
    """The times of one command, in ms: wall clock, and processor time of all its threads."""

    wall_ms: list[float]
    processor_ms: list[float]


def cold_bank(path: Path, patterns: int = PATTERNS) -> None:
    """Fills a bank with real tests, embedded by the default encoder as ``aqe`` does it."""
    with QEReasoningBank(path) as bank:
        bank.store_patterns(real_patterns(patterns))


def measure_start_up(bank: Path, rounds: int) -> dict[str, StartUp]:
    """Returns the times of each command by its name; each runs once in a round.

    Args:
        bank: The bank that is searched.
        rounds: Rounds that count; one more runs before.
    """
    commands = _commands(bank)
    times = {name: StartUp([], []) for name in commands}
    for counted in range(-1, rounds):
        for name, command in commands.items():
            wall_s, processor_s = _run(command)
            if counted >= 0:
                times[name].wall_ms.append(wall_s * 1000)
                times[name].processor_ms.append(processor_s * 1000)
    return times


def _commands(bank: Path) -> dict[str, list[str]]:
    aqe = [sys.executable, "-m", "aqe"]
    search = [*aqe, "patterns", "search", QUERY, "--db", str(bank)]
    return {
        "bare Python": [sys.executable, "-c", "pass"],
        "import aqe": [sys.executable, "-c", "import aqe"],
        LIBRARIES: [sys.executable, "-c", LIBRARIES],
        "aqe --version": [*aqe, "--version"],
        "aqe --help": [*aqe, "--help"],
        "aqe patterns search --mode text": [*search, "--mode", "text"],
        "aqe patterns search": search,
    }


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Returns the seconds that a command took by the clock, and those of the processor."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started, before = time.perf_counter(), _children_s()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - started, _children_s() - before


def _children_s() -> float:
    """Returns the processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def exceeded(times: Mapping[str, StartUp]) -> list[str]:
    """Returns a line for each command whose median wall time is over its limit."""
    lines = []
    for name, limit in LIMITS.items():
        yardstick = median(times[limit.compared_to].wall_ms)
        allowed = limit.ratio * yardstick + limit.extra_ms
        found = median(times[name].wall_ms)
        if found > allowed:
            lines.append(
                f"{name} takes {found:.0f} ms, at most {allowed:.0f} are allowed"
                f" ({limit.ratio} x {limit.compared_to})"
            )
    return lines


def report(times: Mapping[str, StartUp]) -> str:
    """Returns a Markdown table: median and least wall time, processor time, ratios to imports."""
    yardstick = times[LIBRARIES]
    rows = [
        f"| `{name}` | {median(wall):.0f} | {min(wall):.0f} | {median(processor):.0f}"
        f" | {median(wall) / median(yardstick.wall_ms):.2f}"
        f" | {median(processor) / median(yardstick.processor_ms):.2f} |"
        for name, (wall, processor) in times.items()
    ]
    return "\n".join(
        (
            "| command | wall, median ms | wall, least | processor, median"
            " | wall / imports | processor / imports |",
            "|---|---:|---:|---:|---:|---:|",
            *rows,
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints; exit code 1 if a command is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bank", type=Path, help="default: 1,000 of numpy's tests")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        bank = options.bank or Path(folder, "aqe.db")
        if options.bank is None:
            cold_bank(bank)
        times = measure_start_up(bank, options.rounds)
    text, over = report(times), exceeded(times)
    sys.stdout.write("\n".join((text, "", *over)) + "\n")
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")
    sys.exit(bool(over))


if __name__ == "__main__":
    main()
