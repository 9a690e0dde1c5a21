"""``aqe bench latency``: how long searching and storing take as a bank grows, against yardsticks.

All systems answer the same queries in turns within one run, so that a busy machine slows them
alike: the ratios say more than the milliseconds. Queries are distinct, so none is answered from the
cache but where that is what is measured.
"""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...models import Encoder, create_encoder
from ...retrieval import QEReasoningBank
from ...retrieval.storage.sqlite import PatternStore
from ...retrieval.text.tokens import query_terms
from ...schema import Database, PatternSearchCriteria
from ..workload.generated_patterns import (
    GeneratedEncoder,
    GeneratedQuery,
    PatternGenerator,
    fill_bank,
)
from .crowd import CrowdSize, measure_crowd
from .crowd_member import write_queries
from .latency_rows import YARDSTICK, FilterName, LatencyRow, LatencyTimes, Note
from .latency_yardsticks import NumpyScan, PlainHybrid
from .memory_use import measure_memory, resident_mb

__all__ = ["FILTERS", "SEED", "measure_latency", "sizes_of"]

SEED: Final = 20261123
WARM_UP: Final = 20
STORED: Final = 100
DEPTH: Final = 50
# Of the generator: 45 patterns of 100 are pytest's, 1 is ava's.
FILTERS: Final[dict[FilterName, PatternSearchCriteria]] = {
    "none": PatternSearchCriteria(),
    "loose": PatternSearchCriteria(framework="pytest"),
    "tight": PatternSearchCriteria(framework="ava"),
}


def measure_latency(
    sizes: Sequence[int],
    *,
    queries: int = 500,
    crowd: int = 0,
    crowd_size: CrowdSize | None = None,
    seed: int = SEED,
    note: Note = lambda _: None,
) -> dict[str, Any]:
    """Returns what was measured at each size, as JSON can carry it.

    Args:
        queries: Distinct queries asked for each operation.
        crowd: Patterns of the bank that a crowd searches and changes; 0 leaves that out.
        note: Told what is being done.
    """
    commit = _commit()  # now: the code that runs is what was imported
    results: list[LatencyRow] = []
    banks = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
            rows, facts = _measure_size(size, Path(folder), queries, seed, note)
            results += rows
            banks.append(facts)
    crowd_facts = None
    if crowd:
        with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
            rows, crowd_facts = measure_crowd(
                crowd, Path(folder), size=crowd_size, seed=seed, note=note
            )
            results += rows
    return {
        "commit": commit,
        "seed": seed,
        "queries": queries,
        "cpus": os.cpu_count(),
        "results": [row.as_json() for row in results],
        "banks": banks,
        "crowd": crowd_facts,
    }


def _measure_size(
    size: int, folder: Path, count: int, seed: int, note: Note
) -> tuple[list[LatencyRow], dict[str, Any]]:
    note(f"{size} patterns: generating")
    generator = PatternGenerator(size, seed=seed)
    queries = generator.queries(count + WARM_UP)
    encoder = GeneratedEncoder(generator, queries)
    path = folder / "aqe.db"
    before_load_mb = resident_mb()
    with (
        Database(path, durability="full") as database,
        QEReasoningBank(database, encoder=encoder) as bank,
    ):
        facts: dict[str, Any] = {"patterns": size, **_load(bank, generator, encoder, note)}
        plain = PlainHybrid(folder / "plain.db")
        note(f"{size} patterns: loading the yardstick")
        listed = {pattern.id: pattern for pattern in bank.list_patterns(limit=None)}
        ordered = (listed[f"generated:{number:07d}"] for number in range(size))
        started = time.perf_counter()
        plain.load(ordered, generator.vectors)
        facts["yardstick_load_patterns_per_s"] = size / (time.perf_counter() - started)
        del listed, ordered
        gc.collect()
        before_mb = resident_mb()
        times = LatencyTimes()
        note(f"{size} patterns: searching")
        _searches(times, bank, plain, generator, queries)
        note(f"{size} patterns: storing")
        _stores(times, bank, plain, generator, encoder)
        facts |= _memory(bank, before_mb, before_load_mb)
        plain.close()
    facts |= _reopened(path, queries[0], note)
    note(f"{size} patterns: memory")
    write_queries(folder / "queries.npz", queries[WARM_UP:])
    facts["memory"] = measure_memory(path, folder / "queries.npz")
    return times.rows(size), facts


def _load(
    bank: QEReasoningBank, generator: PatternGenerator, encoder: GeneratedEncoder, note: Note
) -> dict[str, float]:
    """Stores the generator's patterns; returns the speeds of storing and of the file of vectors."""
    duration_s = fill_bank(bank, generator, encoder, note=note)
    note(f"{generator.count} patterns: making the file of vectors")
    started = time.perf_counter()
    indexed = bank.update_vector_file()
    index_s = time.perf_counter() - started
    return {
        "load_patterns_per_s": generator.count / duration_s,
        "vector_file_vectors": indexed,
        "vector_file_s": index_s,
    }


def _searches(
    times: LatencyTimes,
    bank: QEReasoningBank,
    plain: PlainHybrid,
    generator: PatternGenerator,
    queries: Sequence[GeneratedQuery],
) -> None:
    """Asks every system the same in turns; the first few queries only warm up."""
    scan = NumpyScan(generator.vectors)
    encoder = create_encoder()
    encoder.encode_query("warm up")
    store = PatternStore(bank.database, bank.encoder_identity)
    discarded = LatencyTimes()
    for number, query in enumerate(queries):
        into = times if number >= WARM_UP else discarded
        for name, criteria in FILTERS.items():
            _lookup(into, bank, plain, query, name, criteria)
            _vector_leg(into, store, plain, query, name, criteria)
        _rest(into, bank, plain, store, scan, encoder, query)
    for query in queries[WARM_UP:]:  # apart: a scan of all vectors before it is not part of a hit
        bank.search(query.text)
        times.time(("aqe", "hit", "none"), partial(bank.search, query.text))


def _lookup(
    times: LatencyTimes,
    bank: QEReasoningBank,
    plain: PlainHybrid,
    query: GeneratedQuery,
    name: FilterName,
    criteria: PatternSearchCriteria,
) -> None:
    times.time(("aqe", "lookup", name), lambda: bank.search(query.text, criteria=criteria))
    times.time(
        (YARDSTICK, "lookup", name),
        lambda: plain.search(query.text, query.embedding, criteria),
    )


def _rest(
    times: LatencyTimes,
    bank: QEReasoningBank,
    plain: PlainHybrid,
    store: PatternStore,
    scan: NumpyScan,
    encoder: Encoder,
    query: GeneratedQuery,
) -> None:
    """Asks what is asked without a filter only."""
    times.time(
        ("aqe", "lookup with encoder", "none"),
        lambda: (encoder.encode_query(query.text), bank.search(f"{query.text} ")),
    )
    times.time(("aqe", "text", "none"), lambda: _text(store, query))
    times.time((YARDSTICK, "text", "none"), lambda: plain.text(query.text))
    times.time(("numpy", "vector", "none"), lambda: scan.vector(query.embedding))


def _vector_leg(
    times: LatencyTimes,
    store: PatternStore,
    plain: PlainHybrid,
    query: GeneratedQuery,
    name: FilterName,
    criteria: PatternSearchCriteria,
) -> None:
    def ours() -> list[int]:
        with store.reading() as session:
            return list(session.vectors.candidates(query.embedding, DEPTH, criteria))

    found = times.time(("aqe", "vector", name), ours)
    exact = times.time((YARDSTICK, "vector", name), lambda: plain.vector(query.embedding, criteria))
    if exact:
        share = len({*exact[:10]} & {*found[:10]}) / len(exact[:10])
        times.recall.setdefault(("aqe", "vector", name), []).append(share)


def _text(store: PatternStore, query: GeneratedQuery) -> dict[int, float]:
    with store.reading() as session:
        return session.text.candidates(query_terms(query.text), DEPTH, FILTERS["none"])


def _stores(
    times: LatencyTimes,
    bank: QEReasoningBank,
    plain: PlainHybrid,
    generator: PatternGenerator,
    encoder: GeneratedEncoder,
) -> None:
    """Stores single new patterns, durably, and searches after each: what a change costs both."""
    for number, pattern in enumerate(itertools.islice(generator.patterns(), STORED)):
        new = replace(pattern, id=f"new:{number}", name=f"{pattern.name} again")
        encoder.expect([new], number)
        times.time(("aqe", "store", "none"), partial(bank.store_pattern, new))
        vector = generator.vectors[number]
        times.time((YARDSTICK, "store", "none"), partial(plain.add, new, vector))
        times.time(("aqe", "lookup after a store", "none"), partial(bank.search, new.description))


def _memory(bank: QEReasoningBank, before_mb: float, before_load_mb: float) -> dict[str, Any]:
    vectors, answers = bank.get_vector_memory(), bank.get_cache_statistics()
    return {
        "resident_growth_searching_mb": resident_mb() - before_mb,
        "resident_growth_mb": resident_mb() - before_load_mb,
        "mapped_file_vectors": vectors.file_vectors,
        "vectors_in_memory_mb": vectors.bytes / 1e6,
        "answers_mb": answers.bytes / 1e6,
    }


def _reopened(path: Path, query: GeneratedQuery, note: Note) -> dict[str, float]:
    """Returns how long a fresh process takes to open the bank and to answer by words alone."""
    note("opening in a fresh process")
    command = [
        *(sys.executable, "-m", "aqe", "patterns", "search", query.text, "--mode", "text"),
        *("--json", "--db", str(path)),
    ]
    durations = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        durations.append((time.perf_counter() - started) * 1000)
    return {"fresh_process_text_search_ms": float(np.median(durations))}


def _commit() -> str:
    """Returns the commit of the code that was measured, or nothing outside a repository."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    finished = subprocess.run(command, capture_output=True, text=True)
    return finished.stdout.strip()


def sizes_of(text: str) -> list[int]:
    """Returns the sizes that ``1000,10000`` names.

    Raises:
        ValueError: One is no whole number above 0.
    """
    parts: Iterable[str] = (part.strip() for part in text.split(","))
    sizes = [int(part) if part.isdecimal() else 0 for part in parts]
    if not sizes or min(sizes) < 1:
        raise ValueError(f"patterns must be whole numbers above 0 with commas, got {text!r}")
    return sizes
