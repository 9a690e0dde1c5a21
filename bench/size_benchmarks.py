"""Speed of the bank at 1,000 and 10,000 generated patterns (pytest-benchmark).

The operations are those of ``aqe bench latency``, each beside plain vec0 + FTS5 on the same data
(``latency_yardsticks``) in the same run. The larger bank is marked slow.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqe import QEReasoningBank
from aqe.bench.latency import DEPTH, FILTERS, SEED
from aqe.bench.latency_rows import FilterName
from aqe.bench.latency_yardsticks import PlainHybrid
from aqe.bench.synthetic import GeneratedEncoder, GeneratedQuery, PatternGenerator, fill_bank
from aqe.retrieval.storage import PatternStore
from aqe.retrieval.words import query_terms

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

    def measure(
        self,
        benchmark: BenchmarkFixture,
        operation: str,
        call: Callable[[GeneratedQuery], Any],
        *,
        compared_to: str | None = None,
    ) -> None:
        """Times the call on one query after the other."""
        ending = f", {self.patterns:,} patterns"
        benchmark.extra_info["label"] = operation + ending
        benchmark.extra_info["compared_to"] = compared_to and compared_to + ending
        benchmark.pedantic(lambda: call(next(self.queries)), rounds=ROUNDS, warmup_rounds=5)


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
        compared_to=f"plain look-up, filter {name}",
    )


@pytest.mark.parametrize("name", FILTERS)
def test_plain_lookup(benchmark: BenchmarkFixture, stage: Stage, name: FilterName) -> None:
    stage.measure(
        benchmark,
        f"plain look-up, filter {name}",
        lambda query: stage.plain.search(query.text, query.embedding, FILTERS[name]),
    )


def test_hit(benchmark: BenchmarkFixture, stage: Stage) -> None:
    query = next(stage.queries)
    stage.bank.search(query.text)
    stage.measure(
        benchmark,
        "look-up, cached",
        lambda _: stage.bank.search(query.text),
        compared_to="plain look-up, filter none",
    )


def test_vector(benchmark: BenchmarkFixture, stage: Stage) -> None:
    def vector(query: GeneratedQuery) -> None:
        with stage.store.reading() as session:
            session.vectors.candidates(query.embedding, DEPTH, FILTERS["none"])

    stage.measure(benchmark, "vector leg", vector, compared_to="plain vec0")


def test_plain_vector(benchmark: BenchmarkFixture, stage: Stage) -> None:
    stage.measure(
        benchmark,
        "plain vec0",
        lambda query: stage.plain.vector(query.embedding, FILTERS["none"]),
    )


def test_text(benchmark: BenchmarkFixture, stage: Stage) -> None:
    def text(query: GeneratedQuery) -> None:
        with stage.store.reading() as session:
            session.text.candidates(query_terms(query.text), DEPTH, FILTERS["none"])

    stage.measure(benchmark, "text leg", text, compared_to="plain FTS5")


def test_plain_text(benchmark: BenchmarkFixture, stage: Stage) -> None:
    stage.measure(benchmark, "plain FTS5", lambda query: stage.plain.text(query.text))


def test_store(benchmark: BenchmarkFixture, stage: Stage) -> None:
    fresh = enumerate(itertools.cycle(itertools.islice(stage.generator.patterns(), STORED)))

    def store(_: GeneratedQuery) -> None:
        number, pattern = next(fresh)
        new = replace(pattern, id=f"new:{number}", name=f"{pattern.name} {number}")
        stage.encoder.expect([new], number % STORED)
        assert stage.bank.store_pattern(new).status == "created"

    stage.measure(benchmark, "store, durable", store, compared_to="plain store, durable")


def test_plain_store(benchmark: BenchmarkFixture, stage: Stage) -> None:
    fresh = enumerate(itertools.cycle(itertools.islice(stage.generator.patterns(), STORED)))

    def store(_: GeneratedQuery) -> None:
        number, pattern = next(fresh)
        stage.plain.add(pattern, stage.generator.vectors[number % STORED])

    stage.measure(benchmark, "plain store, durable", store)
