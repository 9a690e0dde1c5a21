"""What was learned survives: restarts, kills, other processes, archives, failing writes."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.learning import (
    LearningEngine,
    LearningTuning,
    QLearningConfig,
    SQLiteLearningBackend,
    run_cycle,
)
from aqe.learning.config import UPDATE_RULES, UpdateRule
from aqe.learning.q_learning.q_learner import QLearner
from aqe.learning.storage.learning_rows import Transition
from aqe.learning.storage.sqlite.learning_backend import SQLiteLearningTransaction
from aqe.schema import Database, DatabaseError, LearningError, Task, TaskResult

from .conftest import learn, outcome, q_values

TESTS = str(Path(__file__).resolve().parents[2])

# Learns outcomes from a number on, and notes each in a file once it was acknowledged.
WRITER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from aqe.learning import LearningEngine
from tests.learning.conftest import outcome
engine = LearningEngine("a", sys.argv[2])
notes = os.open(sys.argv[2] + ".acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for number in range(int(sys.argv[3]), int(sys.argv[4])):
    task, result = outcome(number)
    engine.learn_from_execution(task, result, experience_id=f"e{number}")
    os.write(notes, f"{number}\\n".encode())
"""


def serial_replay(path: Path, agent_id: str = "a") -> QLearner:
    """Folds the logged order from the first row on, without any snapshot."""
    learner = QLearner(agent_id)
    with SQLiteLearningBackend(path) as backend, backend.reading(long=True) as reader:
        for transition in list(reader.transitions(agent_id)):
            learner.apply(transition, reader.settings(transition.settings_id))
    return learner


def assert_equals_replay(path: Path, agent_id: str = "a") -> None:
    """The engine's table, opened again, equals the serial replay to 1e-9, visits exactly."""
    oracle = serial_replay(path, agent_id)
    with LearningEngine(agent_id, path) as engine:
        values = q_values(engine)
        epsilon = engine.get_exploration_rate()
    states, actions = oracle.table.tried()
    assert len(values) == len(states)
    for state, action in zip(states.tolist(), actions.tolist(), strict=True):
        value, visits = values[oracle.table.states[state], oracle.table.actions[action]]
        assert value == pytest.approx(oracle.table.value(state, action), abs=1e-9)
        assert visits == oracle.table.visit_count(state, action)
    assert oracle.epsilon is None or epsilon == pytest.approx(oracle.epsilon, abs=1e-12)


@pytest.mark.parametrize("rule", UPDATE_RULES)
@pytest.mark.parametrize("count", [1, 9, 10, 11, 57, 200])
def test_restart_equals_an_uninterrupted_run(tmp_path: Path, rule: UpdateRule, count: int) -> None:
    config = QLearningConfig(update_rule=rule)
    with LearningEngine("a", tmp_path / "whole.db", config=config) as engine:
        learn(engine, count)
        whole = q_values(engine)
    for start in range(0, count, 7):  # a new engine for every seven experiences
        with LearningEngine("a", tmp_path / "parts.db", config=config) as engine:
            learn(engine, min(7, count - start), start=start)
    with LearningEngine("a", tmp_path / "parts.db", config=config) as engine:
        assert q_values(engine) == whole  # bit for bit
    assert_equals_replay(tmp_path / "parts.db")


def test_engines_taking_turns_equal_one_alone(tmp_path: Path) -> None:
    """Snapshots are written by whoever gets to ten; nobody may undo what another has stored."""
    config = QLearningConfig(update_rule="double-q")
    rng = random.Random(4)
    engines = [LearningEngine("a", tmp_path / "shared.db", config=config) for _ in range(3)]
    for number in range(300):
        rng.choice(engines).learn_from_execution(*outcome(number))
        if number % 50 == 0:
            rng.choice(engines).flush()
    tables = [q_values(engine) for engine in engines]
    with LearningEngine("a", tmp_path / "alone.db", config=config) as alone:
        learn(alone, 300)
        assert tables == [q_values(alone)] * 3
    for engine in engines:
        engine.close()
    assert_equals_replay(tmp_path / "shared.db")


def test_settings_that_change_are_replayed_as_they_were(path: Path) -> None:
    for number, config in enumerate(
        (
            QLearningConfig(),
            QLearningConfig(learning_rate=0.5, update_rule="double-q"),
            QLearningConfig(discount_factor=0.5, replay_interval=3, replay_batch=2),
            QLearningConfig(update_rule="expected-sarsa", replay_capacity=20),
        )
    ):
        with LearningEngine("a", path, config=config) as engine:
            learn(engine, 33, start=33 * number)
    assert_equals_replay(path)


def test_snapshot_contains_at_most_nine_experiences_too_few(path: Path) -> None:
    with LearningEngine("a", path) as engine, SQLiteLearningBackend(path) as backend:
        for count in range(1, 35):
            engine.learn_from_execution(*outcome(count))
            with backend.reading() as reader:
                agent = reader.agent("a")
            assert agent is not None
            assert agent.experience_count == count
            assert agent.snapshot_count == count - count % 10


def test_flush_stores_the_rest(path: Path) -> None:
    with LearningEngine("a", path) as engine, SQLiteLearningBackend(path) as backend:
        engine.flush()  # nothing yet
        learn(engine, 7)
        engine.flush()
        with backend.reading() as reader:
            agent = reader.agent("a")
            assert agent is not None
            assert agent.snapshot_count == 7
            stored = {(c.state_key, c.action_key): c.q_value for c in reader.q_values("a")}
        assert stored == {key: value for key, (value, _) in q_values(engine).items()}


def acknowledged_numbers(path: Path) -> set[int]:
    """Returns what the writers have noted; a line that the kill cut off is no word."""
    notes = Path(f"{path}.acknowledged")
    lines = notes.read_text().split("\n")[:-1] if notes.exists() else []
    return {int(line) for line in lines}


def kill_at_random_points(
    path: Path, start_python: Callable[..., subprocess.Popen[str]], *, points: int, seed: int
) -> None:
    rng = random.Random(seed)
    stored = 0
    for point in range(points):
        writer = start_python(WRITER, TESTS, path, stored, 100_000)
        goal = stored + rng.randint(1, 40)
        while len(acknowledged_numbers(path)) < goal:
            assert writer.poll() is None, writer.communicate()[1]
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.003))  # anywhere within an update or its commit
        writer.kill()
        writer.communicate()
        acknowledged = acknowledged_numbers(path)
        with LearningEngine("a", path) as engine:
            ids = {e.experience_id for e in engine.export()["experiences"]}
            lost = {f"e{number}" for number in acknowledged} - ids
            assert not lost, f"seed {seed}, point {point}"
            stored = engine.get_total_experiences()
        assert len(ids) == stored
        # One may be committed and not yet acknowledged; it counts as such from here on.
        assert stored - len(acknowledged) in (0, 1), f"seed {seed}, point {point}"
        if stored > len(acknowledged):
            with Path(f"{path}.acknowledged").open("a") as notes:
                notes.write(f"{stored - 1}\n")
        assert_equals_replay(path)
    whole = path.with_name("whole.db")
    with LearningEngine("a", whole) as engine:
        learn(engine, stored)
        uninterrupted = q_values(engine)
    with LearningEngine("a", path) as engine:
        assert q_values(engine) == uninterrupted  # bit for bit, well within 1e-9


def test_kill_loses_nothing_acknowledged(
    path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    kill_at_random_points(path, start_python, points=8, seed=random.randrange(10**6))


@pytest.mark.slow
def test_kill_at_100_points_loses_nothing_acknowledged(
    path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    kill_at_random_points(path, start_python, points=100, seed=random.randrange(10**6))


def processes_learn_together(
    path: Path,
    start_python: Callable[..., subprocess.Popen[str]],
    *,
    processes: int,
    updates: int,
) -> None:
    writers = [
        start_python(WRITER, TESTS, path, number * updates, (number + 1) * updates)
        for number in range(processes)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=300)
        assert writer.returncode == 0, errors
    with LearningEngine("a", path) as engine:
        assert engine.get_total_experiences() == processes * updates
        assert engine.get_q_learning_stats().updates == processes * updates
        assert sum(pattern.usage_count for pattern in engine.get_patterns()) == processes * updates
        assert engine.get_analytics("all").total_experiences == processes * updates
    assert_equals_replay(path)


def test_four_processes_lose_no_update(
    path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    processes_learn_together(path, start_python, processes=4, updates=60)


@pytest.mark.slow
def test_eight_processes_lose_no_update(
    path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    processes_learn_together(path, start_python, processes=8, updates=500)


def test_failing_commit_leaves_memory_and_disk_in_step(path: Path) -> None:
    with (
        Database(path) as database,
        LearningEngine("a", database) as engine,
    ):
        learn(engine, 25)
        before = q_values(engine)
        connection = database.connection()
        connection.set_commit_hook(lambda: True)  # turns every commit into a rollback
        with pytest.raises((DatabaseError, apsw.Error)):
            engine.learn_from_execution(*outcome(25))
        connection.set_commit_hook(None)
        assert q_values(engine) == before
        learn(engine, 10, start=25)
    with LearningEngine("a", path.with_name("whole.db")) as engine:
        learn(engine, 35)
        whole = q_values(engine)
    with LearningEngine("a", path) as engine:
        assert q_values(engine) == whole


class WatchedTransaction(SQLiteLearningTransaction):
    """Counts the experiences read for the fold, and may be interrupted after some."""

    def __init__(self, connection: apsw.Connection, backend: WatchedBackend) -> None:
        super().__init__(connection)
        self._backend = backend

    def transitions(
        self, agent_id: str, *, after: int = 0, until: int | None = None
    ) -> Iterator[Transition]:
        for transition in super().transitions(agent_id, after=after, until=until):
            if self._backend.folded == self._backend.interrupt_after:
                self._backend.interrupt_after = None
                raise KeyboardInterrupt
            self._backend.folded += 1
            yield transition


class WatchedBackend(SQLiteLearningBackend):
    """A backend on which a test sees, or interrupts, how the history is followed."""

    def __init__(self, path: Path, *, interrupt_after: int | None = None) -> None:
        super().__init__(path)
        self.folded = 0
        self.interrupt_after = interrupt_after

    @contextmanager
    def reading(self, *, long: bool = False) -> Iterator[SQLiteLearningTransaction]:
        with self.database.read() as connection:
            yield WatchedTransaction(connection, self)


def test_interrupted_fold_is_begun_again(path: Path) -> None:
    watched = WatchedBackend(path, interrupt_after=12)
    with LearningEngine("a", backend=watched) as engine, LearningEngine("a", path) as other:
        learn(engine, 5)
        learn(other, 20, start=5)
        with pytest.raises(KeyboardInterrupt):
            engine.get_q_learning_stats()
        assert q_values(engine) == q_values(other)
    watched.close()


def test_archive_keeps_totals_and_the_table(path: Path) -> None:
    config = QLearningConfig(replay_capacity=40)
    tuning = LearningTuning(max_replay=40)
    with LearningEngine("a", path, config=config, tuning=tuning) as engine:
        assert engine.archive(keep=0) == 0
        learn(engine, 95)
        before = q_values(engine), engine.get_patterns(), engine.get_analytics("all").daily
        assert engine.archive(keep=10) == 95 - 40
        assert engine.archive(keep=10) == 0
        assert engine.get_total_experiences() == 95
        assert len(engine.export()["experiences"]) == 95
        learned = engine.learn_from_execution(*outcome(0), experience_id="x")
        assert learned.total_experiences == 96
        with pytest.raises(ValueError, match="keep"):
            engine.archive(keep=-1)
    with LearningEngine("a", path, config=config) as engine:
        assert before[1] != engine.get_patterns()  # one more since
        assert sum(p.usage_count for p in engine.get_patterns()) == 96
        assert engine.get_q_learning_stats().updates == 96
        assert not engine.learn_from_execution(*outcome(0), experience_id="x").learned


def test_archive_does_not_confuse_a_process_that_slept(path: Path) -> None:
    config = QLearningConfig(replay_capacity=20, replay_batch=5)
    tuning = LearningTuning(max_replay=20)
    with LearningEngine("a", path, config=config, tuning=tuning) as sleeper:
        learn(sleeper, 5)
        with LearningEngine("a", path, config=config, tuning=tuning) as other:
            learn(other, 90, start=5)
            assert other.archive(keep=0) > 50  # rows that the sleeper has never seen
            assert q_values(sleeper) == q_values(other)
            learn(sleeper, 5, start=95)
            assert q_values(sleeper) == q_values(other)


def test_experience_order_is_not_reused_after_a_reset(path: Path) -> None:
    with LearningEngine("a", path) as engine, LearningEngine("a", path) as other:
        learn(engine, 12)
        assert other.get_total_experiences() == 12
        engine.reset(confirm=True)
        learn(engine, 12, start=50)
        assert q_values(other) == q_values(engine)


def test_read_only_questions_do_not_write(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        engine.recommend_strategy(Task(type="t"))
        engine.select_action(Task(type="t"), ["x", "y"])
        engine.get_analytics()
        with SQLiteLearningBackend(path) as backend, backend.reading() as reader:
            assert reader.agents() == []


def test_experience_id_of_another_agent_is_refused_whole(path: Path) -> None:
    """The id is unique over all agents; the second writer learns so, nothing is half written."""
    with LearningEngine("a", path) as first, LearningEngine("b", path) as other:
        result = TaskResult(success=True, action="s")
        assert first.learn_from_execution(Task(), result, experience_id="same").learned
        assert not other.learn_from_execution(Task(), result, experience_id="same").learned
        assert other.get_total_experiences() == 0


def many_new_states(engine: LearningEngine) -> None:
    for number in range(100):
        result = TaskResult(success=True, action="s")
        engine.learn_from_execution(Task(type=f"new {number}"), result)


def test_table_over_its_limit_is_an_error_that_leaves_the_history_whole(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        learn(engine, 5)
    with (
        LearningEngine("a", path, tuning=LearningTuning(max_cells=64 * 8)) as small,
        pytest.raises(LearningError, match="cells"),
    ):
        many_new_states(small)
    with LearningEngine("a", path) as engine:
        count = engine.get_total_experiences()
        assert len(engine.export()["experiences"]) == count
    assert_equals_replay(path)


def test_child_of_a_fork_learns_on(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        learn(engine, 15)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                learn(engine, 10, start=15)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        learn(engine, 10, start=25)
        assert engine.get_total_experiences() == 35
    assert_equals_replay(path)


def test_learner_that_slept_long_reads_the_snapshot(path: Path) -> None:
    tuning = LearningTuning(far_behind=20)
    watched = WatchedBackend(path)
    with (
        LearningEngine("a", backend=watched, tuning=tuning) as sleeper,
        LearningEngine("a", path) as other,
    ):
        learn(sleeper, 3)
        learn(other, 60, start=3)
        assert q_values(sleeper) == q_values(other)
        assert watched.folded == 3  # what came after the snapshot at 60
        learn(sleeper, 10, start=63)
        assert q_values(sleeper) == q_values(other)
    watched.close()
    assert_equals_replay(path)


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["learn", "learn", "learn", "flush", "reopen", "cycle"]),
              st.integers(0, 2)),
    max_size=60,
)  # fmt: skip


@settings(max_examples=20)
@given(operations=OPERATIONS, rule=st.sampled_from(UPDATE_RULES))
def test_any_interleaving_equals_one_engine_alone(
    tmp_path_factory: pytest.TempPathFactory,
    operations: list[tuple[str, int]],
    rule: UpdateRule,
) -> None:
    folder = tmp_path_factory.mktemp("interleaved")
    config = QLearningConfig(update_rule=rule, replay_interval=4, replay_batch=6)
    engines = [LearningEngine("a", folder / "shared.db", config=config) for _ in range(3)]
    count = 0
    for operation, number in operations:
        engine = engines[number]
        if operation == "learn":
            learn(engine, 1, start=count)
            count += 1
        elif operation == "flush":
            engine.flush()
        elif operation == "reopen":
            engine.close()
            engines[number] = LearningEngine("a", folder / "shared.db", config=config)
        else:
            with SQLiteLearningBackend(folder / "shared.db") as backend:
                assert not run_cycle(backend).failed
    with LearningEngine("a", folder / "alone.db", config=config) as alone:
        learn(alone, count)
        expected = q_values(alone)
        assert [q_values(engine) for engine in engines] == [expected] * 3
    for engine in engines:
        engine.close()
