"""Generated patterns, their vectors and queries: repeatable, and like real ones."""

from __future__ import annotations

import numpy as np
import pytest

from aqe.bench.workload.generated_encoder import GeneratedEncoder
from aqe.bench.workload.generated_patterns import PatternGenerator
from aqe.retrieval.text.pattern_text import embedded_text


def test_generator_is_the_same_for_a_seed() -> None:
    first, second = PatternGenerator(30, seed=5), PatternGenerator(30, seed=5)
    assert [p.template for p in first.patterns()] == [p.template for p in second.patterns()]
    assert np.array_equal(first.vectors, second.vectors)
    assert [q.text for q in first.queries(5)] == [q.text for q in second.queries(5)]
    assert not np.array_equal(first.vectors, PatternGenerator(30, seed=6).vectors)


def test_generator_makes_unit_vectors_and_queries_near_a_pattern() -> None:
    generator = PatternGenerator(500)
    assert np.allclose(np.linalg.norm(generator.vectors, axis=1), 1, atol=1e-5)
    best = [float((generator.vectors @ query.embedding).max()) for query in generator.queries(50)]
    assert 0.5 < np.mean(best) < 0.75


def test_generated_encoder_returns_the_vectors_of_its_patterns() -> None:
    generator = PatternGenerator(10)
    queries = generator.queries(2)
    encoder = GeneratedEncoder(generator, queries)
    patterns = list(generator.patterns())
    encoder.expect(patterns, 0)
    texts = [embedded_text(pattern) for pattern in patterns]
    assert np.array_equal(encoder.encode(texts), generator.vectors)
    assert np.array_equal(encoder.encode_query(queries[1].text), queries[1].embedding)
    with pytest.raises(KeyError):
        encoder.encode(["never seen"])
