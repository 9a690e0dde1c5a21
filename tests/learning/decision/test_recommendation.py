"""Recommendations: their order, their confidence and their reasons."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from aqe.learning import LearningEngine, SQLiteLearningBackend, run_cycle
from aqe.schema import AgentAction, Task, TaskResult

SEEN = Task(type="unit-test", complexity=0.1)
UNSEEN = Task(type="unit-test", complexity=0.9)


def teach(engine: LearningEngine, strategy: str, *, good: int, bad: int, task: Task = SEEN) -> None:
    for success in [True] * good + [False] * bad:
        engine.learn_from_execution(task, TaskResult(success=success, action=strategy))


def test_recommendation_without_data_says_so(engine: LearningEngine) -> None:
    answer = engine.recommend_strategy(SEEN)
    assert (answer.strategy, answer.confidence, answer.basis) == (None, 0.0, "no data")
    assert answer.reasoning.startswith("no data")
    teach(engine, "alpha", good=3, bad=0)
    answer = engine.recommend_strategy(SEEN, ["beta"])
    assert (answer.strategy, answer.basis) == (None, "no data")
    assert "with the actions offered" in answer.reasoning
    assert engine.recommend_strategy(Task(type="other")).strategy is None


def test_recommendation_takes_the_highest_q_value_of_the_state(engine: LearningEngine) -> None:
    teach(engine, "alpha", good=2, bad=6)
    teach(engine, "beta", good=7, bad=1)
    teach(engine, "gamma", good=4, bad=4)
    answer = engine.recommend_strategy(SEEN)
    assert (answer.strategy, answer.basis, answer.evidence) == ("beta", "state", 8)
    assert answer.expected_reward == engine.get_q_value(SEEN, "beta")
    assert "7 of 8" in answer.reasoning
    assert [other.strategy for other in answer.alternatives] == ["gamma", "alpha"]
    assert answer.alternatives[0].success_rate == 0.5
    assert engine.recommend_strategy(SEEN, ["alpha", "gamma"]).strategy == "gamma"


def test_recommendation_gives_at_most_three_alternatives(engine: LearningEngine) -> None:
    for number in range(6):
        teach(engine, f"s{number}", good=number + 1, bad=0)
    answer = engine.recommend_strategy(SEEN)
    assert answer.strategy == "s5"
    assert [other.strategy for other in answer.alternatives] == ["s4", "s3", "s2"]


def test_confidence_grows_with_evidence(engine: LearningEngine) -> None:
    confidences = []
    for _ in range(30):
        teach(engine, "alpha", good=1, bad=0)
        confidences.append(engine.recommend_strategy(SEEN).confidence)
    assert confidences == sorted(confidences)
    assert len(set(confidences)) == 30
    assert 0 < confidences[0] < 0.2 < 0.8 < confidences[-1] < 1


def test_unknown_state_falls_back_to_the_task_type_and_says_so(engine: LearningEngine) -> None:
    teach(engine, "alpha", good=1, bad=5)
    teach(engine, "beta", good=5, bad=1)
    answer = engine.recommend_strategy(UNSEEN)
    assert (answer.strategy, answer.basis, answer.action) == ("beta", "task type", None)
    assert "this state was never seen" in answer.reasoning
    assert answer.confidence < engine.recommend_strategy(SEEN).confidence
    assert engine.recommend_strategy(UNSEEN, ["beta"]).action == AgentAction(strategy="beta")


def test_one_lucky_try_does_not_beat_a_long_record(engine: LearningEngine) -> None:
    teach(engine, "proven", good=40, bad=4)
    teach(engine, "lucky", good=1, bad=0)
    assert engine.recommend_strategy(SEEN).strategy == "proven"
    assert engine.recommend_strategy(UNSEEN).strategy == "proven"


def test_recommendation_after_a_restart_is_the_same(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        teach(engine, "alpha", good=4, bad=3)
        teach(engine, "beta", good=6, bad=1)
        before = engine.recommend_strategy(SEEN), engine.recommend_strategy(UNSEEN)
    with LearningEngine("a", path) as engine:
        after = engine.recommend_strategy(SEEN), engine.recommend_strategy(UNSEEN)
    assert [asdict(answer) for answer in after] == [asdict(answer) for answer in before]


def test_retired_strategies_come_last_and_are_named(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        teach(engine, "hopeless", good=0, bad=12)
        answer = engine.recommend_strategy(SEEN)
        assert "retired" not in answer.reasoning
        with SQLiteLearningBackend(path) as backend:
            run_cycle(backend)
        answer = engine.recommend_strategy(SEEN)
        assert answer.strategy == "hopeless"
        assert "retired" in answer.reasoning
        engine.learn_from_execution(
            SEEN, TaskResult(success=False, action="worse", errors=("e",) * 10)
        )
        for _ in range(9):
            engine.learn_from_execution(
                SEEN, TaskResult(success=False, action="worse", errors=("e",) * 10)
            )
        assert engine.recommend_strategy(SEEN).strategy == "worse"  # lower Q, but not retired


def test_winner_of_a_comparison_is_recommended_for_new_states(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        teach(engine, "alpha", good=60, bad=4)
        teach(engine, "beta", good=10, bad=54)
        with SQLiteLearningBackend(path) as backend:
            run_cycle(backend)
        answer = engine.recommend_strategy(UNSEEN)
        assert answer.strategy == "alpha"
        assert "won a comparison with beta" in answer.reasoning


@pytest.mark.parametrize("count", [1, 2])
def test_reasoning_counts_in_words(engine: LearningEngine, count: int) -> None:
    teach(engine, "alpha", good=count, bad=0)
    expected = "after 1 experience;" if count == 1 else "after 2 experiences;"
    assert expected in engine.recommend_strategy(SEEN).reasoning
