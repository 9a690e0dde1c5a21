"""The same random operations leave the same bank in every backend as in plain dicts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aqe.retrieval import Change, PatternBackend
from aqe.retrieval.storage.backend import PatternReader, PatternWriter
from aqe.retrieval.storage.storage_values import SORT_KEYS, StoredPattern
from aqe.retrieval.text.pattern_text import embedded_text, text_hash
from aqe.retrieval.usage.trust import content_summary, proven_summary
from aqe.schema import (
    CATEGORIES,
    FRAMEWORKS,
    LANGUAGES,
    PatternSearchCriteria,
    PatternUsageContext,
    Provenance,
    TestPattern,
    utc_now,
)

from .bank_content import (
    ANYTHING,
    IDENTITY,
    OTHER_ENCODER,
    OTHER_IDENTITY,
    PowerCutError,
    content_of,
    ids_of,
    interrupted,
    query_of,
)
from .memory_backend import MemoryPatternBackend

Make = Callable[..., TestPattern]
Work = Callable[[PatternWriter], object]
IDS = [f"{letter}{number}" for letter in "ab" for number in range(5)]
WORDS = ("zebra", "lion", "bear", "walrus", "otter")
AGENTS = ("", "ann", "bob", "mallory", "Mallory ")
RUNS = ("", "run-1", "run-2")
SOURCES = (None, "tests/a.py:1", "tests/a.py:9", "tests/sub/b.py:2", "other.py:3")
TAGS = ("Red", "red", "blue", "green")
CRITERIA = (
    ANYTHING,
    PatternSearchCriteria(framework="jest"),
    PatternSearchCriteria(language="python", category="unit"),
    PatternSearchCriteria(tags=["RED"]),
    PatternSearchCriteria(min_quality=0.5, min_confidence=0.25),
)
AT_ONCE = utc_now()
STEPS = 40


class RandomWork:
    """Draws what the next session does, so that two backends can be given the same."""

    def __init__(self, rng: random.Random, make: Make) -> None:
        self._rng = rng
        self._make = make
        self._numbers = iter(range(10**6))

    def session(self) -> Work:
        """Returns one to three operations."""
        kinds = (
            (self._store, 8),
            (self._use, 6),
            (self._delete, 2),
            (self._move, 2),
            (self._forget, 1),
            (self._embed, 1),
            (self._rebuild, 1),
        )
        draws = self._rng.choices(
            [kind for kind, _ in kinds],
            [weight for _, weight in kinds],
            k=self._rng.randint(1, 3),
        )
        works = [draw() for draw in draws]
        return lambda session: [work(session) for work in works]

    def _pattern(self) -> TestPattern:
        rng = self._rng
        uses = rng.choice((0, 0, 4))
        return self._make(
            f"{rng.choice(WORDS)} {next(self._numbers)}",
            id=rng.choice(IDS),
            category=rng.choice(CATEGORIES),
            framework=rng.choice(FRAMEWORKS[:3]),
            language=rng.choice(LANGUAGES),
            template=f"{rng.choice(WORDS)}({rng.randrange(3)})",
            tags=rng.sample(TAGS, rng.randint(0, 3)),
            confidence=rng.choice((0.0, 0.25, 1.0)),
            source=rng.choice(SOURCES),
            usage_count=uses,
            success_rate=0.75 if uses else None,
        )

    def _store(self) -> Work:
        agent, run = self._rng.choice(AGENTS), self._rng.choice(RUNS)
        author = Provenance(origin="agent" if agent else "human", agent_id=agent, run_id=run)
        content = content_of(
            self._pattern(), author=author, base_quality=self._rng.choice((0.25, 0.5, 0.75))
        )

        def work(session: PatternWriter) -> None:
            for stored in session.get_many([content.pattern.id]):
                counts = session.agent_counts(stored.key, content.content_hash)
                summary = content_summary(
                    counts, content.provenance, base_quality=content.base_quality
                )
                session.update(stored, replace(content, summary=summary), Change("again", "me"))
                return
            session.insert(content)

        return work

    def _use(self) -> Work:
        id, agent, success = (
            self._rng.choice(IDS),
            self._rng.choice(AGENTS),
            self._rng.random() > 0.3,
        )
        use = PatternUsageContext(success=success, agent_id=agent, used_at=AT_ONCE)

        def work(session: PatternWriter) -> None:
            for stored in session.get_many([id]):
                session.add_use(stored, use)
                session.set_summary(stored.key, proven_summary(session, stored))

        return work

    def _delete(self) -> Work:
        ids = self._rng.sample(IDS, 2)
        return lambda session: session.delete(ids)

    def _move(self) -> Work:
        ids = self._rng.sample(IDS, 3)

        def work(session: PatternWriter) -> None:
            for stored in session.get_many(ids):
                session.set_place(stored.key, source="moved.py:4", project="p")

        return work

    def _forget(self) -> Work:
        agent, run = self._rng.choice((("bob", ""), ("", "run-2"), ("mallory", "run-1")))

        def work(session: PatternWriter) -> None:
            touched = session.used_by(agent)
            session.forget(agent_id=agent, run_id=run)
            for stored in touched:
                session.set_summary(stored.key, proven_summary(session, stored))

        return work

    def _embed(self) -> Work:
        def work(session: PatternWriter) -> None:
            for key, pattern in session.unembedded(OTHER_IDENTITY, 3).items():
                text = embedded_text(pattern)
                embedding = OTHER_ENCODER.encode([text])[0]
                session.put_embedding(OTHER_IDENTITY, key, embedding, text_hash(text))

        return work

    def _rebuild(self) -> Work:
        return lambda session: session.rebuild_text_index()


def observe(backend: PatternBackend) -> dict[str, Any]:
    """Returns all that a caller can see of a bank, but for times of change."""
    with backend.reading(whole=True) as session:
        stored = session.get_many(IDS)
        return {
            "patterns": [_timeless(each) for each in stored],
            "iterate": [[each.id for each in session.iterate(wanted)] for wanted in CRITERIA],
            "select": _selections(session),
            "ids": [session.ids_with_prefix(prefix, 4) for prefix in ("", "a", "b3")],
            "counts": [session.agent_counts(each.key) for each in stored],
            "uses": [session.uses(id, 3) for id in IDS],
            "versions": [_versions(session, id) for id in IDS],
            "written by": _authors(session),
            "used by": [_ids(session.used_by(agent)) for agent in (*AGENTS, "(imported)")],
            "unproven": [session.count_unproven(agent) for agent in AGENTS],
            "hashes": session.embedded_hashes(IDS),
            "candidates": _found(session),
            "statistics": _rounded(session),
        }


def _timeless(stored: StoredPattern) -> StoredPattern:
    return replace(stored, key=0, pattern=replace(stored.pattern, updated_at=AT_ONCE))


def _ids(found: list[StoredPattern]) -> list[str]:
    return [stored.pattern.id for stored in found]


def _selections(session: PatternReader) -> list[list[str]]:
    return [
        _ids(session.select(wanted, order=order, limit=limit, any_tag=tags))
        for wanted in CRITERIA
        for order in SORT_KEYS
        for limit, tags in ((None, None), (3, ["RED", "blue"]))
    ]


def _versions(session: PatternReader, id: str) -> list[Any]:
    return [
        replace(version, created_at=AT_ONCE, pattern=replace(version.pattern, updated_at=AT_ONCE))
        for version in session.versions(id)
    ]


def _authors(session: PatternReader) -> list[list[str]]:
    return [
        session.written_by(source=source, agent_id=agent, run_id=run)
        for source in ("", "tests", "tests/a.py", "moved.py")
        for agent in ("", "bob")
        for run in ("", "run-1")
    ]


def _found(session: PatternReader) -> list[tuple[list[str], set[str], int]]:
    seen = []
    for mode in ("text", "vector", "hybrid"):
        for wanted in CRITERIA:
            found = session.candidates(query_of("zebra 1 otter", mode), wanted, depth=99)
            holders = {found.facts[key].id for key in found.bm25}
            seen.append((ids_of(found), holders, len(found.keys)))
    return seen


def _rounded(session: PatternReader) -> dict[str, Any]:
    totals = session.statistics()
    values = {name: getattr(totals, name) for name in totals.__dataclass_fields__}
    return {
        name: round(value, 9) if isinstance(value, float) else value
        for name, value in values.items()
    }


@pytest.mark.parametrize("seed", range(4))
def test_random_operations_leave_the_same_bank(
    backend: PatternBackend, pattern: Make, seed: int
) -> None:
    rng = random.Random(seed)
    work = RandomWork(rng, pattern)
    memory = MemoryPatternBackend()
    memory.open(IDENTITY)
    backends: tuple[PatternBackend, ...] = (backend, memory)
    for step in range(STEPS):
        session_work, fails = work.session(), rng.random() < 0.1
        for each in backends:
            run(each, session_work, fails=fails)
        assert observe(backend) == observe(memory), f"seed {seed}, step {step}"
    assert backend.check() == memory.check() == []


def run(backend: PatternBackend, work: Work, *, fails: bool) -> None:
    if fails:
        with pytest.raises(PowerCutError):
            interrupted(backend, work)
        return
    with backend.writing() as session:
        work(session)
    backend.tidy()
