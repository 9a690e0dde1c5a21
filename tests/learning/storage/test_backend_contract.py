"""The contract of ``learning/storage/backend.py``, run over every backend."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from aqe.learning import (
    LearningBackend,
    LearningWriter,
    QLearningConfig,
)
from aqe.learning.storage.learning_rows import (
    AgentRow,
    Cell,
    CycleRow,
    ExperienceCounts,
    LoopRow,
    OutcomeCount,
    SnapshotMark,
    StageError,
    StageRow,
    StandingChange,
    StrategyCounts,
    TrialRow,
)
from aqe.schema import Experience, SuggestedAction

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = NOON.isoformat()
CELL = Cell("state", "action", 0.5, None, 2, 1.0)


def experience(name: object, agent_id: str = "a", **changes: Any) -> Experience:
    fields: dict[str, Any] = {
        "experience_id": str(name),
        "agent_id": agent_id,
        "task_id": f"task {name}",
        "task_type": "t",
        "state": "s",
        "action": "strategy=x",
        "strategy": "x",
        "reward": 1.0,
        "next_state": None,
        "terminated": True,
        "truncated": False,
        "success": True,
        "timestamp": NOON,
    }
    return Experience(**(fields | changes))


def record(writer: LearningWriter, *experiences: Experience) -> list[int]:
    """Appends experiences of agents that are added as needed; returns their numbers."""
    settings_id = writer.settings_id(QLearningConfig())
    numbers = []
    for new in experiences:
        writer.add_agent(new.agent_id, at=AT)
        number = writer.append(new, settings_id=settings_id)
        assert number is not None
        numbers.append(number)
    return numbers


def fill(backend: LearningBackend, *experiences: Experience) -> list[int]:
    with backend.writing() as writer:
        return record(writer, *experiences)


def test_a_new_storage_is_empty(backend: LearningBackend) -> None:
    assert backend.label
    with backend.reading() as reader:
        assert reader.agent("a") is None
        assert reader.agents() == []
        assert reader.all_enabled()
        assert list(reader.q_values("a")) == []
        assert list(reader.transitions("a")) == reader.newest("a", until=9, limit=9) == []
        assert list(reader.experiences(None)) == []
        assert reader.experience_counts(None) == ExperienceCounts(0, 0)
        assert reader.strategy_records(None) == []
        assert reader.failure_records(None) == []
        assert reader.daily_sums(None, "day") == []
        assert reader.trial("a", "t") is None
        assert reader.trials(limit=9) == []
        assert reader.standing_changes(limit=9) == []
        assert reader.outcome_counts([NOON, NOON]) == [OutcomeCount(0, 0, 0.0, 0.0)]
        assert reader.loop() is None
        assert reader.improvement_status(limit=5).cycles == ()


def test_add_agent_is_idempotent(backend: LearningBackend) -> None:
    new = AgentRow("a", True, True, 0, 0, 0, 0, 0, None)
    with backend.writing() as writer:
        assert writer.add_agent("a", at=AT) == new
        record(writer, experience(1))
        assert writer.add_agent("a", at=AT).experience_count == 1
        writer.add_agent("B", at=AT)
    with backend.reading() as reader:
        assert [row.agent_id for row in reader.agents()] == ["B", "a"]


def test_switches_of_one_agent_and_of_all(backend: LearningBackend) -> None:
    with backend.writing() as writer:
        writer.set_enabled("a", False, at=AT)
        writer.add_agent("b", at=AT)
    with backend.reading() as reader:
        assert [(row.enabled, row.all_enabled) for row in reader.agents()] == [
            (False, True),
            (True, True),
        ]
    with backend.writing() as writer:
        writer.set_enabled("a", True, at=AT)
        writer.set_enabled(None, False, at=AT)
        agent = writer.agent("a")
        assert agent is not None
        assert (agent.enabled, agent.all_enabled, writer.all_enabled()) == (True, False, False)


def test_settings_keep_their_number(backend: LearningBackend) -> None:
    other = QLearningConfig(learning_rate=0.5, update_rule="double-q")
    with backend.writing() as writer:
        first, second = writer.settings_id(QLearningConfig()), writer.settings_id(other)
    with backend.writing() as writer:
        assert first != second
        assert writer.settings_id(QLearningConfig()) == first
        assert (writer.settings(first), writer.settings(second)) == (QLearningConfig(), other)


def test_numbers_ascend_over_all_agents(backend: LearningBackend) -> None:
    numbers = fill(backend, *(experience(n, "ab"[n % 2]) for n in range(6)))
    assert numbers == sorted(set(numbers))
    assert numbers[0] > 0
    with backend.reading() as reader:
        assert [step.experience for step in reader.transitions("a")] == numbers[::2]
        agent = reader.agent("b")
        assert agent is not None
        assert (agent.experience_count, agent.last_experience) == (3, numbers[-1])


def test_numbers_are_not_given_twice_after_a_reset(backend: LearningBackend) -> None:
    last = fill(backend, experience(1), experience(2))[-1]
    with backend.writing() as writer:
        writer.reset_agent("a", at=AT)
        assert record(writer, experience(1)) > [last]


def test_append_of_a_known_id_writes_nothing(backend: LearningBackend) -> None:
    numbers = fill(backend, experience("same"), experience("other"))
    with backend.writing() as writer:
        writer.archive("a", keep=1, until=numbers[-1])
        writer.add_agent("b", at=AT)
        settings_id = writer.settings_id(QLearningConfig())
        for name in ("same", "other"):  # the first is archived
            for agent_id in "ab":
                again = experience(name, agent_id, success=False, failure_kind="E: gone")
                assert writer.append(again, settings_id=settings_id) is None
        assert writer.agent("b") == AgentRow("b", True, True, 0, 0, 0, 0, 0, None)
        assert [found.usage_count for found in writer.strategy_records(None)] == [2]
        assert writer.failure_records(None) == []
        assert [day.experiences for day in writer.daily_sums(None, "day")] == [2]


def test_transitions_by_number(backend: LearningBackend) -> None:
    numbers = fill(
        backend,
        experience(1, reward=-1.5, next_state="next", terminated=False),
        *(experience(n) for n in range(2, 6)),
    )
    with backend.writing() as writer:
        writer.archive("a", keep=3, until=numbers[-1])
    with backend.reading() as reader:
        steps = list(reader.transitions("a"))
        assert steps[0][:6] == (numbers[0], "s", "strategy=x", -1.5, "next", False)
        assert reader.settings(steps[0].settings_id) == QLearningConfig()
        bounded = reader.transitions("a", after=numbers[0], until=numbers[3])
        assert [step.experience for step in bounded] == numbers[1:4]
        newest = reader.newest("a", until=numbers[3], limit=3)
        assert newest == steps[1:4]  # oldest first, one of them archived
        assert reader.newest("a", until=0, limit=3) == []


def test_experiences_come_back_as_they_were(backend: LearningBackend) -> None:
    lived = [
        experience(1),
        experience(
            2,
            "b",
            success=False,
            truncated=True,
            explored=False,
            failure_kind="E: gone",
            execution_time_ms=2.5,
            quality=0.5,
            coverage=0.25,
            patterns_used=3,
            next_state="n",
            terminated=False,
            context={"text": "ü", "list": [1, 2.5, None, True]},
            timestamp=NOON + timedelta(microseconds=1),
        ),
        experience(3, timestamp=NOON + timedelta(days=1)),
    ]
    fill(backend, *lived)
    with backend.reading() as reader:
        assert list(reader.experiences(None)) == lived[::-1]
        assert list(reader.experiences("a")) == [lived[2], lived[0]]
        assert list(reader.experiences(None, since=NOON + timedelta(hours=1))) == [lived[2]]
        assert list(reader.experiences(None, limit=2)) == lived[:0:-1]


def test_archive_moves_only_what_the_snapshot_contains(backend: LearningBackend) -> None:
    numbers = fill(backend, *(experience(n, timestamp=NOON) for n in range(6)))
    with backend.writing() as writer:
        assert writer.archive("a", keep=6, until=numbers[-1]) == 0
        assert writer.archive("a", keep=1, until=numbers[2]) == 3
        assert writer.archive("a", keep=1, until=numbers[2]) == 0
        assert writer.experience_counts("a") == ExperienceCounts(3, 3)
        assert writer.successes_in_state("a", "s") == [StrategyCounts("x", 3, 3)]
        assert len(writer.rewards("a", "t", "x")) == len(list(writer.experiences("a"))) == 6
        agent = writer.agent("a")
        assert agent is not None
        assert agent.experience_count == 6


def test_q_values_keep_the_order_of_their_first_store(backend: LearningBackend) -> None:
    second = Cell("state", "another", -0.25, 0.75, 1, -1.0)
    with backend.writing() as writer:
        (number,) = record(writer, experience(1))
        writer.store_q_values("a", [CELL, second], SnapshotMark(1, number, 0.2), at=AT)
        writer.add_agent("b", at=AT)
        writer.store_q_values("b", [CELL], SnapshotMark(0, 0, None), at=AT)
    changed = CELL._replace(q_value=9.0)
    third = CELL._replace(action_key="a third")
    with backend.writing() as writer:
        (number,) = record(writer, experience(2))
        writer.store_q_values("a", iter([third, changed]), SnapshotMark(2, number, 0.1), at=AT)
    with backend.reading() as reader:
        assert list(reader.q_values("a")) == [changed, second, third]
        agent = reader.agent("a")
        assert agent is not None
        assert agent[6:] == (2, number, 0.1)


def test_reset_forgets_one_agent_and_keeps_its_switch(backend: LearningBackend) -> None:
    failed = experience(1, success=False, failure_kind="E: gone")
    fill(backend, failed, experience(2), experience(3, "b"))
    with backend.writing() as writer:
        writer.store_q_values("a", [CELL], SnapshotMark(2, 2, 0.1), at=AT)
        writer.put_trial(TRIAL)
        writer.set_enabled("a", False, at=AT)
        writer.reset_agent("a", at=AT)
    with backend.reading() as reader:
        assert reader.agent("a") == AgentRow("a", False, True, 1, 0, 0, 0, 0, None)
        assert list(reader.q_values("a")) == []
        assert reader.trial("a", "t") is None
        assert reader.trials(limit=9) == []
        assert reader.standing_changes(limit=9) == []
        assert reader.outcome_counts([NOON, NOON]) == [OutcomeCount(0, 0, 0.0, 0.0)]
        assert reader.failure_records(None) == []
        assert [found.agent_id for found in reader.strategy_records(None)] == ["b"]
        assert [day.experiences for day in reader.daily_sums(None, "day")] == [1]
        assert [lived.agent_id for lived in reader.experiences(None)] == ["b"]


def test_strategy_records_are_counted_with_each_experience(backend: LearningBackend) -> None:
    later = NOON + timedelta(hours=1)
    fill(
        backend,
        experience(1, state="s1", reward=1.0),
        experience(2, state="s2", reward=0.5, success=False, timestamp=later),
        experience(3, strategy="y", state="s1"),
        experience(4, task_type="u"),
        experience(5, "b"),
    )
    with backend.reading() as reader:
        records = reader.strategy_records("a")
        assert [found.pattern for found in records] == ["t : y", "u : x", "t : x"]
        found = records[-1]
        assert (found.usage_count, found.success_count, found.success_rate) == (2, 1, 0.5)
        assert found.average_reward == pytest.approx(0.75)
        assert found.confidence == pytest.approx(0.0945, abs=1e-4)  # Wilson, 1 of 2
        assert found.contexts == ("s1", "s2")
        assert (found.created_at, found.last_used_at) == (NOON, later)
        assert found.standing == "candidate"
        assert reader.strategy_records("a", task_type="u") == [records[1]]
        assert len(reader.strategy_records(None)) == 4
        assert len(reader.strategy_records(None, task_type="t")) == 3


def test_records_keep_ten_states(backend: LearningBackend) -> None:
    fill(backend, *(experience(n, state=f"s{n}") for n in range(12)))
    with backend.reading() as reader:
        (found,) = reader.strategy_records("a")
    assert found.contexts == tuple(f"s{n}" for n in range(10))


def test_failure_records_are_counted_with_each_experience(backend: LearningBackend) -> None:
    failed: dict[str, Any] = {"success": False, "failure_kind": "E: gone"}
    fill(
        backend,
        experience(1, **failed),
        experience(2, **failed, state="s2"),
        experience(3, success=False, failure_kind="F: lost"),
        experience(4),
    )
    with backend.writing() as writer:
        first, second = writer.failure_records("a")
        assert (first.pattern, first.frequency, first.share) == ("t : E: gone", 2, 0.5)
        assert first.confidence == pytest.approx(0.1500, abs=1e-4)  # Wilson, 2 of 4
        assert first.contexts == ("s", "s2")
        assert (second.failure_kind, second.frequency) == ("F: lost", 1)
        actions = [SuggestedAction(strategy="x", basis="same state", successes=1, uses=2)]
        assert writer.suggest(first, actions)
        assert not writer.suggest(first, actions)
        assert writer.failure_records("a")[0].suggested_actions == tuple(actions)
        assert writer.failure_records(None, task_type="other") == []


def test_successes_in_a_state_best_first(backend: LearningBackend) -> None:
    fill(
        backend,
        experience(1, strategy="half"),
        experience(2, strategy="half", success=False),
        experience(3, strategy="once"),
        experience(4, strategy="twice"),
        experience(5, strategy="twice"),
        experience(6, strategy="never", success=False),
        experience(7, strategy="elsewhere", state="other"),
        experience(8, "b", strategy="another agent"),
    )
    with backend.reading() as reader:
        assert reader.successes_in_state("a", "s") == [
            StrategyCounts("twice", 2, 2),
            StrategyCounts("once", 1, 1),
            StrategyCounts("half", 1, 2),
        ]


def test_rewards_of_a_strategy(backend: LearningBackend) -> None:
    fill(
        backend,
        experience(1, reward=1.5),
        experience(2, reward=-1.0),
        experience(3, reward=0.0, strategy="y"),
        experience(4, reward=0.1, task_type="u"),
    )
    with backend.reading() as reader:
        assert sorted(reader.rewards("a", "t", "x")) == [-1.0, 1.5]
        assert reader.rewards("b", "t", "x") == []


def test_daily_sums_by_day_type_and_strategy(backend: LearningBackend) -> None:
    tomorrow = NOON + timedelta(days=1)
    fill(
        backend,
        experience(1, reward=2.0, explored=True, patterns_used=2),
        experience(2, reward=-2.0, success=False, explored=False, timestamp=tomorrow),
        experience(3, reward=0.25, strategy="y", timestamp=tomorrow),
        experience(4, "b", reward=1.0, task_type="u", timestamp=tomorrow),
    )
    with backend.reading() as reader:
        first, second = reader.daily_sums("a", "day")
        assert first == ("2026-03-01", 1, 1, 2.0, 1, 1, 1, (0, 0, 0, 0, 0, 0, 0, 1))
        assert second[:3] == ("2026-03-02", 2, 1)
        assert second.reward_sum == pytest.approx(-1.75)
        assert second[4:] == (0, 1, 0, (1, 0, 0, 0, 1, 0, 0, 0))
        names = [(sums.name, sums.experiences) for sums in reader.daily_sums("a", "strategy")]
        assert names == [("x", 2), ("y", 1)]
        names = [(sums.name, sums.experiences) for sums in reader.daily_sums(None, "task type")]
        assert names == [("t", 3), ("u", 1)]
        since = reader.daily_sums(None, "day", since=date(2026, 3, 2))
        assert [(sums.name, sums.experiences) for sums in since] == [("2026-03-02", 3)]


TRIAL = TrialRow("a", "t", "x", "y", 20, 30, 0.5, -0.5, 0.001, "x", AT)


def test_trials_are_replaced(backend: LearningBackend) -> None:
    with backend.writing() as writer:
        writer.put_trial(TRIAL)
        writer.put_trial(TRIAL._replace(winner=None, p_value=0.5))
        writer.put_trial(TRIAL._replace(task_type="u"))
    with backend.reading() as reader:
        assert reader.trial("a", "t") == TRIAL._replace(winner=None, p_value=0.5)
        assert reader.trial("a", "u") == TRIAL._replace(task_type="u")


def test_standings_survive_new_experiences(backend: LearningBackend) -> None:
    fill(backend, experience(1), experience(2, strategy="y"))
    with backend.writing() as writer:
        writer.set_standing(writer.strategy_records("a")[0], "promoted", at=AT)
        record(writer, experience(3))
        assert {f.strategy: f.standing for f in writer.strategy_records("a")} == {
            "x": "promoted",
            "y": "candidate",
        }
        status = writer.improvement_status(limit=0)
        assert status.standings == {"promoted": 1, "candidate": 1}


def test_cycles_with_their_stages(backend: LearningBackend) -> None:
    good, bad = StageRow("one", 1.5, 2, "done", None), StageRow("two", 0.5, 0, "", "E: gone")
    with backend.writing() as writer:
        first = writer.begin_cycle(at=AT)
        writer.put_stage(first, good)
        writer.put_stage(first, bad)
        writer.end_cycle(CycleRow(first, AT, AT, "failed"))
        second = writer.begin_cycle(at=AT)
        writer.put_stage(second, good)
        writer.end_cycle(CycleRow(second, AT, AT, "done"))
        third = writer.begin_cycle(at=AT)
    assert first < second < third
    with backend.reading() as reader:
        status = reader.improvement_status(limit=2)
    running, done = CycleRow(third, AT, None, "running"), CycleRow(second, AT, AT, "done")
    assert status.cycles == (running, done)
    assert (status.cycle_count, status.last_closed, status.stages) == (3, done, ())
    assert status.last_error == StageError(first, "two", "E: gone")


def test_the_last_loop_is_kept(backend: LearningBackend) -> None:
    loop = LoopRow(7, "here", 60.0, AT, AT, None, None)
    with backend.writing() as writer:
        writer.put_loop(loop)
        writer.put_loop(loop._replace(process_id=8, stop_requested_at=AT))
    with backend.reading() as reader:
        assert reader.loop() == loop._replace(process_id=8, stop_requested_at=AT)
        assert reader.improvement_status(limit=1).loop == reader.loop()


def test_a_failing_block_leaves_no_trace(backend: LearningBackend) -> None:
    fill(backend, experience(1))

    def interrupted() -> None:
        with backend.writing() as writer:
            record(writer, experience(2), experience(3, "new"))
            writer.set_enabled(None, False, at=AT)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        interrupted()
    with backend.reading() as reader:
        assert [row.agent_id for row in reader.agents()] == ["a"]
        assert [lived.experience_id for lived in reader.experiences(None)] == ["1"]
        assert reader.all_enabled()


def test_writers_in_threads_take_turns(backend: LearningBackend) -> None:
    def write(name: str) -> None:
        for number in range(20):
            fill(backend, experience(f"{name}{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with backend.reading() as reader:
        agent = reader.agent("a")
        numbers = [step.experience for step in reader.transitions("a")]
        assert agent is not None
        assert agent.experience_count == len(numbers) == 60
        assert numbers == sorted(set(numbers))
        for name in "abc":  # each writer's own experiences keep their order
            own = [e.experience_id for e in reader.experiences("a") if e.experience_id[0] == name]
            assert own == [f"{name}{number}" for number in range(20)][::-1]
        assert [found.usage_count for found in reader.strategy_records("a")] == [60]


def test_outcome_counts_are_after_a_bound_and_up_to_the_next(backend: LearningBackend) -> None:
    hours = (0, 1, 2, 2.5, 3, 4)
    rewards = (9.0, 1.0, -0.5, 1.5, 0.0, 9.0)
    fill(
        backend,
        *(
            experience(
                number, "ab"[number % 2], reward=reward, success=reward > 0,
                timestamp=NOON + timedelta(hours=hour),
            )
            for number, (hour, reward) in enumerate(zip(hours, rewards, strict=True))
        ),
    )  # fmt: skip
    with backend.writing() as writer:
        writer.archive("a", keep=1, until=99)
    bounds = [NOON + timedelta(hours=hour) for hour in (0, 2, 3)]
    with backend.reading() as reader:
        assert reader.outcome_counts(bounds) == [
            OutcomeCount(2, 1, 0.5, 1.25),
            OutcomeCount(2, 1, 1.5, 2.25),
        ]


def test_standing_changes_are_latest_first(backend: LearningBackend) -> None:
    fill(backend, *(experience(name, strategy=name) for name in "xyz"))
    with backend.writing() as writer:
        records = {record.strategy: record for record in writer.strategy_records("a")}
        writer.set_standing(records["y"], "promoted", at="2026-03-02")
        writer.set_standing(records["x"], "retired", at="2026-03-02")
        writer.set_standing(records["z"], "demoted", at="2026-03-03")
    with backend.reading() as reader:
        changes = reader.standing_changes(limit=9)
        assert changes[0] == StandingChange("a", "t", "z", "demoted", "2026-03-03")
        assert [change.strategy for change in changes] == ["z", "x", "y"]
        assert reader.standing_changes(limit=1) == changes[:1]


def test_trials_are_latest_first(backend: LearningBackend) -> None:
    days = {("a", "u"): 1, ("a", "t"): 1, ("b", "t"): 2}
    with backend.writing() as writer:
        for (agent, task_type), day in days.items():
            writer.add_agent(agent, at=AT)
            writer.put_trial(
                TrialRow(
                    agent, task_type, "x", "y", 20, 21, 0.5, 0.1, 0.001, "x", f"2026-03-0{day}"
                )
            )
    with backend.reading() as reader:
        trials = reader.trials(limit=9)
        assert [(trial.agent_id, trial.task_type) for trial in trials] == [
            ("b", "t"),
            ("a", "t"),
            ("a", "u"),
        ]
        assert trials[0] == reader.trial("b", "t")
        assert reader.trials(limit=1) == trials[:1]
