"""The improvement cycle and its loop, on real rows."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.learning import (
    LearningEngine,
    LearningWriter,
    SQLiteLearningBackend,
    loop_is_alive,
    request_stop,
    run_cycle,
    run_loop,
    standard_stages,
)
from aqe.learning.improvement.cycle import CycleReport, Stage, StageWork
from aqe.learning.improvement.promotion import next_standing
from aqe.learning.improvement.strategy_comparison import StrategyRewards, compare_strategies
from aqe.learning.storage.learning_rows import LoopRow, TrialRow
from aqe.learning.storage.sqlite.learning_backend import SQLiteLearningTransaction
from aqe.schema import (
    DatabaseBusyError,
    LearningError,
    Standing,
    Task,
    TaskResult,
    utc_now,
)

from ..conftest import learn

TASK = Task(type="t")


def teach(engine: LearningEngine, strategy: str, *, good: int, bad: int) -> None:
    outcomes = [True] * good + [False] * bad
    random.Random(1).shuffle(outcomes)
    for success in outcomes:
        errors = () if success else ("OSError: gone",)
        result = TaskResult(success=success, action=strategy, errors=errors)
        engine.learn_from_execution(TASK, result)


def stage(report: CycleReport, name: str) -> tuple[int, str]:
    found = next(stage for stage in report.stages if stage.name == name)
    assert found.error is None
    return found.changed, found.summary


@pytest.mark.parametrize(
    ("current", "successes", "uses", "after"),
    [
        ("candidate", 9, 9, "candidate"),  # too few
        ("candidate", 10, 10, "promoted"),  # at least 0.72
        ("candidate", 8, 12, "candidate"),
        ("candidate", 0, 9, "candidate"),
        ("candidate", 0, 10, "retired"),
        ("candidate", 2, 40, "demoted"),  # at most 0.17
        ("promoted", 16, 24, "promoted"),  # at least 0.47: below promotion, above demotion
        ("promoted", 14, 24, "demoted"),  # at least 0.39
        ("demoted", 14, 24, "candidate"),  # up to 0.76
        ("demoted", 4, 24, "demoted"),
        ("demoted", 30, 32, "promoted"),
        ("retired", 0, 30, "retired"),
        ("retired", 1, 30, "candidate"),
        ("promoted", 0, 10, "retired"),
    ],
)
def test_next_standing(current: Standing, successes: int, uses: int, after: Standing) -> None:
    standing, why = next_standing(current, successes=successes, uses=uses)
    assert standing == after
    assert why.startswith(f"{successes} of {uses} succeeded")


@given(st.integers(10, 200), st.data())
def test_standing_does_not_flip_when_nothing_happens(uses: int, data: st.DataObject) -> None:
    """Judging the same record again and again comes to rest: no pair of rules chases the other."""
    successes = data.draw(st.integers(0, uses))
    current: Standing = data.draw(st.sampled_from(("candidate", "promoted", "demoted", "retired")))
    seen = [current]
    for _ in range(6):
        current, _ = next_standing(current, successes=successes, uses=uses)
        seen.append(current)
    assert seen[-1] == seen[-2] == seen[-3]


def test_standing_has_hysteresis_around_promotion() -> None:
    """A record that crosses the threshold back and forth by one use changes its standing once."""
    standing: Standing = "candidate"
    changes = 0
    successes, uses = 16, 20
    for number in range(20):
        successes, uses = successes + number % 2, uses + 1
        after, _ = next_standing(standing, successes=successes, uses=uses)
        changes += after != standing
        standing = after
    assert changes <= 1


def compared(
    first: Sequence[float], second: Sequence[float], *, alpha: float, names: tuple[str, str]
) -> TrialRow:
    return compare_strategies(
        "a",
        "t",
        first=StrategyRewards(names[0], first),
        second=StrategyRewards(names[1], second),
        alpha=alpha,
        at="",
    )


def test_comparison_tells_a_real_difference_from_chance() -> None:
    rng = random.Random(2)
    good = [1.0 if rng.random() < 0.8 else -1.0 for _ in range(60)]
    bad = [1.0 if rng.random() < 0.3 else -1.0 for _ in range(60)]
    same = [1.0 if rng.random() < 0.8 else -1.0 for _ in range(60)]
    real = compared(bad, good, alpha=0.01, names=("x", "y"))
    assert real.winner == "y"
    assert real.p_value < 1e-3
    chance = compared(good, same, alpha=0.01, names=("x", "y"))
    assert chance.winner is None


def test_comparison_of_equal_rewards_has_no_winner() -> None:
    trial = compared([1.0] * 30, [1.0] * 30, alpha=0.05, names=("x", "y"))
    assert (trial.p_value, trial.winner) == (1.0, None)


def test_comparison_equals_a_published_value() -> None:
    """The asymptotic p of scipy's own documented example (males, females): 0.1412 (exact 0.1111).

    Without ties and with small samples scipy computes it exactly.
    """
    trial = compared([19.0, 22, 16, 29, 24], [20.0, 11, 17, 12], alpha=0.01, names=("m", "f"))
    assert trial.p_value == pytest.approx(0.1111, abs=1e-4)


def test_comparison_declares_few_winners_where_there_is_no_difference() -> None:
    rng = random.Random(3)
    winners = 0
    for _ in range(300):
        first, second = ([rng.choice((-1.0, 1.2)) for _ in range(25)] for _ in range(2))
        trial = compared(first, second, alpha=0.01, names=("x", "y"))
        winners += trial.winner is not None
    assert winners <= 10  # 3 are expected


def test_cycle_on_an_empty_database_changes_nothing_and_says_so(path: Path) -> None:
    with SQLiteLearningBackend(path) as backend:
        report = run_cycle(backend)
        assert not report.failed
        assert [stage.name for stage in report.stages] == [
            stage.name for stage in standard_stages()
        ]
        assert sum(done.changed for done in report.stages) == 0
        assert stage(report, "judge strategies")[1] == "0 strategies judged, nothing to change"


def test_cycle_promotes_retires_compares_and_says_why(path: Path) -> None:
    with LearningEngine("a", path) as engine, SQLiteLearningBackend(path) as backend:
        teach(engine, "good", good=40, bad=4)
        teach(engine, "middling", good=12, bad=20)
        teach(engine, "hopeless", good=0, bad=12)
        report = run_cycle(backend)
        changed, why = stage(report, "judge strategies")
        assert changed == 2
        assert "t : good promoted (40 of 44 succeeded: at least" in why
        assert "t : hopeless retired (0 of 12 succeeded: it never helped)" in why
        assert stage(report, "compare")[0] == 1
        assert "good wins" in stage(report, "compare")[1]
        assert stage(report, "recount") == (
            0,
            "88 experiences of 1 agents counted, 0 records corrected",
        )
        standings = {p.strategy: p.standing for p in engine.get_patterns()}
        assert standings == {"good": "promoted", "middling": "candidate", "hopeless": "retired"}
        again = run_cycle(backend)
        assert sum(done.changed for done in again.stages) == 0
        assert stage(again, "compare")[1].startswith("0 comparisons due")  # no new evidence
        teach(engine, "good", good=60, bad=0)
        assert stage(run_cycle(backend), "compare")[0] == 1
        teach(engine, "hopeless", good=1, bad=0)
        run_cycle(backend)
        standings = {p.strategy: p.standing for p in engine.get_patterns()}
        assert standings["hopeless"] == "demoted" or standings["hopeless"] == "candidate"


def test_cycle_stores_what_may_help_against_failures(path: Path) -> None:
    with LearningEngine("a", path) as engine, SQLiteLearningBackend(path) as backend:
        teach(engine, "bad", good=0, bad=2)
        assert stage(run_cycle(backend), "suggest") == (
            0,
            "1 failure records, 1 without a known remedy",
        )
        teach(engine, "good", good=2, bad=0)
        assert stage(run_cycle(backend), "suggest")[0] == 1
        with backend.reading() as reader:
            (failure,) = reader.failure_records("a")
        assert failure.suggested_actions[0].strategy == "good"


def test_cycle_corrects_counters_that_somebody_changed(path: Path) -> None:
    with LearningEngine("a", path) as engine, SQLiteLearningBackend(path) as backend:
        learn(engine, 60)
        before = engine.get_patterns(), engine.get_failure_patterns()
        with backend.database.write() as connection:
            connection.execute("update learned_patterns set usage_count = usage_count + 7")
            connection.execute("update failure_patterns set frequency = frequency + 1")
        corrected, _ = stage(run_cycle(backend), "recount")
        assert corrected == len(before[0]) + len(before[1])
        after = engine.get_patterns(), engine.get_failure_patterns()
        assert [(p.usage_count, p.success_count) for p in after[0]] == [
            (p.usage_count, p.success_count) for p in before[0]
        ]
        assert [f.frequency for f in after[1]] == [f.frequency for f in before[1]]


def test_cycle_names_five_changes_and_counts_the_rest(path: Path) -> None:
    with LearningEngine("a", path) as engine, SQLiteLearningBackend(path) as backend:
        for number in range(7):
            teach(engine, f"s{number}", good=12, bad=0)
        assert stage(run_cycle(backend), "judge strategies")[1].endswith("; and 2 more")


def test_cycle_writes_down_a_failing_stage_and_runs_the_others(path: Path) -> None:
    def broken(writer: LearningWriter, at: str) -> StageWork:
        raise LearningError("cannot do it")

    with LearningEngine("a", path) as engine, SQLiteLearningBackend(path) as backend:
        learn(engine, 3)
        report = run_cycle(backend, stages=(Stage("broken", broken), *standard_stages()))
        assert report.failed
        assert report.stages[0].error == "LearningError: cannot do it"
        assert all(done.error is None for done in report.stages[1:])
        with backend.reading() as reader:
            status = reader.improvement_status(limit=5)
        assert status.cycles[0].status == "failed"
        assert status.last_error == (1, "broken", "LearningError: cannot do it")
        assert status.last_closed is None
        run_cycle(backend)
        with backend.reading() as reader:
            status = reader.improvement_status(limit=5)
        assert status.last_closed is not None
        assert status.last_closed.cycle == 2
        assert [row.stage for row in status.stages] == [stage.name for stage in standard_stages()]
        assert status.cycle_count == 2


def ignore_busy(error: DatabaseBusyError) -> None:
    raise AssertionError(error)


def test_loop_runs_cycles_until_it_is_asked_to_stop(path: Path) -> None:
    cycles: list[CycleReport] = []
    with SQLiteLearningBackend(path) as backend:

        def notice(report: CycleReport) -> None:
            cycles.append(report)
            if len(cycles) == 3:
                with SQLiteLearningBackend(path) as other:
                    asked = request_stop(other, now=utc_now())
                assert asked is not None
                assert asked.process_id == os.getpid()

        ending = run_loop(
            backend, interval_s=0.02, stop=threading.Event(), on_cycle=notice,
            on_busy=ignore_busy, poll_s=0.005,
        )  # fmt: skip
        assert ending == "stopped"
        assert len(cycles) == 3
        with backend.reading() as reader:
            loop = reader.loop()
        assert loop is not None
        assert loop.ended_at is not None
        assert not loop_is_alive(loop, now=utc_now())
        assert request_stop(backend, now=utc_now()) is None


def test_loop_ends_when_interrupted(path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with SQLiteLearningBackend(path) as backend:
        ending = run_loop(
            backend, interval_s=60, stop=stop, on_cycle=lambda report: None, on_busy=ignore_busy
        )
        assert ending == "interrupted"


def test_loop_ends_when_interrupted_during_a_long_cycle(path: Path) -> None:
    stop = threading.Event()
    clock = iter(range(1000))

    def notice(report: CycleReport) -> None:
        if next(clock) == 1:
            stop.set()

    with SQLiteLearningBackend(path) as backend:
        ending = run_loop(backend, interval_s=1e-9, stop=stop, on_cycle=notice, on_busy=ignore_busy)
        assert ending == "interrupted"


class CrowdedBackend(SQLiteLearningBackend):
    """A backend whose second writing transaction finds the database busy."""

    opened = 0

    @contextmanager
    def writing(self) -> Iterator[SQLiteLearningTransaction]:
        self.opened += 1
        if self.opened == 2:
            raise DatabaseBusyError("others write")
        with super().writing() as transaction:
            yield transaction


def test_loop_continues_when_the_database_is_busy(path: Path) -> None:
    busy: list[DatabaseBusyError] = []
    cycles: list[CycleReport] = []
    stop = threading.Event()

    def notice(report: CycleReport) -> None:
        cycles.append(report)
        stop.set()

    with CrowdedBackend(path) as backend:
        ending = run_loop(
            backend, interval_s=0.01, stop=stop, on_cycle=notice, on_busy=busy.append, poll_s=0.005
        )
    assert ending == "interrupted"
    assert (len(busy), len(cycles)) == (1, 1)


def test_second_loop_is_refused_while_the_first_lives(path: Path) -> None:
    with SQLiteLearningBackend(path) as backend:
        at = utc_now().isoformat()
        with backend.writing() as writer:
            writer.put_loop(LoopRow(os.getpid(), socket.gethostname(), 60, at, at, None, None))
        with pytest.raises(LearningError, match="already runs the improvement loop"):
            run_loop(
                backend, interval_s=1, stop=threading.Event(), on_cycle=lambda report: None,
                on_busy=ignore_busy,
            )  # fmt: skip


def test_interval_must_be_positive(path: Path) -> None:
    with SQLiteLearningBackend(path) as backend, pytest.raises(ValueError, match="interval"):
        run_loop(
            backend, interval_s=0, stop=threading.Event(), on_cycle=lambda report: None,
            on_busy=ignore_busy,
        )  # fmt: skip


def test_loop_is_dead_when_silent_ended_or_without_its_process() -> None:
    now = utc_now()
    alive = LoopRow(
        os.getpid(), socket.gethostname(), 60, now.isoformat(), now.isoformat(), None, None
    )
    assert loop_is_alive(alive, now=now)
    assert loop_is_alive(alive._replace(process_id=1), now=now)
    assert not loop_is_alive(alive, now=now + timedelta(seconds=61))
    assert not loop_is_alive(alive._replace(ended_at=now.isoformat()), now=now)
    assert not loop_is_alive(alive._replace(process_id=2**22 + 1), now=now)
    assert loop_is_alive(alive._replace(process_id=2**22 + 1, host="elsewhere"), now=now)
