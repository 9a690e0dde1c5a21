"""Searching: filters are exact in every mode, vectors equal brute force, any text is legal."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank, SearchMode, SQLitePatternBackend
from aqe.retrieval.text.pattern_text import embedded_text
from aqe.schema import (
    CATEGORIES,
    FRAMEWORKS,
    LANGUAGES,
    PatternMatch,
    PatternNotFoundError,
    PatternSearchContext,
    PatternSearchCriteria,
    PatternUsageContext,
    TestPattern,
)

Make = Callable[..., TestPattern]
MODES: tuple[SearchMode, ...] = ("hybrid", "vector", "text")
WORDS = "login user token parse http response cart total price order email queue retry".split()

# RELIABILITY section 3: ordinary inputs that are no FTS5 expressions, and hostile ones.
NASTY = [
    "", " ", "!!!", "a-b", "C++", "user@x.com", "foo:bar", "name:login", '"', '""', "'", "login*",
    "NEAR(a b)", "NEAR", "AND", "OR", "NOT", "a AND", "NOT a", "(", ")", "(" * 3000, "^login",
    "{name}: x", "- x", "+x", "a AND AND b", "--", ";", "; drop table patterns;", "/* */", "\\",
    "%", "_", "?", "$1", ":k", "@x", "\0", "a\0b", "\ud800", "a\udfffb", "\ufeff", "\u202e",
    "\x1b[31m", "\x9b31m", "日本語", "ß", "İ", "🔥", "👩‍👩‍👧", "e\u0301", "\u2028", "login\nuser",
    "ab " * 350_000, "a" * 1_000_000, "(" * 100_000, "é" * 300_000, "_" * 10_000, "camelCaseWord",
]  # fmt: skip


@pytest.fixture(scope="module")
def thousands() -> Iterator[QEReasoningBank]:
    """5,000 patterns, of which ten are apart in every facet and tagged ``rare``.

    The ten are far from every query of the tests, so that a filter after the cut would lose them.
    """
    rng = random.Random(5)
    patterns = [
        TestPattern(
            id=f"p{n}",
            name=f"test {rng.choice(WORDS)} {rng.choice(WORDS)} {n}",
            category=rng.choice(["unit", "integration", "e2e", "performance"]),
            framework=rng.choice(["pytest", "jest", "mocha", "vitest"]),
            language=rng.choice(["python", "javascript"]),
            template=f"login({n})\nuser.login(token)\nassert login",
            tags=rng.sample(["api", "db", "ui"], 2),
            confidence=rng.uniform(0, 0.9),
        )
        for n in range(4_990)
    ]
    patterns += [
        TestPattern(
            id=f"rare{n}",
            name=f"zebra {n}",
            category="security",
            framework="cypress",
            language="typescript",
            description=f"Quokka wombat {n}. One login among many other things, said once.",
            template="\n".join(
                f"expect(wombat{n}.animal{i}).toBe({{{{animal}}}})" for i in range(9)
            ),
            tags=["Rare", "db", "api"],
            confidence=0.95,
        )
        for n in range(10)
    ]
    rng.shuffle(patterns)
    with QEReasoningBank(encoder=HashingEncoder(64)) as bank:
        bank.store_patterns(patterns)
        yield bank


FACETS: dict[str, Any] = {
    "category": "security",
    "framework": "cypress",
    "language": "typescript",
    "tags": ["rare", "DB"],
    "min_confidence": 0.95,
}
COMBINATIONS = [
    dict(chosen)
    for size in range(1, len(FACETS) + 1)
    for chosen in itertools.combinations(FACETS.items(), size)
]


@pytest.mark.parametrize("mode", MODES)
def test_a_filter_that_ten_of_five_thousand_meet_gives_ten(
    thousands: QEReasoningBank, mode: SearchMode
) -> None:
    for facets in COMBINATIONS:
        matches = thousands.search(
            "login", criteria=PatternSearchCriteria(**facets), limit=10, mode=mode
        )
        assert {match.pattern.id for match in matches} == {f"rare{n}" for n in range(10)}, facets
        assert [match.rank for match in matches] == list(range(1, 11))


@pytest.mark.parametrize("mode", MODES)
def test_min_quality_is_exact(thousands: QEReasoningBank, mode: SearchMode) -> None:
    qualities = sorted({one.quality for one in thousands.list_patterns(limit=None)})
    for least in (qualities[-1], qualities[-2], qualities[len(qualities) // 2]):
        wanted = PatternSearchCriteria(min_quality=least)
        expected = thousands.list_patterns(wanted, limit=None)
        assert all(one.quality >= least for one in expected)
        matches = thousands.search("login test", criteria=wanted, limit=4096, mode=mode)
        assert all(match.pattern.quality >= least for match in matches)
        assert len(matches) == min(len(expected), 4096), least


def test_without_a_query_a_filter_is_exact_and_ordered_by_evidence(
    thousands: QEReasoningBank,
) -> None:
    for facets in COMBINATIONS:
        matches = thousands.find_pattern(PatternSearchCriteria(**facets), limit=11)
        assert {match.pattern.id for match in matches} == {f"rare{n}" for n in range(10)}
        assert all(match.vector_score is None and match.text_score is None for match in matches)


@pytest.mark.parametrize("limit", [1, 10, 100, 101, 4095, 4096])
@pytest.mark.parametrize("mode", MODES)
def test_as_many_as_asked_for(thousands: QEReasoningBank, limit: int, mode: SearchMode) -> None:
    matches = thousands.search("login user token", limit=limit, mode=mode)
    assert len(matches) == len({match.pattern.id for match in matches}) == limit
    assert [match.rank for match in matches] == list(range(1, limit + 1))
    scores = [match.score for match in matches]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("limit", [0, -1, 4097, 2**70, True, 1.0, "1", None])
def test_a_limit_outside_is_refused(thousands: QEReasoningBank, limit: Any) -> None:
    for call in (
        lambda: thousands.search("x", limit=limit),
        lambda: thousands.find_matching_patterns("x", limit),
        lambda: thousands.find_pattern("x", limit),
        lambda: thousands.find_similar_patterns("rare1", limit),
        lambda: thousands.search_by_tags(["api"], limit),
    ):
        with pytest.raises(ValueError, match="limit must be from 1 to 4096, got"):
            call()


def test_an_unknown_mode_is_refused(thousands: QEReasoningBank) -> None:
    mode: Any = "fuzzy"
    with pytest.raises(ValueError, match="mode must be hybrid, vector or text, got 'fuzzy'"):
        thousands.search("x", mode=mode)


def test_the_same_question_has_the_same_answer(thousands: QEReasoningBank) -> None:
    asked = PatternSearchContext(query="login price", framework="jest", keywords=["token"])
    first = thousands.search(asked, limit=50)
    for _ in range(20):
        thousands._resources.answers.clear()
        assert thousands.search(asked, limit=50) == first


# -- oracle --------------------------------------------------------------------------------------

ENCODER = HashingEncoder(64)


class Mixed:
    """A bank, its patterns in the order of storing, and their embeddings (n, dim)."""

    def __init__(
        self,
        bank: QEReasoningBank,
        patterns: list[TestPattern],
        embeddings: npt.NDArray[np.float32],
    ) -> None:
        self.bank = bank
        self.patterns = patterns
        self.embeddings = embeddings

    def __repr__(self) -> str:  # hypothesis would print all of it
        return "Mixed()"


@pytest.fixture(scope="module")
def mixed() -> Iterator[Mixed]:
    """400 patterns of all kinds with their embeddings, made outside of the bank."""
    rng = random.Random(3)
    patterns = [
        TestPattern(
            id=f"m{n}",
            name=" ".join(rng.choices(WORDS, k=rng.randrange(1, 5))),
            category=rng.choice(CATEGORIES),
            framework=rng.choice(FRAMEWORKS),
            language=rng.choice(LANGUAGES),
            template=" ".join(rng.choices(WORDS, k=rng.randrange(1, 20))),
            tags=rng.sample(["api", "db", "ui", "slow"], rng.randrange(4)),
            confidence=rng.choice([0.1, 0.3, 0.5, 0.7, 1.0]),
        )
        for n in range(400)
    ]
    with QEReasoningBank(encoder=ENCODER) as bank:
        bank.store_patterns(patterns)
        stored = {one.id: one for one in bank.list_patterns(limit=None)}
        ordered = [stored[one.id] for one in patterns]
        yield Mixed(bank, ordered, ENCODER.encode([embedded_text(one) for one in ordered]))


criteria_strategy = st.builds(
    PatternSearchCriteria,
    category=st.none() | st.sampled_from(CATEGORIES),
    framework=st.none() | st.sampled_from(FRAMEWORKS),
    language=st.none() | st.sampled_from(LANGUAGES),
    tags=st.lists(st.sampled_from(["api", "DB", "ui", "none"]), max_size=2),
    min_confidence=st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]),
    min_quality=st.floats(0, 1),
)


def _meets(pattern: TestPattern, criteria: PatternSearchCriteria) -> bool:
    tags = {tag.casefold() for tag in pattern.tags}
    return (
        criteria.category in (None, pattern.category)
        and criteria.framework in (None, pattern.framework)
        and criteria.language in (None, pattern.language)
        and {tag.casefold() for tag in criteria.tags} <= tags
        and pattern.confidence >= criteria.min_confidence
        and pattern.quality >= criteria.min_quality
    )


@settings(max_examples=150)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
    criteria=criteria_strategy,
    limit=st.integers(1, 60),
)
def test_vector_leg_equals_brute_force(
    mixed: Mixed,
    words: list[str],
    criteria: PatternSearchCriteria,
    limit: int,
) -> None:
    bank, patterns, embeddings = mixed.bank, mixed.patterns, mixed.embeddings
    cosines = embeddings @ ENCODER.encode_query(" ".join(words))
    backend = bank.backend
    assert isinstance(backend, SQLitePatternBackend)
    with backend.reading() as session:
        found = session.vector_candidates(ENCODER.encode_query(" ".join(words)), limit, criteria)
        ids = {row: pattern.id for row, pattern in session.patterns_of(list(found)).items()}
    by_id = {one.id: float(cosine) for one, cosine in zip(patterns, cosines, strict=True)}
    meeting = {one.id for one in patterns if _meets(one, criteria)}
    best = sorted((by_id[id] for id in meeting), reverse=True)[:limit]
    assert list(found.values()) == pytest.approx(best, abs=1e-5)
    for row, cosine in found.items():
        assert ids[row] in meeting
        assert cosine == pytest.approx(by_id[ids[row]], abs=1e-5)


@settings(max_examples=100)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
    criteria=criteria_strategy,
    mode=st.sampled_from(MODES),
)
def test_every_pattern_that_meets_the_filter_is_found(
    mixed: Mixed,
    words: list[str],
    criteria: PatternSearchCriteria,
    mode: SearchMode,
) -> None:
    bank, patterns = mixed.bank, mixed.patterns
    matches = bank.search(" ".join(words), criteria=criteria, limit=400, mode=mode)
    expected = {one.id for one in patterns if _meets(one, criteria)}
    if mode == "text":
        said = {
            one.id for one in patterns if set(words) & set(f"{one.name} {one.template}".split())
        }
        # The stemmer finds more than the exact words, never less.
        assert {match.pattern.id for match in matches} - expected == set()
        assert {match.pattern.id for match in matches} >= expected & said
    else:
        assert {match.pattern.id for match in matches} == expected
    for match in matches:
        for score in (match.vector_score, match.text_score, match.rule_score):
            assert score is None or 0 <= score <= 1


# -- any text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", NASTY, ids=lambda query: repr(query[:12]) + str(len(query)))
@pytest.mark.parametrize("mode", MODES)
def test_any_text_is_a_legal_query(mixed: Mixed, query: str, mode: SearchMode) -> None:
    bank = mixed.bank
    started = time.perf_counter()
    matches = bank.search(query, mode=mode)
    assert time.perf_counter() - started < 2.0
    assert all(isinstance(match, PatternMatch) for match in matches)
    bank.find_pattern(PatternSearchCriteria(query=query, tags=[query[:64]]))
    bank.find_matching_patterns(
        PatternSearchContext(
            query=query, code_type=query, keywords=[query], source_code=query, language="python"
        )
    )


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(query=st.text(st.characters(codec=None)), mode=st.sampled_from(MODES))
def test_random_text_is_a_legal_query(mixed: Mixed, query: str, mode: SearchMode) -> None:
    mixed.bank.search(query, mode=mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", ["", "  \n", "!!!", "🔥"])
def test_a_query_without_a_word_is_answered_by_evidence(
    mixed: Mixed, query: str, mode: SearchMode
) -> None:
    bank, patterns = mixed.bank, mixed.patterns
    matches = bank.search(query, mode=mode, limit=400)
    assert len(matches) == len(patterns)
    assert matches[0].vector_score is None
    assert matches[0].reasons == ("not used yet",)


# -- what comes first ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_identifiers_are_found_by_their_parts(
    memory_bank: QEReasoningBank, pattern: Make, mode: SearchMode
) -> None:
    memory_bank.store_patterns(
        [
            pattern("one", description="", template="parseHTTPResponse(loginUser)"),
            pattern("two", description="", template="cart_total.compute_price()"),
            pattern("three", description="", template="wait_for_email(queue)"),
        ]
    )
    for query, name in (
        ("login user", "one"),
        ("http response", "one"),
        ("loginUser", "one"),
        ("total price", "two"),
        ("cart_total", "two"),
        ("email", "three"),
    ):
        assert memory_bank.search(query, mode=mode)[0].pattern.name == name, query


def test_preferences_lift_and_never_exclude(memory_bank: QEReasoningBank, pattern: Make) -> None:
    for framework, language in (("pytest", "python"), ("jest", "typescript")):
        memory_bank.store_pattern(
            pattern("login works", framework=framework, language=language, template="login()")
        )
    for framework, language in (("pytest", "python"), ("jest", "typescript")):
        matches = memory_bank.find_matching_patterns(
            PatternSearchContext(query="login", framework=framework, language=language)
        )
        assert len(matches) == 2
        assert matches[0].pattern.framework == framework
        assert f"framework {framework}" in matches[0].reasons
        assert f"language {language}" in matches[0].reasons
        assert f"framework {framework}" not in matches[1].reasons


def test_keywords_and_code_type_lift(memory_bank: QEReasoningBank, pattern: Make) -> None:
    memory_bank.store_patterns(
        [
            pattern("a login", template="login()", tags=["rest"], category="integration"),
            pattern("b login", template="login()", tags=["forms"]),
        ]
    )
    for context in (
        PatternSearchContext(query="login", keywords=["forms"]),
        PatternSearchContext(query="login", code_type="forms"),
        PatternSearchContext(query="login", code_type="unit"),
    ):
        assert memory_bank.search(context)[0].pattern.name == "b login", context
    matches = memory_bank.search(PatternSearchContext(query="login", keywords=["forms"]))
    assert any(reason.startswith("keywords") for reason in matches[0].reasons)
    assert not any(reason.startswith("keywords") for reason in matches[1].reasons)


def test_source_code_asks_for_the_names_it_defines(
    memory_bank: QEReasoningBank, pattern: Make
) -> None:
    memory_bank.store_patterns(
        [pattern("cart", template="compute_total(cart)"), pattern("mail", template="send_mail()")]
    )
    for source in (
        "def compute_total(cart):\n    return 1\n",
        "export async function computeTotal(cart) {}",
        "class ComputeTotal:\n    pass",
    ):
        matches = memory_bank.search(PatternSearchContext(source_code=source))
        assert matches[0].pattern.name == "cart", source


def test_a_proven_pattern_is_above_an_untried_and_that_above_a_failing_one(
    memory_bank: QEReasoningBank, pattern: Make
) -> None:
    ids = [memory_bank.store_pattern(pattern("login", source=f"{n}.py:1")).id for n in range(3)]
    for _ in range(5):
        memory_bank.record_usage(ids[2], PatternUsageContext(success=True))
        memory_bank.record_usage(ids[0], PatternUsageContext(success=False))
    for query in ("login", ""):
        matches = memory_bank.search(query)
        assert [match.pattern.id for match in matches] == [ids[2], ids[1], ids[0]], query
        assert "worked 5 of 5 times" in matches[0].reasons
        assert "worked 0 of 5 times" in matches[2].reasons


def test_reasons_name_words_and_meaning(memory_bank: QEReasoningBank, pattern: Make) -> None:
    memory_bank.store_pattern(pattern("password reset", description="", template="reset(password)"))
    reasons = memory_bank.search("reset the password of a user")[0].reasons
    assert "words: password, reset" in reasons
    assert any(reason.startswith("similar meaning (0.") for reason in reasons)


# -- similar -------------------------------------------------------------------------------------


def test_similar_patterns_leave_out_the_one_asked_for(
    mixed: Mixed,
) -> None:
    bank, patterns, embeddings = mixed.bank, mixed.patterns, mixed.embeddings
    for row in (0, 17, 399):
        matches = bank.find_similar_patterns(patterns[row].id, 5)
        cosines = embeddings @ embeddings[row]
        cosines[row] = -2
        best = np.sort(cosines)[::-1][:5]
        assert [match.vector_score for match in matches] == pytest.approx(
            np.clip(best, 0, 1).tolist(), abs=1e-5
        )
        assert [match.rank for match in matches] == [1, 2, 3, 4, 5]
        assert patterns[row].id not in {match.pattern.id for match in matches}


def test_similar_patterns_show_near_duplicates_first(
    memory_bank: QEReasoningBank, pattern: Make
) -> None:
    code = "def test_it():\n    user = make_user()\n    assert login(user, {}).status == 200\n"
    same = [pattern(f"login {n}", description="", template=code.format(n)) for n in range(4)]
    others = [
        pattern(" ".join(chosen), template="\n".join(chosen))
        for chosen in itertools.islice(itertools.permutations(WORDS, 3), 0, 1500, 50)
    ]
    memory_bank.store_patterns(same + others)
    matches = memory_bank.find_similar_patterns(same[0].id, 3)
    assert {match.pattern.id for match in matches} == {one.id for one in same[1:]}


def test_near_duplicates_make_room_and_are_named(
    memory_bank: QEReasoningBank, pattern: Make
) -> None:
    code = "def test_it_{}():\n    user = make_user()\n    assert login(user).status == 200\n"
    same = [pattern(f"login {n}", description="", template=code.format(n)) for n in range(4)]
    other = pattern("logout", description="", template="for page in pages: page.close(login)")
    memory_bank.store_patterns([*same, other])
    matches = memory_bank.search("login user", limit=2)
    assert {match.pattern.name[:6] for match in matches} == {"login ", "logout"}
    hidden = {id for match in matches for id in match.near_duplicates}
    assert len(hidden) == 3
    assert hidden < {one.id for one in same}
    assert len(memory_bank.search("login user", limit=5)) == 5


def test_copies_of_one_test_do_not_crowd_out_the_others(
    memory_bank: QEReasoningBank, pattern: Make
) -> None:
    code = "def test_it_{}():\n    user = make_user()\n    assert login(user).status == 200\n"
    same = [pattern("login user", id=f"same-{n}", template=code.format(n)) for n in range(120)]
    others = [
        pattern(f"page {n}", description="", template=f"assert page_{n}(login, {n}).shows('{n}')")
        for n in range(12)
    ]
    memory_bank.store_patterns([*same, *others])
    for mode in ("hybrid", "text", "vector"):
        matches = memory_bank.search("login user", limit=10, mode=mode)
        assert sum(match.pattern.name == "login user" for match in matches) == 1
        assert len(matches) == 10
        assert len(matches[0].near_duplicates) == 119
    shown = memory_bank.search("login user", limit=10, group=False)
    assert {match.pattern.name for match in shown} == {"login user"}


def test_siblings_that_differ_in_their_values_are_no_near_duplicates(
    memory_bank: QEReasoningBank, pattern: Make
) -> None:
    code = "def test_it():\n    user = make_user()\n    assert login(user).status == {}\n"
    codes = (200, 401, 403, 500)
    siblings = [pattern(f"login {n}", description="", template=code.format(n)) for n in codes]
    report = memory_bank.store_patterns(siblings)
    assert [result.near_duplicate_of for result in report.results] == [None] * 4
    matches = memory_bank.search("login user", limit=2)
    assert [match.near_duplicates for match in matches] == [(), ()]


def test_similar_to_an_unknown_pattern_is_refused(memory_bank: QEReasoningBank) -> None:
    with pytest.raises(PatternNotFoundError, match="no pattern has the id 'x'"):
        memory_bank.find_similar_patterns("x")


def test_an_empty_bank_answers_nothing(memory_bank: QEReasoningBank) -> None:
    for mode in MODES:
        assert memory_bank.search("login", mode=mode) == []
        assert memory_bank.search("", mode=mode) == []
