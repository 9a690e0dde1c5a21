"""Every backend finds the candidates of a query: exact filters, enough depth, both legs scored."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aqe.models import QueryEmbedding
from aqe.retrieval import PatternBackend, SearchMode
from aqe.retrieval.storage.storage_values import SearchQuery
from aqe.retrieval.text.minhash import signature
from aqe.retrieval.text.pattern_text import body_of
from aqe.retrieval.text.tokens import words_in
from aqe.schema import PatternSearchCriteria, TestPattern

from .bank_content import (
    ANYTHING,
    ENCODER,
    IDENTITY,
    MALLORY,
    change,
    content_of,
    ids_in,
    ids_of,
    look,
    put,
    query_of,
    scores_of,
    stored_in,
)
from .conftest import Connect

Make = Callable[..., TestPattern]
MODES: tuple[SearchMode, ...] = ("hybrid", "vector", "text")
ZEBRA = {"description": "", "template": "zebra()"}


@pytest.fixture
def animals(backend: PatternBackend, pattern: Make) -> PatternBackend:
    """A bank in which the word zebra is in z1 and z2, lion in l1."""
    put(
        backend,
        pattern("stripes", id="z1", description="", template="zebra(1)"),
        pattern("zebra", id="z2", description="", template="zebra(zebra, zebra)"),
        pattern("mane", id="l1", description="", template="lion(roar)"),
    )
    return backend


# -- the modes -----------------------------------------------------------------------------------


def test_a_text_search_scores_words_alone(animals: PatternBackend) -> None:
    found = look(animals, "zebra", "text")
    assert ids_of(found) == ["z1", "z2"]
    assert scores_of(found)["z2"] > scores_of(found)["z1"] > 0
    assert (list(found.keys), found.vectors) == ([], None)


def test_a_vector_search_scores_no_words(animals: PatternBackend) -> None:
    found = look(animals, "zebra", "vector")
    assert ids_of(found) == ["z1", "z2", "l1"]
    assert found.bm25 == {}
    assert found.vectors is not None
    assert found.vectors.shape == (3, 64)


def test_a_hybrid_search_scores_both(animals: PatternBackend) -> None:
    found = look(animals, "zebra")
    assert ids_of(found) == ["z1", "z2", "l1"]
    assert set(scores_of(found)) == {"z1", "z2"}
    assert len(found.keys) == 3


def test_without_an_embedding_a_hybrid_search_goes_by_words(animals: PatternBackend) -> None:
    with animals.reading() as session:
        query = SearchQuery("zebra", ("zebra",))
        found = session.candidates(query, ANYTHING, depth=10)
    assert ids_of(found) == ["z1", "z2"]
    assert scores_of(found) == scores_of(look(animals, "zebra", "text"))
    assert found.vectors is None


def test_without_terms_a_hybrid_search_goes_by_meaning(animals: PatternBackend) -> None:
    with animals.reading() as session:
        query = SearchQuery("", (), query_of("zebra").embedding)
        found = session.candidates(query, ANYTHING, depth=10)
    assert (len(found.facts), found.bm25) == (3, {})


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_bank_has_no_candidates(backend: PatternBackend, mode: SearchMode) -> None:
    found = look(backend, "zebra", mode)
    assert (dict(found.facts), dict(found.bm25), list(found.keys)) == ({}, {}, [])
    assert found.is_all


@pytest.mark.parametrize("text", ["fetch http user", "fetchHTTPUser", "FETCH", "fetch_http_user"])
def test_identifiers_are_found_whole_and_by_their_parts(
    backend: PatternBackend, pattern: Make, text: str
) -> None:
    put(backend, pattern("x", id="a", description="", template="client.fetchHTTPUser(1)"))
    put(backend, pattern("y", id="b", description="", template="nothing = 2"))
    assert ids_of(look(backend, text, "text")) == ["a"]


@pytest.mark.parametrize("field", ["name", "description", "tags", "template", "examples"])
def test_words_of_every_field_are_found(backend: PatternBackend, pattern: Make, field: str) -> None:
    value: object = ["zebra"] if field in ("tags", "examples") else "zebra"
    put(backend, pattern(id="a", **{field: value}), pattern("other", id="b"))
    assert ids_of(look(backend, "zebra", "text")) == ["a"]


def test_words_and_vectors_follow_an_update(animals: PatternBackend, pattern: Make) -> None:
    change(animals, "z1", pattern("stripes", id="z1", description="", template="lion(1)"))
    assert ids_of(look(animals, "zebra", "text")) == ["z2"]
    assert ids_of(look(animals, "lion", "text")) == ["z1", "l1"]
    assert ids_of(look(animals, "stripes lion 1", "vector", depth=1)) == ["z1"]


@pytest.mark.parametrize("mode", ["hybrid", "text"])
def test_a_word_is_found_as_soon_as_a_pattern_holds_it(
    animals: PatternBackend, pattern: Make, mode: SearchMode
) -> None:
    put(animals, *[pattern(f"filler {number}", id=f"f{number}") for number in range(30)])
    assert scores_of(look(animals, "zebra walrus", mode)).keys() == {"z1", "z2"}
    change(animals, "l1", pattern("mane", id="l1", description="", template="walrus(roar)"))
    found = look(animals, "zebra walrus", mode)
    assert scores_of(found).keys() == {"z1", "z2", "l1"}


def test_deleted_patterns_are_no_candidates(animals: PatternBackend) -> None:
    look(animals, "zebra")
    with animals.writing() as session:
        session.delete(["z1", "l1"])
    for mode in MODES:
        assert ids_of(look(animals, "zebra lion", mode)) == ["z2"]


def test_a_writing_session_finds_what_it_wrote(animals: PatternBackend, pattern: Make) -> None:
    with animals.writing() as session:
        session.insert(content_of(pattern("new", id="n", description="", template="zebra(2)")))
        for mode in MODES:
            found = session.candidates(query_of("zebra", mode), ANYTHING, depth=9)
            assert "n" in ids_of(found), mode


# -- what is returned ----------------------------------------------------------------------------


def test_facts_are_those_of_the_pattern(backend: PatternBackend, pattern: Make) -> None:
    given = pattern("zebra", id="a", category="e2e", tags=["red", "Two words"], **ZEBRA)
    put(backend, given, author=MALLORY)
    found = look(backend, "zebra")
    ((key, fact),) = found.facts.items()
    assert (fact.key, fact.id, fact.name, fact.trust) == (key, "a", "zebra", "unproven")
    assert (fact.category, fact.framework, fact.language) == ("e2e", "pytest", "python")
    assert words_in(fact.tags, ["red", "two", "words", "blue"]) == {"red", "two", "words"}
    assert (fact.quality, fact.evidence) == (0.5, 0.0)
    assert fact.signature == signature(body_of(given))
    assert key == stored_in(backend, "a").key


def test_vectors_are_of_unit_length_and_in_the_order_of_keys(
    backend: PatternBackend, pattern: Make
) -> None:
    with backend.writing() as session:
        for id, scale in (("a", 1.0), ("b", 5.0), ("c", 0.01)):
            content = content_of(pattern(f"zebra {id}", id=id, **ZEBRA))
            assert content.embedding is not None
            scaled = content.embedding * np.float32(scale)
            session.insert(replace(content, embedding=scaled))
    for _ in range(3):  # a backend may answer the first searches in another way
        found = look(backend, "zebra")
        assert found.vectors is not None
        assert sorted(found.keys) == sorted(found.facts)
        for key, vector in zip(found.keys, found.vectors, strict=True):
            expected = content_of(pattern(f"zebra {found.facts[key].id}", **ZEBRA)).embedding
            assert vector == pytest.approx(expected, abs=1e-6)


def test_what_one_leg_found_is_scored_by_the_other(backend: PatternBackend, pattern: Make) -> None:
    # By meaning b is nearest, by words a is best: at depth 1 each leg finds another.
    query = SearchQuery("zebra", ("zebra",), query_of("exactly this").embedding)
    put(
        backend,
        pattern("a", id="a", description="", template="zebra zebra zebra"),
        pattern("exactly this", id="b", description="", template="exactly this, zebra is here"),
        pattern("zebra c", id="c", description="", template="far away from it all"),
    )
    for _ in range(3):
        with backend.reading() as session:
            found = session.candidates(query, ANYTHING, depth=1)
        assert ids_of(found) == ["a", "b"]
        assert set(scores_of(found)) == {"a", "b"}
        assert len(found.keys) == 2
        assert not found.is_all


@pytest.mark.parametrize("mode", MODES)
def test_is_all_says_whether_more_could_be_found(
    backend: PatternBackend, pattern: Make, mode: SearchMode
) -> None:
    put(backend, *[pattern(f"zebra {number}", id=f"p{number}") for number in range(6)])
    few = look(backend, "zebra", mode, depth=3)
    assert (len(few.facts) >= 3, few.is_all) == (True, False)
    every = look(backend, "zebra", mode, depth=7)
    assert (len(every.facts), every.is_all) == (6, True)


def test_a_text_search_finds_as_many_as_are_wanted(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(f"zebra {number}", id=f"p{number}") for number in range(40)])
    assert len(look(backend, "zebra unknown 7", "text", depth=30).facts) == 30
    assert len(look(backend, "zebra unknown 7", "text", depth=50).facts) == 40


@pytest.mark.parametrize("mode", MODES)
def test_ties_at_the_cut_are_broken_by_age(
    backend: PatternBackend, pattern: Make, mode: SearchMode
) -> None:
    put(backend, *[pattern("same zebra", id=id) for id in "edcba"])
    for _ in range(3):
        assert ids_of(look(backend, "zebra", mode, depth=3)) == ["e", "d", "c"]


# -- filters and depth ---------------------------------------------------------------------------

FILTERS: dict[str, dict[str, Any]] = {
    "framework": {"framework": "jest"},
    "language": {"language": "typescript"},
    "category": {"category": "e2e"},
    "tag": {"tags": ["RARE"]},
    "both tags": {"tags": ["rare", "common"]},
    "quality": {"min_quality": 0.75},
    "confidence": {"min_confidence": 0.75},
    "several": {"framework": "pytest", "category": "e2e", "min_quality": 0.5, "tags": ["common"]},
    "nothing passes": {"framework": "cypress"},
}


def _meets(pattern: TestPattern, criteria: PatternSearchCriteria) -> bool:
    facets = ("framework", "language", "category")
    tags = {tag.casefold() for tag in pattern.tags}
    return (
        all(getattr(criteria, name) in (None, getattr(pattern, name)) for name in facets)
        and {tag.casefold() for tag in criteria.tags} <= tags
        and pattern.quality >= criteria.min_quality
        and pattern.confidence >= criteria.min_confidence
    )


def is_approximate(backend: PatternBackend) -> bool:
    """Returns whether vectors are searched in an index outside the rows, which may miss some."""
    return backend.vector_statistics().file_vectors > 0


@pytest.fixture
def mixed(backend: PatternBackend, pattern: Make) -> PatternBackend:
    """120 patterns about zebras; the seed is fixed."""
    rng = random.Random(11)
    with backend.writing() as session:
        for number in range(120):
            given = pattern(
                f"zebra {number}",
                id=f"p{number}",
                description="",
                template=" ".join(f"w{rng.randrange(10**6)}" for _ in range(8)),
                framework=rng.choice(["pytest", "unittest", "jest"]),
                language=rng.choice(["python", "javascript", "typescript"]),
                category=rng.choice(["unit", "e2e"]),
                tags=rng.choice([["common"], ["common", "Rare"], []]),
                confidence=rng.choice([0.25, 0.75, 1.0]),
            )
            session.insert(content_of(given, base_quality=rng.choice([0.25, 0.5, 0.75])))
    backend.tidy()
    return backend


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_exact(mixed: PatternBackend, name: str) -> None:
    criteria = PatternSearchCriteria(**FILTERS[name])
    with mixed.reading() as session:
        every = [pattern for pattern in session.iterate(ANYTHING) if _meets(pattern, criteria)]
    for mode in (*MODES, *MODES):
        found = look(mixed, "zebra", mode, criteria=criteria, depth=121)
        missing = {pattern.id for pattern in every} - set(ids_of(found))
        assert set(ids_of(found)) <= {pattern.id for pattern in every}
        assert len(missing) <= (is_approximate(mixed) and mode == "vector") * len(every) / 4, mode
        assert found.is_all


def test_filters_are_applied_before_the_cut(mixed: PatternBackend) -> None:
    criteria = PatternSearchCriteria(framework="jest", tags=["rare"])
    scores = scores_of(look(mixed, "zebra 17", "text", depth=121))
    with mixed.reading() as session:
        allowed = [pattern.id for pattern in session.iterate(criteria)]
    best = sorted(allowed, key=lambda id: -scores[id])[:5]
    assert len(allowed) > 5
    for mode in (*MODES, *MODES):
        found = ids_of(look(mixed, "zebra 17", mode, criteria=criteria, depth=5))
        assert 5 <= len(found) <= 10
        assert set(found) <= set(allowed), mode
        if mode == "text":
            assert min(scores[id] for id in found) == scores[best[-1]]


def test_the_vector_leg_finds_the_nearest(mixed: PatternBackend) -> None:
    ids = ids_in(mixed)
    with mixed.reading() as session:
        rows = [session.embedding(stored.key) for stored in session.get_many(ids)]
    cosines = np.array(rows) @ ENCODER.encode_query("zebra 123")
    nearest = {ids[place] for place in np.argsort(-cosines, kind="stable")[:10]}
    for _ in range(3):
        found = set(ids_of(look(mixed, "zebra 123", "vector", depth=10)))
        assert len(found & nearest) >= 10 - 3 * is_approximate(mixed)


@pytest.mark.parametrize("mode", MODES)
def test_unproven_patterns_do_not_push_out_trusted_ones(
    backend: PatternBackend, pattern: Make, mode: SearchMode
) -> None:
    put(backend, *[pattern(f"zebra of a person {n}", id=f"good{n}") for n in range(3)])
    evil = [pattern("zebra", id=f"evil{n}", **ZEBRA) for n in range(50)]
    put(backend, *evil, author=MALLORY)
    for _ in range(3):
        found = look(backend, "zebra", mode, depth=3)
        assert {"good0", "good1", "good2"} <= set(ids_of(found))
        assert any(fact.trust == "unproven" for fact in found.facts.values())


BAD: dict[str, Any] = {
    "short": np.ones(63, np.float32),
    "float64": np.ones(64),
    "zero": np.zeros(64, np.float32),
    "NaN": np.full(64, np.nan, np.float32),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_query_embedding_is_refused(animals: PatternBackend, kind: str) -> None:
    vector = BAD[kind]
    query = SearchQuery("zebra", ("zebra",), QueryEmbedding.without_pieces(vector))
    with pytest.raises(ValueError, match="embedding must be"), animals.reading() as session:
        session.candidates(query, ANYTHING, depth=5)


@pytest.mark.parametrize("mode", MODES)
def test_another_connection_finds_the_same(
    animals: PatternBackend, connect: Connect, mode: SearchMode
) -> None:
    other = connect()
    other.open(IDENTITY)
    mine, others = look(animals, "zebra", mode), look(other, "zebra", mode)
    assert ids_of(mine) == ids_of(others)
    assert scores_of(mine) == pytest.approx(scores_of(others))
