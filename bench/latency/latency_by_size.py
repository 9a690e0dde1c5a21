"""Measures searching and storing as a bank grows, against yardsticks (``aqe bench latency``).

All systems answer the same queries in turns within one run, so that a busy machine slows them
alike: the ratios say more than the milliseconds. Queries are distinct, so none is answered from the
cache except where that is what is measured.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...models import create_encoder
from ...retrieval import QEReasoningBank
from ...schema import Database
from ..workload.generated_encoder import GeneratedEncoder, fill_bank
from ..workload.generated_patterns import SEED, GeneratedQuery, PatternGenerator
from ..workload.process_memory import resident_mb
from ..workload.query_file import write_queries
from .crowd import Crowd, CrowdSize, measure_crowd
from .latency_operations import Systems, search_in_turns, store_in_turns
from .latency_rows import LatencyRow, LatencyTimes, Note
from .latency_yardsticks import PlainHybrid
from .memory_use import measure_memory

__all__ = ["Effort", "measure_latency", "sizes_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How often each operation is measured.

    Attributes:
        queries: Distinct queries for each kind of search.
        warm_up: Queries before those that count.
        stored: Patterns stored one by one.
        openings: Fresh processes that open the bank.
    """

    queries: int = 500
    warm_up: int = 20
    stored: int = 100
    openings: int = 3


def measure_latency(
    sizes: Sequence[int],
    effort: Effort = Effort(),
    *,
    crowd: int = 0,
    crowd_size: CrowdSize | None = None,
    seed: int = SEED,
    note: Note = lambda _: None,
) -> dict[str, Any]:
    """Returns the figures for each size, ready for JSON.

    Args:
        sizes: Patterns in each bank.
        crowd: Patterns in the bank that a crowd searches and changes; 0 measures no crowd.
        note: Called with what is being measured.

    Raises:
        AqeError: A member of the crowd died.
    """
    commit = _commit()  # before anything runs: the code in memory is that of this moment
    results: list[LatencyRow] = []
    banks = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
            rows, facts = _measure_size(size, Path(folder), effort, seed, note)
            results += rows
            banks.append(facts)
    crowd_facts = None
    if crowd:
        rows, crowd_facts = _measure_crowd(crowd, crowd_size or CrowdSize(), seed, note)
        results += rows
    return {
        "commit": commit,
        "seed": seed,
        "queries": effort.queries,
        "cpus": os.cpu_count(),
        "results": [row.as_json() for row in results],
        "banks": banks,
        "crowd": crowd_facts,
    }


def _measure_crowd(
    patterns: int, size: CrowdSize, seed: int, note: Note
) -> tuple[list[LatencyRow], dict[str, Any]]:
    note(f"crowd: {patterns} patterns")
    with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
        crowd = Crowd(Path(folder), patterns, size, seed=seed, note=note)
        return measure_crowd(crowd, patterns, size, note=note)


def _measure_size(
    size: int, folder: Path, effort: Effort, seed: int, note: Note
) -> tuple[list[LatencyRow], dict[str, Any]]:
    note(f"{size} patterns: generating")
    generator = PatternGenerator(size, seed=seed)
    queries = generator.queries(effort.queries + effort.warm_up)
    encoder = GeneratedEncoder(generator, queries)
    path = folder / "aqe.db"
    times = LatencyTimes()
    before_load_mb = resident_mb()
    with (
        Database(path, durability="full") as database,
        QEReasoningBank(database, encoder=encoder) as bank,
    ):
        facts: dict[str, Any] = {"patterns": size, **_load(bank, generator, encoder, note)}
        plain = PlainHybrid(folder / "plain.db")
        facts["yardstick_load_patterns_per_s"] = _load_plain(plain, bank, generator, note)
        before_mb = resident_mb()
        systems = Systems(bank, plain, generator, encoder, create_encoder())
        note(f"{size} patterns: searching")
        search_in_turns(times, systems, queries, warm_up=effort.warm_up)
        note(f"{size} patterns: storing")
        store_in_turns(times, systems, count=effort.stored)
        facts |= _memory(bank, before_mb, before_load_mb)
        plain.close()
    note("opening in a fresh process")
    facts["fresh_process_text_search_ms"] = _fresh_search_ms(path, queries[0], effort.openings)
    note(f"{size} patterns: memory")
    write_queries(folder / "queries.npz", queries[effort.warm_up :])
    facts["memory"] = measure_memory(path, folder / "queries.npz")
    return times.rows(size), facts


def _load(
    bank: QEReasoningBank, generator: PatternGenerator, encoder: GeneratedEncoder, note: Note
) -> dict[str, float]:
    """Stores the generator's patterns; returns the speeds of storing and of the vector file."""
    duration_s = fill_bank(bank, generator, encoder, note=note)
    note(f"{generator.count} patterns: building the vector file")
    started = time.perf_counter()
    indexed = bank.update_vector_file()
    index_s = time.perf_counter() - started
    return {
        "load_patterns_per_s": generator.count / duration_s,
        "vector_file_vectors": indexed,
        "vector_file_s": index_s,
    }


def _load_plain(
    plain: PlainHybrid, bank: QEReasoningBank, generator: PatternGenerator, note: Note
) -> float:
    """Stores the bank's patterns in the yardstick; returns patterns per second."""
    note(f"{generator.count} patterns: loading the yardstick")
    listed = {pattern.id: pattern for pattern in bank.list_patterns(limit=None)}
    ordered = (listed[f"generated:{number:07d}"] for number in range(generator.count))
    started = time.perf_counter()
    plain.load(ordered, generator.vectors)
    duration_s = time.perf_counter() - started
    del listed, ordered
    gc.collect()
    return generator.count / duration_s


def _memory(bank: QEReasoningBank, before_mb: float, before_load_mb: float) -> dict[str, Any]:
    vectors, answers = bank.get_vector_statistics(), bank.get_cache_statistics()
    return {
        "resident_growth_searching_mb": resident_mb() - before_mb,
        "resident_growth_mb": resident_mb() - before_load_mb,
        "mapped_file_vectors": vectors.file_vectors,
        "vectors_in_memory_mb": vectors.bytes / 1e6,
        "answers_mb": answers.bytes / 1e6,
    }


def _fresh_search_ms(path: Path, query: GeneratedQuery, openings: int) -> float:
    """Returns the median time of a text search in a process of its own."""
    command = [
        *(sys.executable, "-m", "aqe", "patterns", "search", query.text, "--mode", "text"),
        *("--json", "--db", str(path)),
    ]
    durations_ms = []
    for _ in range(openings):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        durations_ms.append((time.perf_counter() - started) * 1000)
    return float(np.median(durations_ms))


def _commit() -> str:
    """Returns the commit of the measured code; empty outside a repository."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    finished = subprocess.run(command, capture_output=True, text=True)
    return finished.stdout.strip()


def sizes_of(text: str) -> list[int]:
    """Returns the sizes in a text such as ``1000,10000``.

    Raises:
        ValueError: A part is not a whole number above 0.
    """
    parts: Iterable[str] = (part.strip() for part in text.split(","))
    sizes = [int(part) if part.isdecimal() else 0 for part in parts]
    if not sizes or min(sizes) < 1:
        raise ValueError(f"patterns must be whole numbers above 0 with commas, got {text!r}")
    return sizes
