"""Every backend keeps what happened to patterns: uses, earlier contents, authors, totals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aqe.retrieval import BankStatistics, PatternBackend
from aqe.retrieval.storage.activity_values import (
    AgentUses,
    PatternUses,
    ProjectFacts,
    UseCount,
    UseTotals,
)
from aqe.retrieval.storage.storage_values import Forgotten
from aqe.retrieval.storage.use_summary import AgentCount, UseSummary
from aqe.schema import PatternUsageContext, Provenance, TestPattern

from .bank_content import A_PERSON, MALLORY, change, content_of, names, put, stored_in, use

Make = Callable[..., TestPattern]


def test_add_use_keeps_every_field(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"))
    full = PatternUsageContext(
        success=False,
        agent_id="bob",
        task_id="t",
        project_id="p",
        execution_time_ms=1.5,
        coverage_achieved=0.75,
        context="why\0",
        error_message="Ünïcode",
    )
    bare = PatternUsageContext(success=True, used_at=full.used_at + timedelta(seconds=1))
    with backend.writing() as session:
        for use_of_it in (full, bare):
            session.add_use(stored := session.get_many(["a"])[0], use_of_it)
        assert session.agent_counts(stored.key) == [AgentCount("", 1, 1), AgentCount("bob", 0, 1)]
        assert session.uses("a", 10) == [bare, full]
        assert session.get_many(["a"]) == [stored]  # set_summary counts them


def test_uses_are_newest_first(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), pattern(id="b"))
    now = pattern().created_at
    with backend.writing() as session:
        (stored,) = session.get_many(["a"])
        for task, seconds in (("old", 0), ("new", 9), ("tie", 9), ("late", 5)):
            at = now + timedelta(seconds=seconds)
            session.add_use(stored, PatternUsageContext(success=True, task_id=task, used_at=at))
    with backend.reading() as session:
        assert [each.task_id for each in session.uses("a", 9)] == ["tie", "new", "late", "old"]
        assert [each.task_id for each in session.uses("a", 2)] == ["tie", "new"]
        assert (session.uses("b", 9), session.uses("unknown", 9)) == ([], [])


def test_agent_counts_add_up_by_agent(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), pattern(id="b"))
    used = ("bob", True), ("Zoe", True), (" BOB\u200b", False), ("", True)
    for agent, success in used:
        use(backend, "a", agent, success=success)
    key = stored_in(backend, "a").key
    with backend.reading() as session:
        assert session.agent_counts(key) == [
            AgentCount("", 1, 1),
            AgentCount("bob", 1, 2),
            AgentCount("zoe", 1, 1),
        ]
        assert names(session.used_by("B\uff4fb")) == ["a"]


def test_set_summary_is_what_searches_and_lists_see(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), author=MALLORY)
    key = stored_in(backend, "a").key
    with backend.writing() as session:
        session.set_summary(key, UseSummary(3, 4, 0.6, 0.55, "trusted"))
    stored = stored_in(backend, "a")
    assert (stored.success_count, stored.evidence, stored.trust) == (3, 0.6, "trusted")
    assert (stored.pattern.usage_count, stored.pattern.success_rate) == (4, 0.75)
    assert (stored.pattern.quality, stored.base_quality) == (0.55, 0.5)
    assert stored.provenance == replace(MALLORY, trust="trusted")
    assert stored.pattern.provenance == stored.provenance


def test_used_by_is_by_age(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(id=id) for id in "cab"])
    for id, agent in (("b", "bob"), ("c", "bob"), ("a", "ann"), ("b", "bob")):
        use(backend, id, agent)
    with backend.reading() as session:
        assert names(session.used_by("bob")) == ["c", "b"]
        assert session.used_by("nobody") == []


# -- versions ------------------------------------------------------------------------------------


def test_versions_are_newest_first(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a", tags=["t"], source="a.py:1"), pattern(id="b"))
    use(backend, "a", "bob")
    before = [stored_in(backend, "a").pattern]
    change(backend, "a", pattern(id="a", template="second()"))
    before.append(stored_in(backend, "a").pattern)
    change(backend, "a", pattern(id="a", template="third()"))
    with backend.reading() as session:
        second, first = session.versions("a")
        assert session.versions("b") == session.versions("unknown") == []
    assert [first.pattern, second.pattern] == before
    assert first.pattern.provenance == second.pattern.provenance == A_PERSON
    assert (first.version_number, second.version_number) == (1, 2)
    assert (first.change_description, first.created_by) == ("changed", "ann")
    assert first.created_at <= second.created_at <= stored_in(backend, "a").pattern.updated_at


# -- authors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tests/a.py", "ac"),
        ("tests", "abcd"),
        ("tests/", "abcd"),
        ("tests/a", ""),
        ("C:/x.py", "e"),
        ("C:", "e"),
        ("", ""),
    ],
)
def test_written_by_a_source(
    backend: PatternBackend, pattern: Make, source: str, expected: str
) -> None:
    places = ["tests/a.py:3", "tests/sub/b.py:1", "tests/a.py", "tests/d.py:x", "C:/x.py:9", None]
    put(backend, *[pattern(id=id, source=at) for id, at in zip("abcdef", places, strict=True)])
    with backend.reading() as session:
        assert session.written_by(source=source) == list(expected)


def test_written_by_is_by_age_whatever_matched(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="z", source="a.py:1"))
    put(backend, pattern(id="m"), pattern(id="n", source="a.py:2"), author=MALLORY)
    put(backend, pattern(id="b", source="a.py:3"), author=Provenance(run_id="run-2"))
    with backend.reading() as session:
        assert session.written_by(source="a.py", agent_id="mallory") == ["z", "m", "n", "b"]
        assert session.written_by(agent_id="mallory", run_id="run-2") == ["m", "n", "b"]
        assert session.written_by(run_id="run-1") == ["m", "n"]
        assert session.written_by(agent_id=" MALLORY") == ["m", "n"]
        assert session.written_by(agent_id="nobody") == session.written_by() == []


def test_written_by_names_the_author_of_the_present_content(
    backend: PatternBackend, pattern: Make
) -> None:
    put(backend, pattern(id="a"), author=MALLORY)
    change(backend, "a", pattern(id="a", template="by a person"))
    with backend.reading() as session:
        assert session.written_by(agent_id="mallory") == []


def test_count_unproven_is_of_one_agent(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), pattern(id="b"), author=MALLORY)
    put(backend, pattern(id="c"), author=Provenance(origin="agent", agent_id="bob"))
    put(backend, pattern(id="d"))
    promoted = stored_in(backend, "b").key
    with backend.writing() as session:
        session.set_summary(promoted, UseSummary(2, 2, 0.6, 0.5, "trusted"))
        assert [session.count_unproven(agent) for agent in ("mallory", "bob", "")] == [1, 1, 0]
        assert session.count_unproven("Mallory ") == 1


# -- forget --------------------------------------------------------------------------------------


def test_forget_deletes_the_traces_of_an_agent(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a", template="evilmarker()"), author=MALLORY)
    put(backend, pattern(id="b"), pattern(id="c"))
    change(backend, "a", pattern(id="a", template="harmless()"))
    for agent in ("mallory", "MALLORY", "bob"):
        use(backend, "b", agent)
    with backend.writing() as session:
        assert names(session.used_by("mallory")) == ["b"]
        assert session.count_traces(agent_id="Mallory") == Forgotten(versions=1, uses=2)
        assert session.count_traces(ids=["a", "b"], agent_id="mallory") == Forgotten(0, 0)
        assert session.forget(agent_id="mallory") == Forgotten(versions=1, uses=2)
        assert session.agent_counts(session.get_many(["b"])[0].key) == [AgentCount("bob", 1, 1)]
        assert (session.versions("a"), session.used_by("mallory")) == ([], [])
        assert [each.agent_id for each in session.uses("b", 9)] == ["bob"]
        assert session.get_many(["b"])[0].pattern.usage_count == 3  # the caller's to write again


def test_forget_of_a_run_leaves_other_runs(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), author=MALLORY)
    put(backend, pattern(id="b"), author=Provenance(run_id="run-2"))
    for id in "ab":
        change(backend, id, pattern(id=id, template="changed()"))
    use(backend, "a", "mallory")
    with backend.writing() as session:
        assert session.forget(run_id="run-1") == Forgotten(versions=1, uses=0)
        assert (len(session.versions("a")), len(session.versions("b"))) == (0, 1)
        assert len(session.uses("a", 9)) == 1


def test_forget_of_deleted_patterns(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), pattern(id="b"), author=MALLORY)
    change(backend, "b", pattern(id="b", template="changed()"))
    with backend.writing() as session:
        assert session.delete(["a"]) == 1
        assert session.forget(ids=["a"]) == Forgotten(0, 0)
        assert session.forget() == Forgotten(0, 0)
        assert len(session.versions("b")) == 1
    assert backend.check() == []


# -- totals --------------------------------------------------------------------------------------


def test_statistics_of_an_empty_bank(backend: PatternBackend) -> None:
    with backend.reading() as session:
        assert session.statistics() == BankStatistics(
            patterns=0,
            uses=0,
            versions=0,
            average_quality=None,
            average_confidence=None,
            average_success_rate=None,
            never_used_share=None,
            by_category={},
            by_framework={},
            by_language={},
        )


def test_statistics_are_counted_from_the_patterns(backend: PatternBackend, pattern: Make) -> None:
    with backend.writing() as session:
        for number, (category, quality) in enumerate(
            (("unit", 0.2), ("e2e", 0.4), ("security", 0.6), ("e2e", 0.8))
        ):
            given = pattern(id=f"p{number}", category=category, confidence=quality)
            session.insert(content_of(given, base_quality=quality))
    change(backend, "p0", pattern(id="p0", confidence=0.2, template="changed()"), base_quality=0.2)
    for success in (True, True, False):
        use(backend, "p3", "bob", success=success)
    with backend.reading() as session:
        totals = session.statistics()
    assert (totals.patterns, totals.uses, totals.versions) == (4, 3, 1)
    assert totals.average_confidence == pytest.approx(0.5)
    assert totals.never_used_share == 0.75
    assert totals.average_success_rate == pytest.approx(2 / 3)
    assert list(totals.by_category.items()) == [("e2e", 2), ("security", 1), ("unit", 1)]
    assert (totals.by_framework, totals.by_language) == ({"pytest": 4}, {"python": 4})


# -- activity ------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EXTRACTED = Provenance(origin="extracted")


def used_on(backend: PatternBackend, id: str, *uses: tuple[float, bool], agent: str = "") -> None:
    """Records uses of some days ago."""
    with backend.writing() as session:
        (stored,) = session.get_many([id])
        for days, success in uses:
            at = NOW - days * DAY
            use_then = PatternUsageContext(success=success, agent_id=agent, used_at=at)
            session.add_use(stored, use_then)


def test_activity_of_an_empty_bank(backend: PatternBackend) -> None:
    with backend.reading() as session:
        assert session.project_facts() == []
        assert session.quality_counts() == [0, 0, 0, 0, 0]
        assert session.use_totals(NOW) == UseTotals(0, 0, 0, 0, 0)
        assert session.use_counts([NOW - DAY, NOW]) == [UseCount(0, 0)]
        assert session.most_used(NOW - DAY, NOW, limit=9) == []
        assert session.idle_patterns(NOW, limit=9) == []
        assert session.agent_uses(NOW - DAY, NOW) == []


def test_uses_are_counted_after_a_bound_and_up_to_the_next(
    backend: PatternBackend, pattern: Make
) -> None:
    put(backend, pattern(id="a", project="p"), pattern(id="b", project="q"))
    used_on(backend, "a", (0, True), (-1, True), (7, True), (7.001, False), (14, True))
    used_on(backend, "b", (1, False), (6.999, True))
    bounds = [NOW - 14 * DAY, NOW - 7 * DAY, NOW]
    with backend.reading() as session:
        assert session.use_counts(bounds) == [UseCount(2, 1), UseCount(3, 2)]
        assert session.use_counts(bounds, "p") == [UseCount(2, 1), UseCount(1, 1)]
        assert session.use_counts(bounds, "r") == [UseCount(0, 0)] * 2
        assert session.use_totals(NOW - DAY) == UseTotals(7, 5, active=1, idle=1, never=0)
        assert session.use_totals(NOW - 7 * DAY, "q") == UseTotals(2, 1, 1, 0, 0)


def test_use_of_an_earlier_content_counts(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a"), pattern(id="b"))
    used_on(backend, "a", (1, True))
    change(backend, "a", pattern(id="a", template="changed()"))
    with backend.reading() as session:
        assert session.use_totals(NOW - 2 * DAY) == UseTotals(1, 1, active=1, idle=0, never=1)
        assert [each.id for each in session.most_used(NOW - 2 * DAY, NOW, limit=9)] == ["a"]


def test_most_used_and_idle_patterns(backend: PatternBackend, pattern: Make) -> None:
    put(backend, *[pattern(id=id, project="q" if id == "c" else "p") for id in "dcba"])
    used_on(backend, "a", (1, False), (2, True), (99, True))
    used_on(backend, "b", (3, True), (3, True))
    used_on(backend, "c", (3, True), (5, True))
    used_on(backend, "d", (70, True), (90, False))
    with backend.reading() as session:
        found = session.most_used(NOW - 9 * DAY, NOW, limit=9)
        assert [each.id for each in found] == ["b", "c", "a"]
        assert found[2] == PatternUses(
            "a", pattern().name, "p", "pytest", 2, 1, last_used_at=NOW - DAY
        )
        assert [each.id for each in session.most_used(NOW - 9 * DAY, NOW, limit=1)] == ["b"]
        assert [
            each.id for each in session.most_used(NOW - 99 * DAY, NOW, limit=9, project="p")
        ] == ["b", "a", "d"]
        idle = session.idle_patterns(NOW - 3 * DAY, limit=9)
        assert [(each.id, each.uses, each.successes) for each in idle] == [
            ("d", 2, 1),
            ("b", 2, 2),
            ("c", 2, 2),
        ]
        assert idle[0].last_used_at == NOW - 70 * DAY
        assert [each.id for each in session.idle_patterns(NOW, limit=2, project="p")] == ["d", "b"]


def test_agent_uses_are_by_agent_key(backend: PatternBackend, pattern: Make) -> None:
    put(backend, pattern(id="a", project="p"), pattern(id="b"))
    used_on(backend, "a", (3, True), (9, True), agent="Zoe")
    used_on(backend, "b", (2, False), agent=" ZOE\u200b")
    used_on(backend, "a", (4, True), (5, True), agent="bob")
    used_on(backend, "a", (1, True))
    with backend.reading() as session:
        assert session.agent_uses(NOW - 8 * DAY, NOW) == [
            AgentUses("bob", 2, 2, NOW - 4 * DAY),
            AgentUses("zoe", 2, 1, NOW - 2 * DAY),
            AgentUses("", 1, 1, NOW - DAY),
        ]
        assert session.agent_uses(NOW - 3.5 * DAY, NOW, "p") == [
            AgentUses("", 1, 1, NOW - DAY),
            AgentUses("zoe", 1, 1, NOW - 3 * DAY),
        ]


def test_quality_counts_are_in_five_steps(backend: PatternBackend, pattern: Make) -> None:
    qualities = (0.0, 0.19, 0.2, 0.59, 0.6, 0.8, 1.0)
    with backend.writing() as session:
        for number, quality in enumerate(qualities):
            given = pattern(id=f"p{number}", project="q" if number else "p")
            session.insert(content_of(given, base_quality=quality))
    with backend.reading() as session:
        assert session.quality_counts() == [2, 1, 1, 1, 2]
        assert session.quality_counts("p") == [1, 0, 0, 0, 0]


def test_project_facts_have_the_last_extraction(backend: PatternBackend, pattern: Make) -> None:
    extracted = [
        pattern(id=id, project=project, source="t.py:1", updated_at=NOW - days * DAY)
        for id, project, days in (("a", "p", 3), ("b", "p", 2), ("c", "q", 9), ("d", "q", 8))
    ]
    put(backend, *extracted, author=EXTRACTED)
    put(backend, pattern(id="e", project="p"), pattern(id="f", updated_at=NOW))
    with backend.writing() as session:
        session.put_project("key", "q")
        session.set_settled(["q"], NOW - DAY)
        session.set_gone(["a"], NOW)
    with backend.reading() as session:
        assert session.project_facts() == [
            ProjectFacts("p", 3, 1, NOW - 2 * DAY),
            ProjectFacts("q", 2, 0, NOW - DAY),
            ProjectFacts("", 1, 0, None),
        ]
        assert session.project_facts("q") == [ProjectFacts("q", 2, 0, NOW - DAY)]
        assert session.project_facts("other") == []
