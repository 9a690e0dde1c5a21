"""A match says whether it is about what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternSearchCriteria, TestPattern

Make = Callable[..., TestPattern]
LINES = "\n".join(f"    assert cart.total({number}) == {number}" for number in range(200))
LONG = f"def test_cart():\n{LINES}\n    expect(x).toMatchSnapshot()"


class CertainEncoder(HashingEncoder):
    """The hashing encoder, with a threshold."""

    strong_cosine = 0.6


@pytest.fixture
def certain(pattern: Make) -> Iterator[QEReasoningBank]:
    """A bank whose encoder has a threshold."""
    with QEReasoningBank(encoder=CertainEncoder(256)) as bank:
        bank.store_patterns(
            [
                pattern("login fails", description="", template="login(wrong_password)"),
                pattern("cart", template=LONG),
            ]
        )
        yield bank


def strength_of(bank: QEReasoningBank, query: str, **options: object) -> object:
    return bank.search(query, limit=1, **options)[0].strength  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "strength"),
    [
        ("login with a wrong password", "strong"),  # by its cosine
        ("wrong", "strong"),  # by its words: all of them
        ("login to a refrigerator of penguins", "weak"),
        ("zebra", "weak"),
    ],
)
def test_a_match_is_strong_by_its_cosine_or_by_every_word(
    certain: QEReasoningBank, query: str, strength: str
) -> None:
    assert strength_of(certain, query) == strength


@pytest.mark.parametrize("mode", ["text", "hybrid"])
def test_without_a_threshold_two_thirds_of_the_words_are_strong(
    memory_bank: QEReasoningBank, pattern: Make, mode: str
) -> None:
    memory_bank.store_pattern(pattern("login fails", template="login(wrong_password)"))
    assert strength_of(memory_bank, "login password zebra", mode=mode) == "strong"
    assert strength_of(memory_bank, "login zebra penguin", mode=mode) == "weak"


def test_an_identifier_far_down_in_a_long_test_is_found(certain: QEReasoningBank) -> None:
    matches = certain.search("toMatchSnapshot", limit=2)
    assert {match.pattern.name: match.strength for match in matches} == {
        "cart": "strong",
        "login fails": "weak",
    }


def test_without_words_to_ask_with_there_is_no_strength(certain: QEReasoningBank) -> None:
    assert strength_of(certain, "") is None
    found = certain.find_pattern(PatternSearchCriteria(framework="pytest"))
    similar = certain.find_similar_patterns(found[0].pattern.id)
    assert {match.strength for match in (*found, *similar)} == {None}


def test_default_encoder_tells_what_a_bank_lacks(pattern: Make) -> None:
    with QEReasoningBank() as bank:
        bank.store_patterns(
            [
                pattern("test_singular_matrix", template="with raises(LinAlgError): inv(zeros)"),
                pattern("test_save_and_load", template="save(file, x)\nassert load(file) == x"),
            ]
        )
        for query, strength in (
            ("save an array to a file and load it", "strong"),
            ("refund a credit card payment", "weak"),
            ("kubernetes pod restart", "weak"),
        ):
            assert strength_of(bank, query) == strength, query
