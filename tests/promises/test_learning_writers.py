"""Promise 24: several processes learn for one agent: no update is lost, the values are exact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.learning import LearningEngine, QLearningConfig, SQLiteLearningBackend
from aqe.learning.q_learning.q_learner import QLearner
from aqe.schema import AgentAction, Task, TaskResult

AGENT = "shared"
STRATEGIES = ("fast", "thorough", "random")


def learn(path: Path, writer: int, count: int) -> None:
    engine = LearningEngine(AGENT, path)
    for number in range(count):
        strategy = STRATEGIES[(writer + number) % len(STRATEGIES)]
        result = TaskResult(
            success=(writer * 7 + number) % 3 > 0,
            action=AgentAction(strategy=strategy),
            execution_time_ms=float(number % 40) * 1000,
        )
        task = Task(id=f"{writer}-{number}", type=f"type-{number % 4}", description="learn")
        engine.learn_from_execution(task, result)
    engine.close()


@pytest.mark.parametrize(
    ("writers", "count"), [(4, 50), pytest.param(8, 1_000, marks=pytest.mark.slow)]
)
def test_learning_writers(
    writers: int,
    count: int,
    path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    sound: Callable[[Path], None],
    promise: Callable[..., None],
) -> None:
    joined([forked(learn, path, writer, count) for writer in range(writers)])
    engine = LearningEngine(AGENT, path)
    engine.flush()
    engine.close()
    with SQLiteLearningBackend(path) as backend, backend.reading(long=True) as reader:
        cells = {
            (cell.state_key, cell.action_key): (cell.q_value, cell.update_count)
            for cell in reader.q_values(AGENT)
        }
        serial = QLearner(AGENT)
        for transition in reader.transitions(AGENT):
            serial.apply(transition, QLearningConfig())
    visits = sum(update_count for _, update_count in cells.values())
    wanted = {(c.state_key, c.action_key): c.q_value for c in serial.changed_cells()}
    worst = max(abs(wanted[key] - cells[key][0]) for key in wanted)
    promise(
        24,
        f"{writers} processes x {count:,}: {visits:,} of {writers * count:,} visits, values differ"
        f" from a serial replay by {worst:.1e} at most",
    )
    assert visits == writers * count
    assert wanted.keys() == cells.keys()
    assert worst <= 1e-9
    sound(path)
