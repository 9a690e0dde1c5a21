"""The first answers of a search are the same, whatever its limit."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank, SearchMode
from aqe.schema import PatternMatch, PatternSearchCriteria, Provenance, TestPattern

WORDS = "login user token parse http response cart total price order email queue retry".split()
MODES: tuple[SearchMode, ...] = ("hybrid", "vector", "text")
QUERIES = ("login user token", "parse the total price", "retry", "no such words in here")
AGENTS_IDS = {f"p{number}" for number in range(40)}
AGENT = Provenance(origin="agent", agent_id="generator")


def drawn_pattern(rng: random.Random, number: int) -> TestPattern:
    """Returns one of many tests that share words; each third is a copy but for its name."""
    body = rng.sample(WORDS, 3) if number % 3 else WORDS[number % 5 : number % 5 + 2]
    return TestPattern(
        id=f"p{number}",
        name=f"test {' '.join(rng.sample(WORDS, 2))}",
        category=rng.choice(["unit", "e2e"]),
        framework="pytest",
        language="python",
        template=f"def test_it():\n    {body[0]} = {body[-1]}()\n    assert {'.'.join(body)}\n",
    )


@pytest.fixture(scope="module")
def crowded() -> Iterator[QEReasoningBank]:
    """1,500 patterns with many copies, 40 of them by an agent."""
    rng = random.Random(17)
    patterns = [drawn_pattern(rng, number) for number in range(1_500)]
    with QEReasoningBank(encoder=HashingEncoder(64)) as bank:
        bank.store_patterns(patterns[40:])
        bank.store_patterns(patterns[:40], provenance=AGENT)
        yield bank


def shown(matches: list[PatternMatch]) -> list[tuple[object, ...]]:
    """Returns what the answers show, but for the copies that make room for others."""
    return [
        (match.pattern.id, match.rank, match.score, match.vector_score, match.reasons)
        for match in matches
    ]


@pytest.mark.parametrize("group", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_first_answers_are_the_same_for_every_limit(
    crowded: QEReasoningBank, mode: SearchMode, group: bool
) -> None:
    for query in QUERIES:
        for criteria in (None, PatternSearchCriteria(category="e2e")):
            every = shown(
                crowded.search(query, criteria=criteria, limit=4096, mode=mode, group=group)
            )
            for limit in (1, 2, 10, 29, 30, 31, 100, 239, 240, 241, 600, 1_460, 1_500):
                found = crowded.search(
                    query, criteria=criteria, limit=limit, mode=mode, group=group
                )
                assert shown(found) == every[:limit], (query, limit)


def test_answers_beyond_the_first_look_descend_in_score(crowded: QEReasoningBank) -> None:
    matches = crowded.search("login user token", limit=1_400)
    trusted = [match.score for match in matches if match.pattern.id not in AGENTS_IDS]
    assert trusted == sorted(trusted, reverse=True)
    assert len({match.pattern.id for match in matches}) == 1_400


def test_unproven_answers_follow_all_others_of_a_long_list(crowded: QEReasoningBank) -> None:
    matches = crowded.search("login user token", limit=1_500)
    assert len(matches) == 1_500
    assert {match.pattern.id for match in matches[-40:]} == AGENTS_IDS


def test_copies_follow_what_they_made_room_for(crowded: QEReasoningBank) -> None:
    grouped = crowded.search("login user token", limit=240)
    hidden = {id for match in crowded.search("login user token") for id in match.near_duplicates}
    first_copy = next(match.rank for match in grouped if match.pattern.id in hidden)
    assert hidden
    assert first_copy > 30
