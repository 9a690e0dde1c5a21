"""Speed of the bank at 1,000 real patterns with the default encoder (pytest-benchmark).

Each figure stands beside the one it is to be compared with in the same run: a look-up beside a bare
encoder call, a cold command beside a bare interpreter.
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
from aqe.bench.workload import real_patterns, real_queries
from aqe.models import HashingEncoder

PATTERNS = 1_000
IMPORTED = 100


@pytest.fixture(scope="module")
def patterns() -> list[TestPattern]:
    return real_patterns(PATTERNS)


@pytest.fixture(scope="module")
def queries(patterns: list[TestPattern]) -> Iterator[str]:
    """Queries that never repeat within a benchmark, so that none is answered from the cache."""
    distinct = real_queries(patterns, 300)
    numbered = (f"{query} {number}" for number in itertools.count() for query in distinct)
    return numbered


@pytest.fixture(scope="module")
def bank(
    patterns: list[TestPattern], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QEReasoningBank]:
    path = tmp_path_factory.mktemp("bank") / "aqe.db"
    with QEReasoningBank(path) as bank:
        bank.store_patterns(patterns)
        yield bank


def test_encode_query(benchmark: BenchmarkFixture, queries: Iterator[str]) -> None:
    encoder = create_encoder()
    benchmark.pedantic(lambda: encoder.encode_query(next(queries)), rounds=200, warmup_rounds=5)


def test_lookup_miss(
    benchmark: BenchmarkFixture, bank: QEReasoningBank, queries: Iterator[str]
) -> None:
    matches = benchmark.pedantic(
        lambda: bank.find_matching_patterns(next(queries)), rounds=200, warmup_rounds=5
    )
    assert len(matches) == 10


def test_lookup_hit(benchmark: BenchmarkFixture, bank: QEReasoningBank) -> None:
    bank.find_matching_patterns("raises on a singular matrix")
    benchmark(lambda: bank.find_matching_patterns("raises on a singular matrix"))


def test_encode_document(benchmark: BenchmarkFixture, patterns: list[TestPattern]) -> None:
    encoder = create_encoder()
    texts = itertools.cycle(pattern.examples[0] for pattern in patterns)
    benchmark.pedantic(lambda: encoder.encode([next(texts)]), rounds=100, warmup_rounds=5)


def test_store_durable(
    benchmark: BenchmarkFixture, patterns: list[TestPattern], tmp_path: Path
) -> None:
    """One new pattern into a bank of 1,000; an encoder that costs nearly nothing is used."""
    numbers = itertools.count()

    def store() -> None:
        number = next(numbers)
        pattern = replace(patterns[number % PATTERNS], id=f"new{number}", name=f"new {number}")
        assert fresh.store_pattern(pattern).status == "created"

    with QEReasoningBank(tmp_path / "aqe.db", encoder=HashingEncoder()) as fresh:
        fresh.store_patterns(patterns)
        benchmark.pedantic(store, rounds=200, warmup_rounds=5)


@pytest.mark.parametrize("encoder", ["default", "hashing"])
def test_import_100(
    benchmark: BenchmarkFixture, patterns: list[TestPattern], tmp_path: Path, encoder: str
) -> None:
    with QEReasoningBank(tmp_path / "source.db", encoder=HashingEncoder()) as source:
        source.store_patterns(patterns[:IMPORTED])
        source.export_patterns(tmp_path / "patterns.jsonl")
    numbers = itertools.count()

    def fresh_bank() -> tuple[tuple[QEReasoningBank], dict[str, object]]:
        path = tmp_path / f"{next(numbers)}.db"
        made = None if encoder == "default" else HashingEncoder()
        return (QEReasoningBank(path, encoder=made).initialize(),), {}

    def load(bank: QEReasoningBank) -> None:
        assert bank.import_patterns(tmp_path / "patterns.jsonl").created == IMPORTED

    benchmark.pedantic(load, setup=fresh_bank, rounds=5)


def test_bare_interpreter(benchmark: BenchmarkFixture) -> None:
    command = [sys.executable, "-c", "pass"]
    benchmark.pedantic(lambda: subprocess.run(command, check=True), rounds=10, warmup_rounds=1)


def test_cold_search(benchmark: BenchmarkFixture, bank: QEReasoningBank) -> None:
    command = [
        *(sys.executable, "-m", "aqe", "patterns", "search", "singular matrix", "--json"),
        *("--db", bank.database.label),
    ]
    benchmark.pedantic(
        lambda: subprocess.run(command, check=True, capture_output=True),
        rounds=10,
        warmup_rounds=1,
    )
