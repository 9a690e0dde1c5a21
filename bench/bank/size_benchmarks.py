"""Speed of the bank at 1,000 and 10,000 generated patterns (pytest-benchmark).

The operations are those of ``aqe bench latency``, each in turns with plain vec0 + FTS5 on the same
data (``latency_yardsticks``). The larger bank is marked slow.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqe import QEReasoningBank, TestPattern
from aqe.bench.bank.paired_timing import measure_in_turns
from aqe.bench.latency.latency_by_size import DEPTH, FILTERS, SEED
from aqe.bench.latency.latency_rows import FilterName
from aqe.bench.latency.latency_yardsticks import PlainHybrid
from aqe.bench.workload.generated_patterns import (
    GeneratedEncoder,
    GeneratedQuery,
    PatternGenerator,
    fill_bank,
)
from aqe.retrieval.storage.sqlite import PatternStore
from aqe.retrieval.text.tokens import query_terms

QUERIES = 2_000
ROUNDS = 200
STORED = 100


@dataclass(frozen=True, slots=True)
class Stage:
    """The same patterns in a bank of ours and in plain tables, and queries that never repeat."""

    patterns: int
    bank: QEReasoningBank
    store: PatternStore
    plain: PlainHybrid
    generator: PatternGenerator
    encoder: GeneratedEncoder
    queries: Iterator[GeneratedQuery]

    @property
    def ending(self) -> str:
        """What tells the labels of this size from those of the other."""
        return f", {self.patterns:,} patterns"

    def measure(
        self,
        benchmark: BenchmarkFixture,
        operation: str,
        ours: Callable[[GeneratedQuery], object],
        plain: Callable[[GeneratedQuery], object],
        *,
        compared_to: str,
    ) -> None:
        """Times both on one query after the other."""
        measure_in_turns(
            benchmark,
            operation + self.ending,
            ours,
            prepare=lambda: next(self.queries),
            yardstick=plain,
            compared_to=compared_to + self.ending,
            rounds=ROUNDS,
        )


@pytest.fixture(scope="module", params=[1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("sizes")
    generator = PatternGenerator(request.param, seed=SEED)
    queries = generator.queries(QUERIES)
    encoder = GeneratedEncoder(generator, queries)
    with QEReasoningBank(folder / "aqe.db", encoder=encoder) as bank:
        fill_bank(bank, generator, encoder)
        plain = PlainHybrid(folder / "plain.db")
        stored = {pattern.id: pattern for pattern in bank.list_patterns(limit=None)}
        in_order = (stored[pattern.id] for pattern in generator.patterns())
        plain.load(in_order, generator.vectors)
        yield Stage(
            request.param,
            bank,
            PatternStore(bank.database, bank.encoder_identity),
            plain,
            generator,
            encoder,
            itertools.cycle(queries),
        )
        plain.close()


@pytest.mark.parametrize("name", FILTERS)
def test_lookup(benchmark: BenchmarkFixture, stage: Stage, name: FilterName) -> None:
    stage.measure(
        benchmark,
        f"look-up, filter {name}",
        lambda query: stage.bank.search(query.text, criteria=FILTERS[name]),
        lambda query: stage.plain.search(query.text, query.embedding, FILTERS[name]),
        compared_to=f"plain look-up, filter {name}",
    )


def test_hit(benchmark: BenchmarkFixture, stage: Stage) -> None:
    query = next(stage.queries)
    stage.bank.search(query.text)
    benchmark(lambda: stage.bank.search(query.text))
    benchmark.extra_info |= {
        "label": "look-up, cached" + stage.ending,
        "compared_to": "plain look-up, filter none" + stage.ending,
    }


def test_vector(benchmark: BenchmarkFixture, stage: Stage) -> None:
    def vector(query: GeneratedQuery) -> None:
        with stage.store.reading() as session:
            session.vectors.candidates(query.embedding, DEPTH, FILTERS["none"])

    stage.measure(
        benchmark,
        "vector leg",
        vector,
        lambda query: stage.plain.vector(query.embedding, FILTERS["none"]),
        compared_to="plain vec0",
    )


def test_text(benchmark: BenchmarkFixture, stage: Stage) -> None:
    def text(query: GeneratedQuery) -> None:
        with stage.store.reading() as session:
            session.text.candidates(query_terms(query.text), DEPTH, FILTERS["none"])

    stage.measure(
        benchmark,
        "text leg",
        text,
        lambda query: stage.plain.text(query.text),
        compared_to="plain FTS5",
    )


def test_store(benchmark: BenchmarkFixture, stage: Stage) -> None:
    patterns = itertools.cycle(itertools.islice(stage.generator.patterns(), STORED))
    fresh = (
        (number % STORED, replace(pattern, id=f"new:{number}", name=f"{pattern.name} {number}"))
        for number, pattern in enumerate(patterns)
    )

    def new() -> tuple[int, TestPattern]:
        number, pattern = next(fresh)
        stage.encoder.expect([pattern], number)
        return number, pattern

    result = measure_in_turns(
        benchmark,
        "store, durable" + stage.ending,
        lambda subject: stage.bank.store_pattern(subject[1]),
        prepare=new,
        yardstick=lambda subject: stage.plain.add(subject[1], stage.generator.vectors[subject[0]]),
        compared_to="plain store, durable" + stage.ending,
        rounds=ROUNDS,
    )
    assert result.status == "created"
