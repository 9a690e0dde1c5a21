"""Words of a query by rarity, within what a search can pay for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.retrieval.storage.sqlite import SQLitePatternBackend, StorageTuning
from aqe.retrieval.storage.sqlite.text_index import TextIndex
from aqe.retrieval.storage.sqlite.text_term_budget import ChosenTerms, TermBudget
from aqe.schema import Database, PatternSearchCriteria, TestPattern

# "common" is in all 60 patterns, "half" in 30, "tenth" in 6, "single" in one.
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


def chosen(
    database: Database,
    *terms: str,
    tuning: StorageTuning | None = None,
    budget: TermBudget | None = None,
) -> list[str]:
    budget = budget or TermBudget(tuning or StorageTuning())
    with database.read() as connection:
        size = connection.execute("select count(*) from patterns").get
        count = TextIndex(connection).count_documents
        return list(budget.choose(terms, size, count).retrieving)


def backend(bank: QEReasoningBank, **tuning: Any) -> SQLitePatternBackend:
    opened = SQLitePatternBackend(bank.database, tuning=StorageTuning(**tuning))
    opened.open(bank.encoder_identity)
    return opened


def test_all_words_that_are_there_fit_a_small_bank(bank: QEReasoningBank) -> None:
    assert chosen(bank.database, "common", "absent", "single") == ["common", "single"]


def test_rare_words_come_first_within_the_budget(bank: QEReasoningBank) -> None:
    terms = ("common", "single", "half", "tenth")
    for documents, expected in ((7, ["single", "tenth"]), (37, ["single", "half", "tenth"])):
        tuning = StorageTuning(document_budget=documents)
        assert chosen(bank.database, *terms, tuning=tuning) == expected


def test_the_rarest_word_retrieves_whatever_it_costs(bank: QEReasoningBank) -> None:
    tuning = StorageTuning(document_budget=3)
    assert chosen(bank.database, "common", "absent", tuning=tuning) == ["common"]
    assert chosen(bank.database, "absent", "missing", tuning=tuning) == ["absent", "missing"]


def test_less_rare_words_score_without_retrieving_documents(bank: QEReasoningBank) -> None:
    tuning = StorageTuning(document_budget=7, weighing_budget=37)
    terms = ("common", "half", "tenth", "single")
    with bank.database.read() as connection:
        count = TextIndex(connection).count_documents
        found = TermBudget(tuning).choose(terms, COUNT, count)
    assert found == ChosenTerms(("tenth", "single"), ("half", "tenth", "single"))
    with backend(bank, document_budget=7, weighing_budget=37).reading() as session:
        limited_scores = session.text_candidates(terms, COUNT, PatternSearchCriteria())
    with backend(bank, document_budget=37, weighing_budget=37).reading() as session:
        scores = session.text_candidates(terms, COUNT, PatternSearchCriteria())
    assert len(limited_scores) == 6
    assert limited_scores == {row: scores[row] for row in limited_scores}


def test_words_of_more_than_half_the_bank_say_nothing(bank: QEReasoningBank) -> None:
    tuning = StorageTuning(min_documents=COUNT)
    assert chosen(bank.database, "common", "half", tuning=tuning) == ["half"]


def test_counts_are_kept_until_the_bank_has_grown(bank: QEReasoningBank) -> None:
    budget = TermBudget(StorageTuning(document_budget=10))
    assert chosen(bank.database, "single", "tenth", budget=budget) == ["single", "tenth"]
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
    assert chosen(bank.database, "single", "tenth", budget=budget) == ["tenth"]


def test_what_is_known_is_bounded(bank: QEReasoningBank) -> None:
    budget = TermBudget(StorageTuning(max_known_terms=1))
    for terms in (("single", "tenth"), ("half", "single"), ("tenth", "common")):
        assert set(chosen(bank.database, *terms, budget=budget)) == set(terms)


def test_a_search_by_words_alone_is_filled_from_frequent_words(bank: QEReasoningBank) -> None:
    tuning = StorageTuning(document_budget_alone=3)
    small = QEReasoningBank(bank.database, encoder=HashingEncoder(), storage_tuning=tuning)
    found = small.search("single common", mode="text", limit=10)
    assert len(found) == 10
    assert found[0].pattern.id == "p0"


@pytest.mark.parametrize("tight", [0, 1_000])
def test_filters_of_the_text_leg_are_exact(bank: QEReasoningBank, tight: int) -> None:
    filtered = backend(bank, tight_rows=tight)
    criteria = PatternSearchCriteria(framework="jest")
    words = ["common", "half"]
    for k in (1, 5, 20, 50):
        with filtered.reading() as session:
            everything = session.text_candidates(words, COUNT, PatternSearchCriteria())
            wanted = [row for row in everything if (row - 1) % 3 == 0][:k]
            assert list(session.text_candidates(words, k, criteria)) == wanted


@pytest.mark.parametrize(
    "criteria", [PatternSearchCriteria(), PatternSearchCriteria(framework="jest")]
)
@pytest.mark.parametrize("tight", [0, 1_000])
@pytest.mark.parametrize("budget", [7, 37, 1_000])
def test_what_another_leg_found_is_scored_with_the_best(
    bank: QEReasoningBank, criteria: PatternSearchCriteria, tight: int, budget: int
) -> None:
    terms, others = ("half", "tenth", "single"), {1, 4, 7, 43}
    with backend(bank, tight_rows=tight, document_budget=budget).reading() as session:
        every = TextIndex(session.connection).candidates(terms, COUNT)
        best = session.text_candidates(terms, 2, criteria)
        found = session.text_candidates(terms, 2, criteria, others=others)
    assert len(best) == 2
    assert found == {row: every[row] for row in every if row in best or row in others}
    assert list(found) == [row for row in every if row in found]


@pytest.mark.parametrize(("term", "times"), [("number7", 2), ("single", 1)])
def test_a_word_with_a_digit_counts_twice(bank: QEReasoningBank, term: str, times: int) -> None:
    with backend(bank).reading() as session:
        once = session.connection.execute(
            "select rowid, -bm25(patterns_fts, 8, 2, 2, 2) from patterns_fts"
            " where patterns_fts match ?",
            (term,),
        ).fetchall()
        found = session.text_candidates([term], 2, PatternSearchCriteria())
    assert found == {row: pytest.approx(times * float(str(bm25))) for row, bm25 in once}
