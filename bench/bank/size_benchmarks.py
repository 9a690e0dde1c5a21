"""Times the bank at 1,000 and 10,000 generated patterns (pytest-benchmark).

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
from aqe.bench.bank.paired_rounds import measure_in_turns
from aqe.bench.latency.latency_operations import DEPTH, FILTERS
from aqe.bench.latency.latency_rows import FilterName
from aqe.bench.latency.latency_yardsticks import PlainHybrid
from aqe.bench.workload.generated_encoder import GeneratedEncoder, fill_bank
from aqe.bench.workload.generated_patterns import SEED, GeneratedQuery, PatternGenerator
from aqe.bench.workload.ranking_legs import RankingLegs

QUERIES = 2_000
ROUNDS = 200
STORED = 100


@dataclass(frozen=True, slots=True)
class Stage:
    """The same patterns in a bank and in plain tables, and queries that do not repeat."""

    patterns: int
    bank: QEReasoningBank
    legs: RankingLegs
    plain: PlainHybrid
    generator: PatternGenerator
    encoder: GeneratedEncoder
    queries: Iterator[GeneratedQuery]

    @property
    def ending(self) -> str:
        """The suffix of the labels of this size."""
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
        """Times both systems on the same queries in turns."""
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
    """Yields the two systems, filled with generated patterns."""
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
            RankingLegs(bank),
            plain,
            generator,
            encoder,
            itertools.cycle(queries),
        )
        plain.close()


@pytest.mark.parametrize("name", FILTERS)
def test_lookup(benchmark: BenchmarkFixture, stage: Stage, name: FilterName) -> None:
    """Times a look-up with each filter."""
    stage.measure(
        benchmark,
        f"look-up, filter {name}",
        lambda query: stage.bank.search(query.text, criteria=FILTERS[name]),
        lambda query: stage.plain.search(query.text, query.embedding, FILTERS[name]),
        compared_to=f"plain look-up, filter {name}",
    )


def test_hit(benchmark: BenchmarkFixture, stage: Stage) -> None:
    """Times a look-up that the cache answers."""
    query = next(stage.queries)
    stage.bank.search(query.text)
    benchmark(lambda: stage.bank.search(query.text))
    benchmark.extra_info |= {
        "label": "look-up, cached" + stage.ending,
        "compared_to": "plain look-up, filter none" + stage.ending,
    }


def test_vector(benchmark: BenchmarkFixture, stage: Stage) -> None:
    """Times the vector leg alone."""
    stage.measure(
        benchmark,
        "vector leg",
        lambda query: stage.legs.vector(query.embedding, DEPTH, FILTERS["none"]),
        lambda query: stage.plain.vector(query.embedding, FILTERS["none"]),
        compared_to="plain vec0",
    )


def test_text(benchmark: BenchmarkFixture, stage: Stage) -> None:
    """Times the text leg alone."""
    stage.measure(
        benchmark,
        "text leg",
        lambda query: stage.legs.text(query.text, DEPTH, FILTERS["none"]),
        lambda query: stage.plain.text(query.text),
        compared_to="plain FTS5",
    )


def test_store(benchmark: BenchmarkFixture, stage: Stage) -> None:
    """Times one durable store of a new pattern."""
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
