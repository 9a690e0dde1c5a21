"""Every backend keeps patterns as the protocol promises: inserted, updated, selected, deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aqe.retrieval import Change, PatternBackend, SortKey
from aqe.retrieval.storage.use_summary import AgentCount
from aqe.schema import PatternSearchCriteria, TestPattern

from .bank_content import (
    ANYTHING,
    MALLORY,
    change,
    content_of,
    ids_in,
    names,
    put,
    stored_in,
    use,
)
from .memory_backend import MemoryPatternBackend

Make = Callable[..., TestPattern]
ROUND_TRIPS = ("name", "description", "template", "examples", "tags", "confidence", "source")


def test_memory_backend_is_a_pattern_backend() -> None:
    backend: PatternBackend = MemoryPatternBackend()
    assert backend.label


# -- one pattern ---------------------------------------------------------------------------------


def test_insert_keeps_every_field(backend: PatternBackend, pattern: Make) -> None:
    given = pattern(
        "Ünïcode \U0001f600",
        id="a/b:1",
        examples=["x = 1\0", "y"],
        tags=["B", "a", "A"],
        confidence=0.25,
        source="x.py:1",
        version=3,
    )
    put(backend, given, author=MALLORY)
    stored = stored_in(backend, "a/b:1")
    for name in (*ROUND_TRIPS, "version", "created_at", "updated_at", "usage_count"):
        assert getattr(stored.pattern, name) == getattr(given, name), name
    assert (stored.pattern.quality, stored.base_quality) == (0.5, 0.5)
    assert (stored.content_hash, stored.provenance) == (content_of(given).content_hash, MALLORY)
    assert (stored.success_count, stored.evidence, stored.trust) == (0, 0.0, "unproven")


def test_insert_counts_no_use_that_a_pattern_claims(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a", usage_count=2**53, success_rate=1.0))
    stored = stored_in(backend, "a")
    assert (stored.success_count, stored.pattern.usage_count, stored.evidence) == (0, 0, 0.4)
    with backend.reading() as session:
        assert (session.agent_counts(stored.key), session.uses("a", 10)) == ([], [])


def test_insert_names_a_near_duplicate(backend: PatternBackend, pattern: Make) -> None:
    code = "def test_sum():\n    total = add(1, 2)\n    assert total == 3\n"
    other = "async def test_get():\n    response = await client.get('/')\n    assert response.ok\n"
    with backend.writing() as session:
        first = session.insert(content_of(pattern("a", id="a", template=code)))
        second = session.insert(content_of(pattern("b", id="b", template=other)))
        third = session.insert(content_of(pattern("c", id="c", template=code)))
    assert [each.near_duplicate_of for each in (first, second, third)] == [None, None, "a"]
    assert first.key < second.key < third.key


def test_update_replaces_the_content(backend: PatternBackend, pattern: Make) -> None:
    before = pattern(id="a", source="a.py:1", tags=["old"])
    put(backend, before, author=MALLORY)
    key = stored_in(backend, "a").key
    new = pattern(
        "renamed",
        id="a",
        category="e2e",
        framework="jest",
        language="javascript",
        template="it('works')",
        examples=["it('is')"],
        tags=["new"],
        confidence=0.9,
        created_at=before.created_at + timedelta(days=1),
        version=99,
    )
    change(backend, "a", new)
    stored = stored_in(backend, "a")
    for name in (*ROUND_TRIPS, "category", "framework", "language"):
        assert getattr(stored.pattern, name) == getattr(new, name), name
    assert (stored.key, stored.pattern.version) == (key, 2)
    assert stored.pattern.created_at == before.created_at
    assert stored.pattern.updated_at > before.updated_at
    assert (stored.provenance, stored.content_hash) == (
        content_of(new).provenance,
        content_of(new).content_hash,
    )


def test_update_keeps_the_uses_for_the_content_they_are_of(
    backend: PatternBackend, pattern: Make
) -> None:
    first = pattern(id="a")
    put(backend, first)
    for agent, success in (("bob", True), ("ann", False)):
        use(backend, "a", agent, success=success)
    before = stored_in(backend, "a")
    counted = [AgentCount("ann", 0, 1), AgentCount("bob", 1, 1)]
    change(backend, "a", pattern(id="a", template="changed()"))
    stored = stored_in(backend, "a")
    assert (stored.success_count, stored.pattern.usage_count, stored.evidence) == (0, 0, 0.4)
    with backend.reading() as session:
        assert session.agent_counts(stored.key) == []
        assert session.agent_counts(stored.key, before.content_hash) == counted
        assert {each.content_hash for each in session.uses("a", 10)} == {before.content_hash}
    change(backend, "a", first)
    stored = stored_in(backend, "a")
    assert (stored.success_count, stored.pattern.usage_count) == (1, 2)
    assert stored.evidence == before.evidence
    with backend.reading() as session:
        assert session.agent_counts(stored.key) == counted


def test_update_without_an_embedding_keeps_the_one_there(
    backend: PatternBackend, pattern: Make
) -> None:
    put(backend, pattern(id="a"))
    change(backend, "a", pattern(id="a", tags=["new"]), embedding=None, text_hash="not written")
    with backend.reading() as session:
        embedding = session.embedding(session.get_many(["a"])[0].key)
        assert embedding is not None
        assert np.array_equal(embedding, content_of(pattern(id="a")).embedding)  # type: ignore[arg-type]
        assert session.embedded_hashes(["a"]) == {"a": content_of(pattern(id="a")).text_hash}


def test_update_in_one_session_is_seen_by_the_next_read_of_it(
    backend: PatternBackend, pattern: Make
) -> None:
    with backend.writing() as session:
        session.insert(content_of(pattern(id="a")))
        for number in (1, 2):
            (stored,) = session.get_many(["a"])
            content = content_of(pattern(id="a", template=f"n = {number}"))
            session.update(stored, content, Change())
    assert stored_in(backend, "a").pattern.template == "n = 2"
    assert stored_in(backend, "a").pattern.version == 3


def test_set_place_is_no_change_of_content(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a", source="a.py:1"))
    before = stored_in(backend, "a")
    with backend.writing() as session:
        session.set_place(before.key, source="b.py:7", project="p")
    expected = replace(before, pattern=replace(before.pattern, source="b.py:7", project="p"))
    assert stored_in(backend, "a") == expected


def test_get_many_is_by_age_each_once(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(id=id) for id in "cab"])
    with backend.reading() as session:
        assert names(session.get_many(["a", "b", "unknown", "c", "a"])) == ["c", "a", "b"]
        assert session.get_many([]) == []


def test_patterns_of_leaves_out_unknown_keys(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), pattern(id="b"))
    stored = [stored_in(backend, id) for id in "ab"]
    keys = [each.key for each in stored]
    with backend.reading() as session:
        found = session.patterns_of([*reversed(keys), max(keys) + 100])
    assert found == {each.key: each.pattern for each in stored}


# -- delete --------------------------------------------------------------------------------------


def test_delete_removes_all_that_belongs_to_a_pattern(
    backend: PatternBackend, pattern: Make
) -> None:
    put(backend, *[pattern(id=id, tags=["t"]) for id in "abc"])
    use(backend, "a", "bob")
    change(backend, "a", pattern(id="a", template="changed()"))
    key = stored_in(backend, "a").key
    with backend.writing() as session:
        assert session.delete(["a", "unknown", "a", "c"]) == 2
    with backend.reading() as session:
        assert (session.get_many(["a"]), session.uses("a", 10)) == ([], [])
        assert (session.versions("a"), session.agent_counts(key)) == ([], [])
        assert (session.embedding(key), session.embedded_hashes(["a"])) == (None, {})
        assert (session.used_by("bob"), session.statistics().versions) == ([], 0)
        assert names(session.select(ANYTHING, order="quality", any_tag=["t"])) == ["b"]
    assert ids_in(backend) == ["b"]
    assert backend.check() == []


def test_delete_then_insert_begins_afresh(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), pattern(id="b"))
    use(backend, "b", "bob")
    with backend.writing() as session:
        assert session.delete(["b"]) == 1
        session.insert(content_of(pattern(id="b")))
    stored = stored_in(backend, "b")
    with backend.reading() as session:
        assert (session.agent_counts(stored.key), session.uses("b", 9)) == ([], [])
    assert (stored.pattern.usage_count, ids_in(backend)) == (0, ["a", "b"])


def test_delete_of_nothing_deletes_nothing(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"))
    with backend.writing() as session:
        assert session.delete([]) == 0
        assert session.delete(id for id in ("x", "y")) == 0
    assert ids_in(backend) == ["a"]


# -- select --------------------------------------------------------------------------------------


@pytest.fixture
def ranked(backend: PatternBackend, pattern: Make) -> PatternBackend:
    """Four patterns that each order puts in another place, d and c equal in all."""
    first = pattern().created_at
    with backend.writing() as session:
        for id, quality, minutes in (("d", 0.5, 2), ("c", 0.5, 2), ("b", 0.9, 1), ("a", 0.1, 3)):
            created = first + timedelta(minutes=minutes)
            given = pattern(id=id, created_at=created, confidence=quality)
            session.insert(content_of(given, base_quality=quality))
    for id, success in (("a", True), ("a", True), ("b", False)):
        use(backend, id, "bob", success=success)
    return backend


@pytest.mark.parametrize(
    ("order", "expected"),
    [("evidence", "acdb"), ("quality", "bcda"), ("usage", "abcd"), ("created", "acdb")],
)
def test_select_orders(ranked: PatternBackend, order: SortKey, expected: str) -> None:
    with ranked.reading() as session:
        assert names(session.select(ANYTHING, order=order)) == list(expected)
        assert names(session.select(ANYTHING, order=order, limit=2)) == list(expected[:2])
        assert names(session.select(ANYTHING, order=order, limit=99)) == list(expected)


def test_select_by_evidence_breaks_ties_by_quality(backend: PatternBackend, pattern: Make) -> None:
    with backend.writing() as session:
        for id, quality in (("a", 0.1), ("c", 0.7), ("b", 0.7)):
            session.insert(content_of(pattern(id=id), base_quality=quality))
    with backend.reading() as session:
        assert names(session.select(ANYTHING, order="evidence")) == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, "abcd"),
        ({"category": "e2e"}, "b"),
        ({"framework": "jest"}, "c"),
        ({"language": "javascript"}, "c"),
        ({"tags": ["LOGIN"]}, "ad"),
        ({"tags": ["login", "Slow"]}, "d"),
        ({"tags": ["log"]}, ""),
        ({"min_confidence": 0.5}, "abc"),
        ({"min_quality": 0.5}, "abcd"),
        ({"min_quality": 0.500001}, ""),
        ({"category": "unit", "min_confidence": 0.5, "query": "ignored"}, "ac"),
    ],
)
def test_select_and_iterate_meet_all_criteria(
    backend: PatternBackend, pattern: Make, criteria: dict[str, object], expected: str
) -> None:
    put(
        backend,
        pattern(id="a", tags=["Login"]),
        pattern(id="b", category="e2e"),
        pattern(id="c", framework="jest", language="javascript"),
        pattern(id="d", tags=["slow", "login"], confidence=0.25),
    )
    wanted = PatternSearchCriteria(**criteria)  # type: ignore[arg-type]
    with backend.reading(whole=True) as session:
        assert names(session.select(wanted, order="quality")) == list(expected)
        assert [pattern.id for pattern in session.iterate(wanted)] == list(expected)


def test_select_with_any_tag_counts_distinct_tags(backend: PatternBackend, pattern: Make) -> None:
    tags: dict[str, list[str]] = {"a": ["x", "X"], "b": ["x", "y"], "c": ["z"], "d": ["Y", "x"]}
    put(backend, *[pattern(id=id, tags=own) for id, own in tags.items()])
    jest = PatternSearchCriteria(framework="jest")
    with backend.reading() as session:
        found = session.select(ANYTHING, order="quality", any_tag=["X", "y", "Y", "no"])
        assert names(found) == ["b", "d", "a"]
        assert names(session.select(ANYTHING, order="quality", limit=1, any_tag=["x"])) == ["a"]
        assert session.select(ANYTHING, order="quality", any_tag=[]) == []
        assert session.select(jest, order="quality", any_tag=["x"]) == []


def test_iterate_is_by_age(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(id=id) for id in "cab"])
    change(backend, "c", pattern(id="c", template="changed()"))
    assert ids_in(backend) == ["c", "a", "b"]


def test_ids_with_prefix_are_in_order(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(id=id) for id in ("b1", "a_x", "ab", "a", "A")])
    with backend.reading() as session:
        assert session.ids_with_prefix("a") == ["a", "a_x", "ab"]
        assert session.ids_with_prefix("a_") == ["a_x"]
        assert session.ids_with_prefix("", 2) == ["A", "a"]
        assert session.ids_with_prefix("") == ["A", "a", "a_x", "ab", "b1"]
        assert session.ids_with_prefix("c") == []


# -- bad embeddings ------------------------------------------------------------------------------

BAD: dict[str, Any] = {
    "short": np.ones(63, np.float32),
    "long": np.ones(65, np.float32),
    "matrix": np.ones((1, 64), np.float32),
    "float64": np.ones(64),
    "zero": np.zeros(64, np.float32),
    "NaN": np.full(64, np.nan, np.float32),
    "infinite": np.full(64, np.inf, np.float32),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_embedding_changes_nothing(backend: PatternBackend, pattern: Make, kind: str) -> None:
    put(backend, pattern(id="a"))
    before = stored_in(backend, "a")
    bad = replace(content_of(pattern(id="b")), embedding=BAD[kind])
    with pytest.raises(ValueError, match="embedding must be"), backend.writing() as session:
        session.insert(bad)
    with pytest.raises(ValueError, match="embedding must be"), backend.writing() as session:
        session.update(before, bad, Change())
    assert (ids_in(backend), stored_in(backend, "a"), backend.check()) == (["a"], before, [])
