"""Measures a large bank: filling, opening, searching, storing, checking, rebuilding, memory.

Run: ``python -m aqe.bench.studies.storage.bank_scale [--patterns 300000] [--folder DIR]``. It wrote
``bench/results/bank_scale.md``.

Patterns and vectors are generated. One process fills the bank; a fresh one does each of the other
tasks, so that nothing is left over from filling it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ....retrieval import QEReasoningBank
from ...latency.latency_operations import FILTERS
from ...latency.memory_use import measure_memory
from ...workload.generated_encoder import GeneratedEncoder, fill_bank
from ...workload.generated_patterns import SEED, PatternGenerator
from ...workload.query_file import QueryEncoder, read_queries, write_queries

__all__ = ["main", "measure_scale"]

# Patterns that are stored one by one, each durably.
STORED = 100
QUERIES = "queries.npz"


def measure_scale(
    count: int, folder: Path, *, queries: int = 300, seed: int = SEED
) -> dict[str, Any]:
    """Returns the figures of a bank with ``count`` patterns, ready for JSON.

    Args:
        folder: Empty; the bank stays in it.
        queries: Distinct queries for each filter.
    """
    path = folder / "aqe.db"
    filled = _in_fresh_process(path, "fill", str(count), str(queries), str(seed))
    searched = _in_fresh_process(path, "search")
    memory = measure_memory(path, folder / QUERIES)
    return {
        "patterns": count,
        "queries": queries,
        "seed": seed,
        "fill": filled,
        "search": searched,
        "memory": memory,
        "check": _in_fresh_process(path, "check"),
        "rebuild": _in_fresh_process(path, "rebuild"),
    }


def _fill(path: Path, count: str, queries: str, seed: str) -> dict[str, float]:
    generator = PatternGenerator(int(count), seed=int(seed))
    asked = generator.queries(int(queries) + 2)
    write_queries(path.with_name(QUERIES), asked)
    encoder = GeneratedEncoder(generator, asked)
    before_mb = _peak_mb()
    with QEReasoningBank(path, encoder=encoder) as bank:
        fill_s = fill_bank(bank, generator, encoder)
        vector_file_s = _seconds(bank.update_vector_file)
    return {
        "fill_s": fill_s,
        "vector_file_s": vector_file_s,
        "more_memory_mb": _peak_mb() - before_mb,
        "file_mb": _size_mb(path),
        "vector_file_mb": _size_mb(_vector_file(path)),
    }


def _search(path: Path) -> dict[str, float]:
    """Opens a bank, searches with each filter, then stores patterns one by one."""
    first, second, *asked = read_queries(path.with_name(QUERIES))
    encoder = QueryEncoder([first, second, *asked])
    bank = QEReasoningBank(path, encoder=encoder)
    found = {
        "open_s": _seconds(bank.initialize),
        "first_search_s": _seconds(lambda: bank.search(first.text)),
        "second_search_s": _seconds(lambda: bank.search(second.text)),
    }
    for name, criteria in FILTERS.items():
        times = []
        for query in asked:
            started = time.perf_counter()
            bank.search(query.text, criteria=criteria)
            times.append(time.perf_counter() - started)
        found |= _percentiles(f"search_{name}", times)
    times = []
    for number, pattern in enumerate(bank.list_patterns(limit=STORED)):
        new = replace(pattern, id=f"new:{number}", name=f"{pattern.name} again")
        started = time.perf_counter()
        bank.store_pattern(new)
        times.append(time.perf_counter() - started)
    found |= _percentiles("store", times)
    found["close_s"] = _seconds(bank.close)
    return found


def _check(path: Path) -> dict[str, float]:
    return _timed_command(path, "check")


def _rebuild(path: Path) -> dict[str, float]:
    """Loses the vector file, repairs, and rebuilds it."""
    _vector_file(path).unlink(missing_ok=True)
    repaired = _timed_command(path, "repair")
    queries = read_queries(path.with_name(QUERIES))
    with QEReasoningBank(path, encoder=QueryEncoder(queries)) as bank:
        built_s = _seconds(bank.update_vector_file)
    return {**repaired, "vector_file_s": built_s, "vector_file_mb": _size_mb(_vector_file(path))}


def _timed_command(path: Path, name: str) -> dict[str, float]:
    """Runs ``aqe db NAME``; returns its time, its largest memory and its exit code."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "aqe", "db", name, "--json", "--db", str(path)]
    code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    return {
        f"{name}_s": time.perf_counter() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6,
        "exit_code": code,
    }


def _percentiles(name: str, times_s: Sequence[float]) -> dict[str, float]:
    p50, p95, p99 = np.percentile(np.array(times_s) * 1000, (50, 95, 99)).tolist()
    return {f"{name}_p50_ms": p50, f"{name}_p95_ms": p95, f"{name}_p99_ms": p99}


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _peak_mb() -> float:
    """Returns the largest memory that this process had, in 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _vector_file(path: Path) -> Path:
    return path.with_name(path.name + ".vectors")


def _size_mb(path: Path) -> float:
    return path.stat().st_size / 1e6 if path.exists() else 0.0


def _in_fresh_process(path: Path, task: str, *arguments: str) -> Any:
    command = [sys.executable, "-m", __spec__.name, "--task", task, str(path), *arguments]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(finished.stdout)


_TASKS: dict[str, Callable[..., dict[str, float]]] = {
    "fill": _fill,
    "search": _search,
    "check": _check,
    "rebuild": _rebuild,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patterns", type=int, default=300_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, help="keeps the bank there")
    parser.add_argument("--task", choices=_TASKS, help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.task is not None:
        figures: Any = _TASKS[options.task](Path(options.rest[0]), *options.rest[1:])
    else:
        with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
            figures = measure_scale(
                options.patterns,
                options.folder or Path(folder),
                queries=options.queries,
                seed=options.seed,
            )
    json.dump(figures, sys.stdout, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
