"""The pure parts of ranking: evidence, fusion, words and the texts that stand for a pattern."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.models import QueryEmbedding
from aqe.retrieval.quality.success_bound import UNUSED_EVIDENCE, evidence_of, quality_with_use
from aqe.retrieval.ranking.fusion import fuse
from aqe.retrieval.ranking.query_fit import spreads_of, telling_pieces
from aqe.retrieval.ranking.ranking_tuning import RankingTuning
from aqe.retrieval.storage.sqlite.text_index import match_expression
from aqe.retrieval.text.pattern_text import context_query, embedded_text, text_hash
from aqe.retrieval.text.tokens import (
    MAX_QUERY_TERMS,
    all_words,
    indexed_text,
    query_terms,
    weighted_terms,
    words_in,
)
from aqe.schema import PatternSearchContext, TestPattern

Make = Callable[..., TestPattern]


# -- evidence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "uses", "bound"),
    [(0, 0, UNUSED_EVIDENCE), (0, 1, 0.0), (1, 1, 0.5), (10, 10, 10 / 11), (0, 50, 0.0)],
)
def test_evidence_is_the_lower_wilson_bound(successes: int, uses: int, bound: float) -> None:
    assert evidence_of(successes, uses) == pytest.approx(bound)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_evidence_solves_wilsons_equation(successes: int, failures: int) -> None:
    uses = successes + failures
    if uses == 0:
        return
    bound, rate = evidence_of(successes, uses), successes / uses
    assert 0 <= bound <= rate + 1e-12
    # The bound p is where the observed rate lies one standard deviation of p above p.
    assert rate - bound == pytest.approx(math.sqrt(bound * (1 - bound) / uses), abs=1e-6)


def test_evidence_grows_with_success_and_with_use() -> None:
    assert evidence_of(3, 4) < evidence_of(30, 40) < evidence_of(31, 40)
    assert evidence_of(0, 1) < evidence_of(1, 2) < UNUSED_EVIDENCE < evidence_of(1, 1)


@pytest.mark.parametrize(("successes", "uses"), [(-1, 1), (2, 1), (0, -1)])
def test_evidence_refuses_impossible_counts(successes: int, uses: int) -> None:
    with pytest.raises(ValueError, match="success_count must be from 0 to usage_count"):
        evidence_of(successes, uses)


def test_quality_counts_success_from_the_first_use_on() -> None:
    assert quality_with_use(0.5, 0, 0) == 0.5
    assert quality_with_use(0.5, 1, 1) == pytest.approx(0.6)
    assert quality_with_use(0.5, 0, 9) == pytest.approx(0.4)


# -- fusion --------------------------------------------------------------------------------------

shares = st.floats(0, 1)


def test_nothing_fused_is_nothing() -> None:
    assert fuse([], {}, {}, {}) == []


@given(
    st.dictionaries(st.integers(0, 50), st.tuples(shares, shares, shares), min_size=1),
    st.sets(st.integers(0, 50)),
    st.sets(st.integers(0, 50)),
)
def test_fused_scores_are_ordered_and_complete(
    candidates: dict[int, tuple[float, float, float]], no_vector: set[int], no_text: set[int]
) -> None:
    keys = sorted(candidates)
    cosines = {key: 2 * candidates[key][0] - 1 for key in keys if key not in no_vector}
    bm25 = {key: 20 * candidates[key][1] for key in keys if key not in no_text}
    rules = {key: candidates[key][2] for key in keys}
    fused = fuse(keys, cosines, bm25, rules)
    assert sorted(one.key for one in fused) == keys
    assert fused == sorted(fused, key=lambda one: (-one.score, one.key))
    for one in fused:
        assert (one.vector_score is None) == (one.key in no_vector)
        assert one.rule_score == rules[one.key]
        for score in (one.vector_score, one.text_score):
            assert score is None or 0 <= score <= 1
        if one.key in no_text:
            assert one.text_score is None


@pytest.mark.parametrize("leg", [0, 1, 2])
def test_more_of_any_part_is_never_lower(leg: int) -> None:
    parts = [{1: 0.5, 2: 0.5}, {1: 5.0, 2: 5.0}, {1: 0.5, 2: 0.5}]
    assert [one.key for one in fuse([1, 2], *parts)] == [1, 2]  # a tie: the older first
    parts[leg] = {1: parts[leg][1], 2: parts[leg][2] * 1.5}
    assert [one.key for one in fuse([1, 2], *parts)] == [2, 1]


# -- spread --------------------------------------------------------------------------------------


def test_telling_pieces_leave_out_stop_words_and_punctuation() -> None:
    vectors = np.eye(4, dtype=np.float32)
    query = QueryEmbedding(vectors[0], ("the", "login", ",", "##s"), vectors)
    np.testing.assert_array_equal(telling_pieces(query), vectors[[1, 3]])
    nothing = QueryEmbedding(vectors[0], (), vectors[:0])
    assert telling_pieces(nothing).shape == (0, 4)


def test_spread_is_smaller_where_all_pieces_fit() -> None:
    pieces = np.eye(2, dtype=np.float32)
    even, uneven = np.full(2, 0.5**0.5, np.float32), pieces[0]
    spreads = spreads_of([3, 5], np.stack([even, uneven]), pieces)
    assert spreads == {3: 0.0, 5: 0.5}
    assert spreads_of([3], even[None], pieces[:1]) == {}
    assert spreads_of([], pieces[:0], pieces) == {}
    first, second = fuse([3, 5], {3: 0.7, 5: 0.7}, {}, {3: 0.0, 5: 0.0}, spreads=spreads)
    assert (first.key, second.key) == (3, 5)
    assert first.score - second.score == pytest.approx(RankingTuning().spread_weight * 0.5)


# -- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("parseHTTPResponse", ["parsehttpresponse", "parse", "http", "response"]),
        ("snake_case_name", ["snake", "case", "name"]),
        ("x.b.loginUser()", ["x", "b", "loginuser", "login", "user"]),
        ("user2Name", ["user2name", "user2", "name"]),
        ("the login of a user", ["login", "user"]),
        ("to be or not to be", ["to", "be", "or", "not"]),
        ("login Login LOGIN", ["login"]),
        ("Zürich naïve", ["zürich", "naïve"]),
        ("!!! --", []),
        ("x\0b", ["x", "b"]),
    ],
)
def test_query_terms_split_identifiers(text: str, terms: list[str]) -> None:
    assert query_terms(text) == terms


def test_query_terms_are_bounded() -> None:
    terms = query_terms(" ".join(f"w{n}" for n in range(1_000)))
    assert terms == [f"w{n}" for n in range(MAX_QUERY_TERMS)]
    assert len(all_words(" ".join(f"w{n}" for n in range(1_000)))) == 1_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x.loginUser()", {"loginuser", "login", "user"}),
        ("parseHTTPResponse", {"http", "response"}),
        ("snake_case", {"snake", "case"}),
        ("loginUsers BAR", {"login"}),
        ("\u0130stanbul user", {"user"}),
    ],
)
def test_words_in_a_text_are_between_boundaries(text: str, words: set[str]) -> None:
    wanted = ("loginuser", "login", "user", "http", "response", "snake", "case", "ar", "nake")
    assert words_in(text, wanted) == words


@given(st.text(st.sampled_from("abAB1_ .\u00e9"), max_size=30))
def test_words_in_a_text_are_those_it_is_split_into(text: str) -> None:
    words = all_words(text)
    assert words_in(text, words) == words


def test_indexed_text_keeps_an_identifier_next_to_its_parts() -> None:
    assert indexed_text("x = parseHTTPResponse(user)") == (
        "x = parseHTTPResponse parse HTTP Response(user)"
    )


@given(st.text(st.characters(codec=None)))
def test_match_expression_quotes_every_term(text: str) -> None:
    terms = query_terms(text)
    expression = match_expression(terms)
    if terms:
        assert re.fullmatch(r'"(?:[^"]|"")+"(?: OR "(?:[^"]|"")+")*', expression)
    expression.encode()
    indexed_text(text).encode()


def test_weighted_terms_count_words_with_a_digit_twice() -> None:
    assert weighted_terms(["sha", "sha256", "7"]) == ["sha", "sha256", "7", "sha256", "7"]


# -- texts ---------------------------------------------------------------------------------------


def test_code_is_the_examples_or_else_the_template(pattern: Make) -> None:
    assert pattern(template="t", examples=["a", "b"]).code == "a\n\nb"
    assert pattern(template="t").code == "t"


def test_embedded_text_says_nothing_twice(pattern: Make) -> None:
    assert embedded_text(pattern("n", description="d", template="t")) == "n\nd\nt"
    assert embedded_text(pattern("n", description="", template="t")) == "n\nt"
    assert embedded_text(pattern("test_x", description="say", template="def test_x(): 'say'")) == (
        "def test_x(): 'say'"
    )


def test_context_query_joins_words_and_defined_names() -> None:
    context = PatternSearchContext(
        query=" q ",
        code_type="api",
        keywords=["k1", " "],
        source_code="def compute(): pass\nclass Cart:\n  def compute(self): pass\nconst ab = 1\n"
        "export default function renderAll() {}",
    )
    assert context_query(context) == "q api k1 compute Cart renderAll"
    many = "\n".join(f"def name_{n}(): pass" for n in range(100))
    assert len(context_query(PatternSearchContext(source_code=many)).split()) == 24


def test_text_hash_takes_any_text() -> None:
    assert len({text_hash(""), text_hash("a"), text_hash("\ud800"), text_hash("?")}) == 4
