"""An engine over every backend: the same Q-values, and a check that finds what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aqe.learning import (
    LearningBackend,
    LearningEngine,
    LearningTuning,
    QLearningConfig,
    SQLiteLearningBackend,
    check_learning,
    repair_learning,
    run_cycle,
)
from aqe.learning.config import UPDATE_RULES, UpdateRule
from aqe.learning.storage.learning_rows import SnapshotMark
from aqe.schema import Task, TaskResult

from ..conftest import learn, outcome, q_values
from .memory_backend import MemoryBackend

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_history_counts_equal_the_counters(backend: LearningBackend) -> None:
    with LearningEngine("a", backend=backend, tuning=LearningTuning(max_replay=10)) as engine:
        learn(engine, 40)
        assert engine.archive(keep=15) == 25
    with backend.writing() as writer:
        counts = writer.history_counts("a")
        agent = writer.agent("a")
        assert agent is not None
        assert (agent.experience_count, agent.last_experience) == counts[:2]
        assert {key: value[1:] for key, value in counts.records.items()} == {
            (found.task_type, found.strategy): (found.success_count, found.usage_count)
            for found in writer.strategy_records("a")
        }
        assert writer.recount("a") == 0


def test_check_finds_and_repair_fixes_wrong_q_values(backend: LearningBackend) -> None:
    with LearningEngine("a", backend=backend) as engine, LearningEngine("b", backend=backend) as b:
        learn(engine, 25)
        learn(b, 12)
        right = q_values(engine)
    assert check_learning(backend) == []
    with backend.writing() as writer:
        agent = writer.agent("a")
        assert agent is not None
        cell = next(writer.q_values("a"))
        mark = SnapshotMark(agent.snapshot_count, agent.snapshot_experience, 0.1)
        writer.store_q_values("a", [cell._replace(q_value=9.0)], mark, at=NOON.isoformat())
    (problem,) = check_learning(backend)
    assert (problem.subject, problem.repair) == ("a", "rebuild")
    assert problem.message == "1 of its Q-values differ from those of its history"
    assert repair_learning(backend) == ["a"]
    assert check_learning(backend) == []
    with LearningEngine("a", backend=backend) as engine:
        assert q_values(engine) == right


def learned_in_two_runs(backend: LearningBackend, config: QLearningConfig) -> list[object]:
    """Returns all that can be asked of an engine that learned, was closed, and learned on."""
    with LearningEngine("a", backend=backend, config=config, clock=lambda: NOON) as engine:
        learn(engine, 45)
    with LearningEngine("a", backend=backend, config=config, clock=lambda: NOON) as engine:
        learn(engine, 30, start=45)
        assert not run_cycle(backend, clock=lambda: NOON).failed
        analytics = engine.get_analytics("all")
        return [
            engine.export(experiences=False),
            engine.get_q_learning_stats(),
            engine.get_patterns(),
            engine.get_failure_patterns(),
            engine.recommend_strategy(outcome(1)[0]),
            analytics.rewards,
            analytics.success_rate,
            [(group.name, group.experiences) for group in analytics.by_task_type],
            [(group.name, group.experiences) for group in analytics.by_strategy],
        ]


@pytest.mark.parametrize("rule", UPDATE_RULES)
def test_an_engine_learns_the_same_over_every_backend(
    backend: LearningBackend, rule: UpdateRule, tmp_path: Path
) -> None:
    """Q-values and their order are those over an SQLite file, bit for bit."""
    config = QLearningConfig(update_rule=rule)
    with SQLiteLearningBackend(tmp_path / "reference.db") as reference:
        expected = learned_in_two_runs(reference, config)
    assert learned_in_two_runs(backend, config) == expected


def test_engine_refuses_both_a_database_and_a_backend(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="either database or backend"):
        LearningEngine("a", tmp_path / "learning.db", backend=MemoryBackend())


def test_engine_leaves_an_injected_backend_open() -> None:
    backend = SQLiteLearningBackend()
    with LearningEngine("a", backend=backend) as engine:
        engine.learn_from_execution(Task(type="t"), TaskResult(success=True, action="s"))
    with backend.reading() as reader:
        assert len(reader.agents()) == 1
    backend.close()
