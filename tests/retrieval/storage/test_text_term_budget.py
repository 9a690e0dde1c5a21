"""Words of a query by rarity, within what a search can pay for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.storage.sqlite import PatternStore
from aqe.retrieval.storage.sqlite import text_term_budget as term_choice
from aqe.retrieval.storage.sqlite.text_index import TextLeg
from aqe.retrieval.storage.sqlite.text_term_budget import TermChoice
from aqe.schema import Database, PatternSearchCriteria, TestPattern

# "common" stands in all 60 patterns, "half" in 30, "tenth" in 6, "single" in one.
COUNT = 60


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[QEReasoningBank]:
    with QEReasoningBank(tmp_path / "aqe.db", encoder=HashingEncoder()) as bank:
        bank.store_patterns(
            TestPattern(
                id=f"p{number}",
                name="common "
                + " ".join(
                    word
                    for word, step in (("half", 2), ("tenth", 10), ("single", COUNT))
                    if number % step == 0
                ),
                description=f"number{number}",
                category="unit",
                framework="pytest" if number % 3 else "jest",
                language="python" if number % 3 else "typescript",
            )
            for number in range(COUNT)
        )
        yield bank


def chosen(database: Database, *terms: str, choice: TermChoice | None = None) -> list[str]:
    with database.read() as connection:
        return list((choice or TermChoice()).affordable(connection, terms).looked_up)


def test_all_words_that_are_there_fit_a_small_bank(bank: QEReasoningBank) -> None:
    assert chosen(bank.database, "common", "absent", "single") == ["common", "single"]


def test_rare_words_come_first_within_the_budget(
    bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = ("common", "single", "half", "tenth")
    for budget, expected in ((7, ["single", "tenth"]), (37, ["single", "half", "tenth"])):
        monkeypatch.setattr(term_choice, "DOCUMENT_BUDGET", budget)
        assert chosen(bank.database, *terms) == expected


def test_the_rarest_word_is_looked_up_whatever_it_costs(
    bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(term_choice, "DOCUMENT_BUDGET", 3)
    assert chosen(bank.database, "common", "absent") == ["common"]
    assert chosen(bank.database, "absent", "missing") == ["absent", "missing"]


def test_less_rare_words_weigh_in_without_bringing_documents(
    bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(term_choice, "DOCUMENT_BUDGET", 7)
    monkeypatch.setattr(term_choice, "WEIGHING_BUDGET", 37)
    terms = ("common", "half", "tenth", "single")
    with bank.database.read() as connection:
        found = TermChoice().affordable(connection, terms)
    assert found == term_choice.ChosenTerms(("tenth", "single"), ("half", "tenth", "single"))
    limited = PatternStore(bank.database, bank.encoder_identity)
    with limited.reading() as session:
        limited_scores = session.text.candidates(terms, COUNT, PatternSearchCriteria())
    monkeypatch.setattr(term_choice, "DOCUMENT_BUDGET", 37)
    everything = PatternStore(bank.database, bank.encoder_identity)
    with everything.reading() as session:
        scores = session.text.candidates(terms, COUNT, PatternSearchCriteria())
    assert len(limited_scores) == 6
    assert limited_scores == {row: scores[row] for row in limited_scores}


def test_words_of_more_than_half_the_bank_say_nothing(
    bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(term_choice, "MIN_DOCUMENTS", COUNT)
    assert chosen(bank.database, "common", "half") == ["half"]


def test_counts_are_kept_until_the_bank_has_grown(
    bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = TermChoice()
    monkeypatch.setattr(term_choice, "DOCUMENT_BUDGET", 10)
    assert chosen(bank.database, "single", "tenth", choice=choice) == ["single", "tenth"]
    bank.store_patterns(
        TestPattern(
            name=f"single more {number}",
            description="x",
            category="unit",
            framework="pytest",
            language="python",
        )
        for number in range(20)
    )
    assert chosen(bank.database, "single", "tenth", choice=choice) == ["tenth"]


def test_what_is_known_is_bounded(bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(term_choice, "MAX_KNOWN", 1)
    choice = TermChoice()
    for terms in (("single", "tenth"), ("half", "single"), ("tenth", "common")):
        assert set(chosen(bank.database, *terms, choice=choice)) == set(terms)


def test_a_search_by_words_alone_is_filled_from_frequent_words(
    bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(term_choice, "DOCUMENT_BUDGET_ALONE", 3)
    found = bank.search("single common", mode="text", limit=10)
    assert len(found) == 10
    assert found[0].pattern.id == "p0"


@pytest.mark.parametrize("tight", [0, 1_000])
def test_filters_of_the_text_leg_are_exact(
    bank: QEReasoningBank, monkeypatch: pytest.MonkeyPatch, tight: int
) -> None:
    monkeypatch.setattr("aqe.retrieval.storage.sqlite.filter_plan.TIGHT_ROWS", tight)
    store = PatternStore(bank.database, bank.encoder_identity)
    criteria = PatternSearchCriteria(framework="jest")
    for k in (1, 5, 20, 50):
        with store.reading() as session:
            everything = session.text.candidates(["common", "half"], COUNT, PatternSearchCriteria())
            wanted = [row for row in everything if (row - 1) % 3 == 0][:k]
            assert list(session.text.candidates(["common", "half"], k, criteria)) == wanted


@pytest.mark.parametrize(
    "criteria", [PatternSearchCriteria(), PatternSearchCriteria(framework="jest")]
)
@pytest.mark.parametrize("tight", [0, 1_000])
@pytest.mark.parametrize("budget", [7, 37, 1_000])
def test_what_another_leg_brought_is_scored_with_the_best(
    bank: QEReasoningBank,
    monkeypatch: pytest.MonkeyPatch,
    criteria: PatternSearchCriteria,
    tight: int,
    budget: int,
) -> None:
    monkeypatch.setattr("aqe.retrieval.storage.sqlite.filter_plan.TIGHT_ROWS", tight)
    monkeypatch.setattr(term_choice, "DOCUMENT_BUDGET", budget)
    terms, others = ("half", "tenth", "single"), {1, 4, 7, 43}
    with PatternStore(bank.database, bank.encoder_identity).reading() as session:
        every = TextLeg(session.connection).candidates(terms, COUNT, PatternSearchCriteria())
        best = session.text.candidates(terms, 2, criteria)
        found = session.text.candidates(terms, 2, criteria, others=others)
    assert len(best) == 2
    assert found == {row: every[row] for row in every if row in best or row in others}
    assert list(found) == [row for row in every if row in found]


@pytest.mark.parametrize(("term", "times"), [("number7", 2), ("single", 1)])
def test_a_word_with_a_digit_counts_twice(bank: QEReasoningBank, term: str, times: int) -> None:
    with PatternStore(bank.database, bank.encoder_identity).reading() as session:
        once = session.connection.execute(
            "select rowid, -bm25(patterns_fts, 8, 2, 2, 2) from patterns_fts"
            " where patterns_fts match ?",
            (term,),
        ).fetchall()
        found = session.text.candidates([term], 2, PatternSearchCriteria())
    assert found == {row: pytest.approx(times * float(str(bm25))) for row, bm25 in once}
