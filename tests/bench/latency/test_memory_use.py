"""The bank's own accounting agrees with what Python counts."""

from __future__ import annotations

import math

import pytest

from aqe.bench.latency.memory_use import measure_memory
from aqe.bench.workload.generated_encoder import GeneratedEncoder, fill_bank
from aqe.bench.workload.generated_patterns import PatternGenerator
from aqe.bench.workload.query_file import write_queries
from aqe.retrieval import QEReasoningBank

SEED = 20261123


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    folder = tmp_path_factory.mktemp("memory")
    generator = PatternGenerator(1_500, seed=SEED)
    encoder = GeneratedEncoder(generator)
    with QEReasoningBank(folder / "aqe.db", encoder=encoder, durability="normal") as bank:
        fill_bank(bank, generator, encoder)
    write_queries(folder / "queries.npz", generator.queries(300))
    return measure_memory(folder / "aqe.db", folder / "queries.npz")


def test_own_accounting_of_answers_and_vectors_agrees_with_tracemalloc(
    memory: dict[str, float],
) -> None:
    own = memory["own_answers_mb"] + memory["own_vectors_mb"]
    assert own == pytest.approx(memory["traced_mb"], rel=0.2), memory


def test_own_accounting_explains_the_growth_of_the_process(memory: dict[str, float]) -> None:
    if math.isnan(memory["resident_mb"]):
        pytest.skip("not Linux")
    # The rest are free lists and half-used pages of the allocator.
    assert memory["resident_mb"] < 1.5 * memory["own_mb"] + 10, memory
    assert memory["own_mb"] == pytest.approx(
        memory["own_answers_mb"] + memory["own_vectors_mb"] + memory["own_sqlite_mb"]
    )
    assert memory["own_answers_mb"] > 5  # 300 answers of ten patterns each


def test_vectors_of_a_small_bank_are_all_counted(memory: dict[str, float]) -> None:
    assert memory["own_vectors_mb"] >= 1_500 * 384 * 4 / 1e6
