"""Times the bank at 1,000 real patterns with the default encoder (pytest-benchmark).

Each operation is timed in turns with its yardstick: a look-up with a bare encoder call, a cold
command with the import of its libraries.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqe import QEReasoningBank, TestPattern, create_encoder
from aqe.bench.bank.paired_rounds import measure_in_turns
from aqe.bench.installation.cold_start import LIBRARIES
from aqe.bench.workload.numpy_suites import real_patterns, real_queries
from aqe.models import HashingEncoder
from aqe.retrieval.text.pattern_text import embedded_text

PATTERNS = 1_000
IMPORTED = 100


@pytest.fixture(scope="module")
def patterns() -> list[TestPattern]:
    """Returns numpy's first 1,000 tests as patterns."""
    return real_patterns(PATTERNS)


@pytest.fixture(scope="module")
def queries(patterns: list[TestPattern]) -> Iterator[str]:
    """Returns queries that do not repeat within a benchmark, so that none is cached."""
    distinct = real_queries(patterns, 300)
    numbered = (f"{query} {number}" for number in itertools.count() for query in distinct)
    return numbered


@pytest.fixture(scope="module")
def bank(
    patterns: list[TestPattern], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QEReasoningBank]:
    """Yields a bank of these patterns."""
    path = tmp_path_factory.mktemp("bank") / "aqe.db"
    with QEReasoningBank(path) as bank:
        bank.store_patterns(patterns)
        yield bank


def test_lookup_miss(
    benchmark: BenchmarkFixture, bank: QEReasoningBank, queries: Iterator[str]
) -> None:
    """Times a look-up that no cache answers."""
    matches = measure_in_turns(
        benchmark,
        "look-up from text, not cached",
        bank.find_matching_patterns,
        prepare=lambda: next(queries),
        yardstick=create_encoder().encode_query,
        compared_to="encode a query (bare encoder)",
        rounds=200,
    )
    assert len(matches) == 10


def test_lookup_hit(benchmark: BenchmarkFixture, bank: QEReasoningBank) -> None:
    """Times a look-up that the cache answers."""
    bank.find_matching_patterns("raises on a singular matrix")
    benchmark(lambda: bank.find_matching_patterns("raises on a singular matrix"))
    benchmark.extra_info |= {
        "label": "look-up, cached",
        "compared_to": "look-up from text, not cached",
    }


def test_store_durable(
    benchmark: BenchmarkFixture, patterns: list[TestPattern], tmp_path: Path
) -> None:
    """Times one new pattern into a bank of 1,000, with an encoder that costs next to nothing."""
    numbers = itertools.count()
    encoder = create_encoder()

    def new() -> TestPattern:
        number = next(numbers)
        return replace(patterns[number % PATTERNS], id=f"new{number}", name=f"new {number}")

    with QEReasoningBank(tmp_path / "aqe.db", encoder=HashingEncoder()) as bank:
        bank.store_patterns(patterns)
        result = measure_in_turns(
            benchmark,
            "store one pattern, durable, without encoder",
            bank.store_pattern,
            prepare=new,
            yardstick=lambda pattern: encoder.encode([pattern.examples[0]]),
            compared_to="encode a document (bare encoder)",
            rounds=200,
        )
    assert result.status == "created"


@pytest.mark.parametrize("encoder", ["default", "hashing"])
def test_import_100(
    benchmark: BenchmarkFixture, patterns: list[TestPattern], tmp_path: Path, encoder: str
) -> None:
    """Times an import into an empty bank, with the default and with the hashing encoder."""
    with QEReasoningBank(tmp_path / "source.db", encoder=HashingEncoder()) as source:
        source.store_patterns(patterns[:IMPORTED])
        source.export_patterns(tmp_path / "patterns.jsonl")
    numbers = itertools.count()
    texts = [embedded_text(pattern) for pattern in patterns[:IMPORTED]]
    bare = create_encoder()

    def fresh_bank() -> QEReasoningBank:
        path = tmp_path / f"{next(numbers)}.db"
        chosen = None if encoder == "default" else HashingEncoder()
        return QEReasoningBank(path, encoder=chosen).initialize()

    report = measure_in_turns(
        benchmark,
        "import 100 patterns" + ("" if encoder == "default" else ", hashing encoder"),
        lambda bank: bank.import_patterns(tmp_path / "patterns.jsonl"),
        prepare=fresh_bank,
        yardstick=lambda _: bare.encode(texts),
        compared_to="encode 100 documents (bare encoder)",
        rounds=5,
        warm_up=1,
    )
    assert report.created == IMPORTED


def test_cold_search(benchmark: BenchmarkFixture, bank: QEReasoningBank) -> None:
    """Times a search in a process of its own."""
    bare = [sys.executable, "-c", LIBRARIES]
    search = [
        *(sys.executable, "-m", "aqe", "patterns", "search", "singular matrix", "--json"),
        *("--db", bank.database.label),
    ]
    measure_in_turns(
        benchmark,
        "cold `aqe patterns search`",
        lambda _: subprocess.run(search, check=True, capture_output=True),
        prepare=lambda: None,
        yardstick=lambda _: subprocess.run(bare, check=True),
        compared_to="import its libraries",
        rounds=10,
        warm_up=1,
    )
