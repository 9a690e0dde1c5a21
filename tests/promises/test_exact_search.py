"""Promise 10: a search returns what a scan of all vectors would, under every filter."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternSearchCriteria, TestPattern

SEED = 20260926
WORDS = [f"word{number}" for number in range(200)]
PROJECTS = ("shop", "zoo", "a project with a long name", "")
FACETS = {
    "python": ("pytest", "unittest"),
    "javascript": ("jest", "mocha"),
    "typescript": ("vitest", "playwright"),
}


def make(number: int, rng: random.Random) -> TestPattern:
    language = rng.choice(list(FACETS))
    return TestPattern(
        id=f"p{number:05d}",
        name=f"test_{number}",
        category=rng.choice(["unit", "integration", "e2e"]),
        framework=rng.choice(FACETS[language]),
        language=language,
        template=" ".join(rng.choices(WORDS, k=8)),
        tags=["rare"] if number % 500 == 0 else [rng.choice(["a", "b"])],
        confidence=round(rng.random(), 2),
        project=rng.choice(PROJECTS),
    )


def criteria(rng: random.Random) -> PatternSearchCriteria:
    fields: dict[str, object] = {}
    if rng.random() < 0.5:
        fields["language"] = rng.choice(list(FACETS))
    if rng.random() < 0.3:
        fields["framework"] = rng.choice([name for pair in FACETS.values() for name in pair])
    if rng.random() < 0.3:
        fields["category"] = rng.choice(["unit", "integration", "e2e"])
    if rng.random() < 0.3:
        fields["tags"] = [rng.choice(["a", "b", "rare", "none"])]
    if rng.random() < 0.3:
        fields["min_confidence"] = round(rng.random(), 2)
    if rng.random() < 0.3:
        fields["min_quality"] = round(rng.random() * 0.8, 2)
    if rng.random() < 0.3:
        fields["project"] = rng.choice(PROJECTS)
    return PatternSearchCriteria(**fields)  # type: ignore[arg-type]


def meets(pattern: TestPattern, wanted: PatternSearchCriteria) -> bool:
    return (
        wanted.language in (None, pattern.language)
        and wanted.framework in (None, pattern.framework)
        and wanted.category in (None, pattern.category)
        and wanted.project in ("", pattern.project)
        and set(wanted.tags) <= set(pattern.tags)
        and pattern.confidence >= wanted.min_confidence
        and pattern.quality >= wanted.min_quality
    )


@pytest.mark.parametrize(
    ("rows", "queries"), [(1_000, 100), pytest.param(5_000, 1_000, marks=pytest.mark.slow)]
)
def test_exact_search(rows: int, queries: int, path: Path, promise: Callable[..., None]) -> None:
    rng = random.Random(SEED)
    encoder = HashingEncoder(64)
    with QEReasoningBank(path, encoder=encoder, durability="normal") as bank:
        bank.store_patterns(make(number, rng) for number in range(rows))
        patterns = bank.list_patterns(order="created", limit=None)
        with bank.backend.reading() as session:
            vectors = {}
            for stored in session.get_many([pattern.id for pattern in patterns]):
                vector = session.embedding(stored.key)
                assert vector is not None
                vectors[stored.pattern.id] = vector
        wrong = filtered = 0
        for _ in range(queries):
            wanted, text = criteria(rng), " ".join(rng.choices(WORDS, k=4))
            k = rng.choice([1, 10, 50])
            found = bank.search(text, criteria=wanted, limit=k, mode="vector", group=False)
            right = {pattern.id for pattern in patterns if meets(pattern, wanted)}
            filtered += len(right) < rows
            query = encoder.encode_query(text)
            cosines = {id: float(np.dot(vectors[id], query)) for id in right}
            best = sorted(cosines.values(), reverse=True)[:k]
            got = [cosines.get(match.pattern.id, -9.0) for match in found]
            wrong += len(got) != len(best) or not np.allclose(got, best, atol=1e-5)
        rare = bank.search("word1", criteria=PatternSearchCriteria(tags=["rare"]), limit=100)
        assert len(rare) == -(-rows // 500)
        for limit in (0, -1, 4097):
            with pytest.raises(ValueError, match="limit must be from 1 to 4096"):
                bank.search("word1", limit=limit)
        assert len(bank.search("word1", limit=4096, group=False, mode="vector")) == min(rows, 4096)
    promise(
        10,
        f"{queries - wrong} of {queries:,} queries over {rows:,} rows ({filtered:,} filtered) as"
        f" numpy has them; a filter that {len(rare)} rows meet returns {len(rare)}; limits 0, -1"
        " and 4097 refused, 4096 served",
        seed=SEED,
    )
    assert wrong == 0
