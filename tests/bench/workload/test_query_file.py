"""Queries that other processes read, and the encoder that knows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aqe.bench.workload.generated_patterns import GeneratedQuery, PatternGenerator
from aqe.bench.workload.query_file import QueryEncoder, read_queries, write_queries


def test_queries_are_read_as_they_were_written(tmp_path: Path) -> None:
    queries = PatternGenerator(20).queries(3)
    write_queries(tmp_path / "queries.npz", queries)
    for before, after in zip(queries, read_queries(tmp_path / "queries.npz"), strict=True):
        assert before.text == after.text
        assert np.array_equal(before.embedding, after.embedding)


def test_query_encoder_knows_its_queries_and_embeds_other_texts() -> None:
    query = GeneratedQuery("some words", np.eye(1, 384, dtype=np.float32)[0])
    encoder = QueryEncoder([query])
    assert np.array_equal(encoder.encode_query("some words"), query.embedding)
    first, second = encoder.encode(["one text", "another"])
    assert np.array_equal(first, encoder.encode_query("one text"))
    assert abs(float(first @ first) - 1) < 1e-5
    assert abs(float(first @ second)) < 0.3


def test_query_encoder_lets_another_embed_for_its_time() -> None:
    class Counting(QueryEncoder):
        calls = 0

        def encode_query(self, text: str) -> np.ndarray:
            self.calls += 1
            return super().encode_query(text)

    timed = Counting([])
    QueryEncoder([], timed).encode_query("some words")
    assert timed.calls == 1
