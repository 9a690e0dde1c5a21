"""Every backend keeps projects, the places of tests and which of them are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aqe.retrieval import Change, PatternBackend, SearchMode
from aqe.retrieval.storage.storage_values import PatternPlace
from aqe.retrieval.storage.use_summary import use_summary
from aqe.schema import ContextPart, PatternSearchCriteria, Placeholder, Provenance, TestPattern

from .bank_content import ANYTHING, change, ids_of, look, names, put, query_of, stored_in, use

Make = Callable[..., TestPattern]
EXTRACTED = Provenance(origin="extracted")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HELPER = ContextPart(kind="helper", name="user", code="def user(): ...", origin="a.py:3")
LIMIT = Placeholder(name="limit", value="5", role="setting", places=[2])


def test_a_pattern_comes_back_with_project_context_and_placeholders(
    backend: PatternBackend, pattern: Make
) -> None:
    parts = {"project": "shop", "context": [HELPER], "placeholders": [LIMIT], "gone_since": NOON}
    put(backend, pattern(id="a", **parts))
    found = stored_in(backend, "a").pattern
    assert (found.project, found.gone_since) == ("shop", NOON)
    assert (found.context, found.placeholders) == ((HELPER,), (LIMIT,))


def test_an_update_without_a_project_keeps_it(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a", project="shop"))
    change(backend, "a", pattern(id="a", template="n = 2", context=[HELPER]))
    found = stored_in(backend, "a").pattern
    assert (found.project, found.context) == ("shop", (HELPER,))


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_a_project_filters_every_leg(
    backend: PatternBackend, pattern: Make, mode: SearchMode
) -> None:
    for number in range(40):
        put(backend, pattern(id=f"a{number}", template="zebra()", project="zoo"))
    put(backend, pattern(id="b", template="zebra(1)", project="shop", tags=["x"]))
    for tags in ((), ("x",)):
        criteria = PatternSearchCriteria(project="shop", tags=tags)
        found = look(backend, "zebra", mode, criteria=criteria, depth=2)
        assert ids_of(found) == ["b"]
    with backend.writing() as session:  # a session that writes searches the vectors in the table
        for tags in ((), ("x",)):
            criteria = PatternSearchCriteria(project="shop", tags=tags, framework="pytest")
            found = session.candidates(query_of("zebra", mode), criteria, depth=2)
            assert ids_of(found) == ["b"]
        criteria = PatternSearchCriteria(project="zoo")
        assert names(session.select(criteria, order="created", limit=1)) == ["a39"]


def test_projects_are_known_by_key(backend: PatternBackend) -> None:
    with backend.writing() as session:
        session.put_project("https://host/shop", "shop")
        session.put_project("/old/zoo", "zoo")
        session.put_project("/new/zoo", "zoo")  # the folder was moved
    with backend.reading() as session:
        assert session.projects() == {"https://host/shop": "shop", "/new/zoo": "zoo"}


def test_a_project_knows_when_it_was_settled(backend: PatternBackend) -> None:
    with backend.writing() as session:
        session.put_project("/zoo", "zoo")
        session.put_project("/shop", "shop")
        session.set_settled(["zoo", "unknown"], NOON)
        session.put_project("/new/zoo", "zoo")
    with backend.reading() as session:
        assert session.settled_at("zoo") == NOON
        assert session.settled_at("shop") is None
        assert session.settled_at("unknown") is None


def test_places_are_those_of_extracted_tests(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a", project="shop", source="a.py:1"), author=EXTRACTED)
    put(backend, pattern(id="b", project="shop", source="b.py:1"))  # a person stored it
    put(backend, pattern(id="c", project="zoo", source="a.py:1"), author=EXTRACTED)
    with backend.reading() as session:
        created_at = session.get_many(["a"])[0].pattern.created_at
        expected = PatternPlace("a", "a.py:1", "pytest", gone=False, created_at=created_at)
        assert session.places("shop") == [expected]


def test_gone_patterns_rank_last_until_they_are_found_again(
    backend: PatternBackend, pattern: Make
) -> None:
    put(backend, pattern(id="a", template="zebra()", source="a.py:1"), pattern(id="b"))
    with backend.writing() as session:
        assert session.set_gone(["a", "unknown"], NOON) == 1
        assert session.set_gone(["a"], datetime.now(UTC)) == 0
    assert stored_in(backend, "a").pattern.gone_since == NOON
    with backend.reading() as session:
        assert names(session.select(ANYTHING, order="evidence")) == ["b", "a"]
        assert session.statistics().gone == 1
        (stored,) = session.get_many(["a"])
    assert [fact.gone for fact in look(backend, "zebra").facts.values() if fact.id == "a"] == [1]
    with backend.writing() as session:
        session.set_place(stored.key, source="b.py:9", project="shop")
    found = stored_in(backend, "a").pattern
    assert (found.gone_since, found.source, found.project) == (None, "b.py:9", "shop")


def test_set_place_keeps_the_context_or_changes_where_it_is_from(
    backend: PatternBackend, pattern: Make
) -> None:
    part = ContextPart(kind="import", name="os", code="import os", origin="a.py:1")
    put(backend, pattern(id="a", context=(part,)))
    key = stored_in(backend, "a").key
    with backend.writing() as session:
        session.set_place(key, source="a.py:3", project="shop")
    assert stored_in(backend, "a").pattern.context == (part,)
    moved = replace(part, origin="a.py:2")
    with backend.writing() as session:
        session.set_place(key, source="a.py:4", project="shop", context=(moved,))
    assert stored_in(backend, "a").pattern.context == (moved,)


def test_gone_patterns_do_not_displace_others(backend: PatternBackend, pattern: Make) -> None:
    gone = [pattern(id=f"g{n}", template="zebra()", gone_since=NOON) for n in range(30)]
    put(backend, *gone, pattern(id="a", template="zebra(1, 2, 3, 4, 5, 6, 7, 8, 9)"))
    assert "a" in ids_of(look(backend, "zebra", depth=5))


def test_rename_keeps_uses_versions_and_proof(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="old"))
    change(backend, "old", pattern(id="old", template="n = 2"))
    use(backend, "old", "ann")
    with backend.writing() as session:
        (stored,) = session.get_many(["old"])
        renamed = session.rename(stored, "new")
        assert renamed.pattern == replace(stored.pattern, id="new")
    with backend.reading() as session:
        assert session.get_many(["old"]) == []
        assert session.uses("old", 9) == []
        assert len(session.uses("new", 9)) == 1
        assert len(session.versions("new")) == 1
        assert [count.usage_count for count in session.agent_counts(renamed.key)] == [1]
        assert session.get_many(["new"]) == [renamed]
    assert [problem.area for problem in backend.check()] == []


def test_carry_uses_adds_to_those_of_the_present_content(
    backend: PatternBackend, pattern: Make
) -> None:
    put(backend, pattern(id="a"))
    before = stored_in(backend, "a")
    use(backend, "a", "ann")
    use(backend, "a", "bob", success=False)
    change(backend, "a", pattern(id="a", template="n = 2"))
    use(backend, "a", "ann")
    with backend.writing() as session:
        (stored,) = session.get_many(["a"])
        session.carry_uses(stored, before.content_hash)
        counts = session.agent_counts(stored.key)
    assert [tuple(count) for count in counts] == [
        ("ann", 2, 2),
        ("bob", 0, 1),
    ]
    with backend.reading() as session:
        assert {use.content_hash for use in session.uses("a", 9)} == {stored.content_hash}


def test_a_project_limits_a_source(backend: PatternBackend, pattern: Make) -> None:
    put(
        backend,
        pattern(id="a", project="shop", source="tests/a.py:1"),
        pattern(id="b", project="zoo", source="tests/a.py:1"),
        pattern(id="c", project="zoo"),
    )
    with backend.reading() as session:
        assert session.written_by(source="tests") == ["a", "b"]
        assert session.written_by(source="tests", project="zoo") == ["b"]
        assert session.written_by(project="zoo") == ["b", "c"]
        assert session.written_by(project="other", source="tests") == []


def test_a_successor_inherits_uses_versions_and_age(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="old", created_at=NOON))
    use(backend, "old", "bob")
    change(backend, "old", pattern(id="old", template="n = 2"))
    use(backend, "old", "ann")
    put(backend, pattern(id="new", template="n = 3"))
    with backend.writing() as session:
        (heir,), (stored,) = session.get_many(["new"]), session.get_many(["old"])
        session.inherit(heir, stored, Change("renamed from old"))
        counts = session.agent_counts(heir.key)
        summary = use_summary(counts, base_quality=heir.base_quality, trust=heir.trust)
        session.set_summary(heir.key, summary)
    with backend.reading() as session:
        assert session.get_many(["old"]) == []
        assert [tuple(count) for count in counts] == [("ann", 1, 1)]
        versions = session.versions("new")
        assert [version.version_number for version in versions] == [2, 1]
        assert versions[0].change_description == "renamed from old"
        assert len(session.uses("new", 9)) == 2
    found = stored_in(backend, "new").pattern
    assert (found.version, found.created_at, found.template) == (3, NOON, "n = 3")
    assert backend.check() == []


def test_statistics_can_be_of_one_project(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a", project="shop"))
    change(backend, "a", pattern(id="a", project="shop", template="n = 2"))
    put(backend, pattern(id="b", project="zoo", category="e2e"))
    with backend.reading() as session:
        shop, zoo = session.statistics("shop"), session.statistics("zoo")
        assert (shop.patterns, shop.versions, shop.by_project) == (1, 1, {"shop": 1})
        assert (zoo.patterns, zoo.versions, zoo.by_category) == (1, 0, {"e2e": 1})
        assert session.statistics().by_project == {"shop": 1, "zoo": 1}
        assert session.statistics("none").average_quality is None
