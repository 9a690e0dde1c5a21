"""Measures the memory of a bank: its own accounting, the machine's and Python's.

A fresh process opens the bank and asks distinct queries, so that nothing is left over from loading
it; a second one does the same under tracemalloc, which makes it slower and larger. The code itself
is loaded before the count begins. Pages of mapped files are counted apart: the machine takes them
back when it needs them.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import apsw
import msgspec

from ...retrieval import QEReasoningBank
from ...schema import Database, TestPattern
from ..workload.process_memory import resident_mb
from ..workload.query_file import QueryEncoder, read_queries

__all__ = ["measure_memory"]


def measure_memory(database: Path, queries: Path) -> dict[str, float]:
    """Returns the megabytes (10^6 bytes) by name of a process that asked all queries.

    ``own_*`` is the bank's accounting of answers, vectors and SQLite's pages. ``resident_mb`` is
    the growth of the process without mapped files, ``mapped_mb`` that of mapped files alone.
    ``traced_mb`` is what Python and numpy allocated; compare it with ``own_answers_mb`` and
    ``own_vectors_mb``.

    Args:
        database: A bank of generated patterns.
        queries: A file of ``write_queries``.
    """
    return _in_fresh_process(database, queries, traced=False) | _in_fresh_process(
        database, queries, traced=True
    )


def _in_fresh_process(database: Path, queries: Path, *, traced: bool) -> dict[str, float]:
    command = [sys.executable, "-m", __spec__.name, str(database), str(queries)]
    finished = subprocess.run(
        [*command, "traced" if traced else "resident"], check=True, stdout=subprocess.PIPE
    )
    return msgspec.json.decode(finished.stdout, type=dict[str, float])


def _measure(database: str, queries: str, kind: str) -> dict[str, Any]:
    asked = read_queries(Path(queries))
    encoder = QueryEncoder(asked)
    _load_code(encoder)
    gc.collect()
    traced = kind == "traced"
    if traced:
        tracemalloc.start()
    before = resident_mb(), resident_mb("RssFile"), apsw.memory_used()
    with QEReasoningBank(database, encoder=encoder) as bank:
        for query in asked:
            bank.search(query.text)
        gc.collect()
        if traced:
            return {"traced_mb": tracemalloc.get_traced_memory()[0] / 1e6}
        own = {
            "own_answers_mb": bank.get_cache_statistics().bytes / 1e6,
            "own_vectors_mb": bank.get_vector_statistics().bytes / 1e6,
            "own_sqlite_mb": (apsw.memory_used() - before[2]) / 1e6,
        }
        return {
            **own,
            "own_mb": sum(own.values()),
            "resident_mb": resident_mb() - before[0],
            "mapped_mb": resident_mb("RssFile") - before[1],
        }


def _load_code(encoder: QueryEncoder) -> None:
    """Uses a bank once, so that modules and libraries are loaded before the count begins."""
    import usearch.index  # noqa: F401

    pattern = TestPattern(
        name="warm up",
        description="x",
        category="unit",
        framework="pytest",
        language="python",
    )
    with Database() as database, QEReasoningBank(database, encoder=encoder) as bank:
        bank.store_pattern(pattern)
        for text in ("warm", "up", "warm up"):
            bank.search(text)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_measure(*sys.argv[1:])))
