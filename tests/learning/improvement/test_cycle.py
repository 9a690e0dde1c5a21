"""The improvement cycle and its loop, on real rows."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.learning import (
    LearningEngine,
    LearningStore,
    loop_is_alive,
    request_stop,
    run_cycle,
    run_loop,
)
from aqe.learning.improvement.cycle import STAGES, CycleReport
from aqe.learning.improvement.promotion import next_standing
from aqe.learning.improvement.strategy_comparison import compare_strategies
from aqe.learning.storage.sqlite.cycle_tables import LoopRow
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    DatabaseBusyError,
    LearningError,
    PatternUsageContext,
    Standing,
    Task,
    TaskResult,
    TestPattern,
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
    found = next(one for one in report.stages if one.name == name)
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


def test_comparison_tells_a_real_difference_from_chance() -> None:
    rng = random.Random(2)
    good = [1.0 if rng.random() < 0.8 else -1.0 for _ in range(60)]
    bad = [1.0 if rng.random() < 0.3 else -1.0 for _ in range(60)]
    same = [1.0 if rng.random() < 0.8 else -1.0 for _ in range(60)]
    real = compare_strategies("a", "t", first=("x", bad), second=("y", good), alpha=0.01, at="")
    assert real.winner == "y"
    assert real.p_value < 1e-3
    chance = compare_strategies("a", "t", first=("x", good), second=("y", same), alpha=0.01, at="")
    assert chance.winner is None


def test_comparison_of_equal_rewards_has_no_winner() -> None:
    trial = compare_strategies(
        "a", "t", first=("x", [1.0] * 30), second=("y", [1.0] * 30), alpha=0.05, at=""
    )
    assert (trial.p_value, trial.winner) == (1.0, None)


def test_comparison_equals_a_published_value() -> None:
    """The asymptotic p of scipy's own documented example (males, females): 0.1412 (exact 0.1111).

    Without ties and with small samples scipy computes it exactly.
    """
    trial = compare_strategies(
        "a", "t", first=("m", [19.0, 22, 16, 29, 24]), second=("f", [20.0, 11, 17, 12]),
        alpha=0.01, at="",
    )  # fmt: skip
    assert trial.p_value == pytest.approx(0.1111, abs=1e-4)


def test_comparison_declares_few_winners_where_there_is_no_difference() -> None:
    rng = random.Random(3)
    winners = 0
    for _ in range(300):
        first, second = ([rng.choice((-1.0, 1.2)) for _ in range(25)] for _ in range(2))
        trial = compare_strategies(
            "a", "t", first=("x", first), second=("y", second), alpha=0.01, at=""
        )
        winners += trial.winner is not None
    assert winners <= 10  # 3 are expected


def test_cycle_on_an_empty_database_changes_nothing_and_says_so(path: Path) -> None:
    with LearningStore(path) as store:
        report = run_cycle(store)
        assert not report.failed
        assert [one.name for one in report.stages] == [name for name, _ in STAGES]
        assert sum(one.changed for one in report.stages) == 0
        assert stage(report, "judge strategies")[1] == "0 strategies judged, nothing to change"


def test_cycle_promotes_retires_compares_and_says_why(path: Path) -> None:
    with LearningEngine("a", path) as engine, LearningStore(path) as store:
        teach(engine, "good", good=40, bad=4)
        teach(engine, "middling", good=12, bad=20)
        teach(engine, "hopeless", good=0, bad=12)
        report = run_cycle(store)
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
        again = run_cycle(store)
        assert sum(one.changed for one in again.stages) == 0
        assert stage(again, "compare")[1].startswith("0 comparisons due")  # no new evidence
        teach(engine, "good", good=60, bad=0)
        assert stage(run_cycle(store), "compare")[0] == 1
        teach(engine, "hopeless", good=1, bad=0)
        run_cycle(store)
        standings = {p.strategy: p.standing for p in engine.get_patterns()}
        assert standings["hopeless"] == "demoted" or standings["hopeless"] == "candidate"


def test_cycle_stores_what_may_help_against_failures(path: Path) -> None:
    with LearningEngine("a", path) as engine, LearningStore(path) as store:
        teach(engine, "bad", good=0, bad=2)
        assert stage(run_cycle(store), "suggest") == (
            0,
            "1 failure patterns, 1 without any remedy known",
        )
        teach(engine, "good", good=2, bad=0)
        assert stage(run_cycle(store), "suggest")[0] == 1
        with store.reading() as rows:
            (failure,) = rows.patterns.failures("a")
        assert failure.suggested_actions[0].strategy == "good"


def test_cycle_corrects_counters_that_somebody_changed(path: Path) -> None:
    with LearningEngine("a", path) as engine, LearningStore(path) as store:
        learn(engine, 60)
        before = engine.get_patterns(), engine.get_failure_patterns()
        with store.database.write() as connection:
            connection.execute("update learned_patterns set usage_count = usage_count + 7")
            connection.execute("update failure_patterns set frequency = frequency + 1")
        corrected, _ = stage(run_cycle(store), "recount")
        assert corrected == len(before[0]) + len(before[1])
        after = engine.get_patterns(), engine.get_failure_patterns()
        assert [(p.usage_count, p.success_count) for p in after[0]] == [
            (p.usage_count, p.success_count) for p in before[0]
        ]
        assert [f.frequency for f in after[1]] == [f.frequency for f in before[1]]


def test_cycle_judges_the_bank_by_its_use_and_deletes_nothing(
    bank: QEReasoningBank, pattern: Callable[..., TestPattern]
) -> None:
    useful, useless, unused = (pattern(f"test_{name}") for name in ("good", "bad", "new"))
    for one in (useful, useless, unused):
        bank.store_pattern(one)
    for number in range(12):
        bank.record_usage(useful.id, PatternUsageContext(success=True, task_id=str(number)))
        bank.record_usage(useless.id, PatternUsageContext(success=False, task_id=str(number)))
    store = LearningStore(bank.database)
    changed, why = stage(run_cycle(store), "judge bank")
    assert changed == 2
    assert "test_good promoted" in why
    assert "test_bad retired" in why
    with store.reading() as rows:
        records = {record.pattern_id: record.standing for record in rows.standing.bank_records()}
    assert records == {useful.id: "promoted", useless.id: "retired"}
    assert bank.get_pattern(useless.id) is not None


def test_cycle_names_five_changes_and_counts_the_rest(path: Path) -> None:
    with LearningEngine("a", path) as engine, LearningStore(path) as store:
        for number in range(7):
            teach(engine, f"s{number}", good=12, bad=0)
        assert stage(run_cycle(store), "judge strategies")[1].endswith("; and 2 more")


def test_cycle_writes_down_a_failing_stage_and_runs_the_others(path: Path) -> None:
    def broken(rows: object, at: str) -> tuple[int, str]:
        raise LearningError("cannot do it")

    with LearningEngine("a", path) as engine, LearningStore(path) as store:
        learn(engine, 3)
        report = run_cycle(store, stages=(("broken", broken), *STAGES))
        assert report.failed
        assert report.stages[0].error == "LearningError: cannot do it"
        assert all(one.error is None for one in report.stages[1:])
        with store.reading() as rows:
            assert rows.improvement.cycles(limit=5)[0].status == "failed"
            assert rows.improvement.last_error() == (1, "broken", "LearningError: cannot do it")
            assert rows.improvement.last_closed() is None
        run_cycle(store)
        with store.reading() as rows:
            closed = rows.improvement.last_closed()
            assert closed is not None
            assert closed.cycle == 2
            assert [one.stage for one in rows.improvement.stages(2)] == [n for n, _ in STAGES]
            assert rows.improvement.cycle_count() == 2


def ignore_busy(error: DatabaseBusyError) -> None:
    raise AssertionError(error)


def test_loop_runs_cycles_until_it_is_asked_to_stop(path: Path) -> None:
    cycles: list[CycleReport] = []
    with LearningStore(path) as store:

        def told(report: CycleReport) -> None:
            cycles.append(report)
            if len(cycles) == 3:
                with LearningStore(path) as other:
                    asked = request_stop(other, now=utc_now())
                assert asked is not None
                assert asked.process_id == os.getpid()

        ending = run_loop(
            store, interval_s=0.02, stop=threading.Event(), on_cycle=told,
            on_busy=ignore_busy, poll_s=0.005,
        )  # fmt: skip
        assert ending == "stopped"
        assert len(cycles) == 3
        with store.reading() as rows:
            loop = rows.improvement.loop()
        assert loop is not None
        assert loop.ended_at is not None
        assert not loop_is_alive(loop, now=utc_now())
        assert request_stop(store, now=utc_now()) is None


def test_loop_ends_when_interrupted(path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with LearningStore(path) as store:
        ending = run_loop(
            store, interval_s=60, stop=stop, on_cycle=lambda report: None, on_busy=ignore_busy
        )
        assert ending == "interrupted"


def test_loop_ends_when_interrupted_during_a_long_cycle(path: Path) -> None:
    stop = threading.Event()
    clock = iter(range(1000))

    def told(report: CycleReport) -> None:
        if next(clock) == 1:
            stop.set()

    with LearningStore(path) as store:
        ending = run_loop(store, interval_s=1e-9, stop=stop, on_cycle=told, on_busy=ignore_busy)
        assert ending == "interrupted"


def test_loop_goes_on_when_the_database_is_busy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy: list[DatabaseBusyError] = []
    stop = threading.Event()

    def crowded(store: LearningStore, **options: object) -> CycleReport:
        stop.set()
        raise DatabaseBusyError("others write")

    monkeypatch.setattr("aqe.learning.improvement.loop.run_cycle", crowded)
    with LearningStore(path) as store:
        ending = run_loop(
            store, interval_s=5, stop=stop, on_cycle=lambda report: None, on_busy=busy.append
        )
    assert ending == "interrupted"
    assert len(busy) == 1


def test_second_loop_is_refused_while_the_first_lives(path: Path) -> None:
    with LearningStore(path) as store:
        with store.writing() as rows:
            rows.improvement.begin_loop(
                os.getpid(), socket.gethostname(), 60, at=utc_now().isoformat()
            )
        with pytest.raises(LearningError, match="already runs the improvement loop"):
            run_loop(
                store, interval_s=1, stop=threading.Event(), on_cycle=lambda report: None,
                on_busy=ignore_busy,
            )  # fmt: skip


def test_interval_must_be_positive(path: Path) -> None:
    with LearningStore(path) as store, pytest.raises(ValueError, match="interval"):
        run_loop(
            store, interval_s=0, stop=threading.Event(), on_cycle=lambda report: None,
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
