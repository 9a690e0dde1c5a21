"""A second backend, in plain Python: dicts and lists, and no SQLite.

It keeps the history, and counts it on demand where SQLite keeps counters.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import reduce
from itertools import pairwise

from aqe.learning.config import QLearningConfig
from aqe.learning.outcome.reward import REWARD_BUCKETS, reward_bucket
from aqe.learning.storage.learning_rows import (
    AgentRow,
    Cell,
    CycleRow,
    DailyGroup,
    ExperienceCounts,
    HistoryCounts,
    ImprovementStatus,
    LoopRow,
    OutcomeCount,
    OutcomeSums,
    SnapshotMark,
    StageError,
    StageRow,
    StandingChange,
    StrategyCounts,
    Transition,
    TrialRow,
)
from aqe.schema import Experience, FailurePattern, LearnedPattern, Standing, SuggestedAction
from aqe.schema.wilson import wilson_interval

__all__ = ["MemoryBackend"]

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Recorded:
    """An experience with its number and the number of its settings."""

    number: int
    experience: Experience
    settings_id: int
    archived: bool = False


@dataclass
class State:
    """Everything that is stored; the values in its containers are immutable."""

    last_number: int = 0
    all_enabled: bool = True
    agents: dict[str, AgentRow] = field(default_factory=dict)
    settings: list[QLearningConfig] = field(default_factory=list)
    history: list[Recorded] = field(default_factory=list)
    q_values: dict[str, dict[tuple[str, str], Cell]] = field(default_factory=dict)
    standings: dict[Key, Standing] = field(default_factory=dict)
    judged_at: dict[Key, str] = field(default_factory=dict)
    suggestions: dict[Key, tuple[SuggestedAction, ...]] = field(default_factory=dict)
    trials: dict[tuple[str, str], TrialRow] = field(default_factory=dict)
    cycles: list[CycleRow] = field(default_factory=list)
    stages: list[tuple[int, StageRow]] = field(default_factory=list)
    loop: LoopRow | None = None

    def copy(self) -> State:
        """Returns a state whose changes do not show in this one."""
        return replace(
            self,
            agents=dict(self.agents),
            settings=list(self.settings),
            history=list(self.history),
            q_values={agent: dict(cells) for agent, cells in self.q_values.items()},
            standings=dict(self.standings),
            judged_at=dict(self.judged_at),
            suggestions=dict(self.suggestions),
            trials=dict(self.trials),
            cycles=list(self.cycles),
            stages=list(self.stages),
        )


class MemoryBackend:
    """See ``LearningBackend``: a state, and a lock that writers take turns with."""

    label = "a dictionary"

    def __init__(self) -> None:
        self._state = State()
        self._writers = threading.RLock()

    @contextmanager
    def reading(self, *, long: bool = False) -> Iterator[MemoryTransaction]:
        yield MemoryTransaction(self._state)

    @contextmanager
    def writing(self) -> Iterator[MemoryTransaction]:
        with self._writers:
            changed = self._state.copy()
            yield MemoryTransaction(changed)
            self._state = changed  # one assignment: readers see all of it, or nothing

    def close(self) -> None:
        """There is nothing to release."""


class MemoryTransaction:
    """See ``LearningReader`` and ``LearningWriter``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def agent(self, agent_id: str) -> AgentRow | None:
        row = self._state.agents.get(agent_id)
        return None if row is None else row._replace(all_enabled=self._state.all_enabled)

    def agents(self) -> list[AgentRow]:
        rows = (self.agent(name) for name in sorted(self._state.agents))
        return [row for row in rows if row is not None]

    def all_enabled(self) -> bool:
        return self._state.all_enabled

    def settings(self, settings_id: int) -> QLearningConfig:
        return self._state.settings[settings_id - 1]

    def q_values(self, agent_id: str) -> Iterator[Cell]:
        return iter(self._state.q_values.get(agent_id, {}).values())

    def newest(self, agent_id: str, *, until: int, limit: int) -> list[Transition]:
        return list(self.transitions(agent_id, until=until))[-limit:]

    def transitions(
        self, agent_id: str, *, after: int = 0, until: int | None = None
    ) -> Iterator[Transition]:
        for entry in self._of(agent_id):
            if entry.number > after and (until is None or entry.number <= until):
                lived = entry.experience
                yield Transition(
                    entry.number, lived.state, lived.action, lived.reward, lived.next_state,
                    lived.terminated, entry.settings_id,
                )  # fmt: skip

    def experiences(
        self, agent_id: str | None, *, since: datetime | None = None, limit: int | None = None
    ) -> Iterator[Experience]:
        found = [
            entry.experience
            for entry in reversed(self._of(agent_id))
            if since is None or entry.experience.timestamp >= since
        ]
        return iter(found[:limit])

    def experience_counts(self, agent_id: str | None) -> ExperienceCounts:
        archived = sum(entry.archived for entry in self._of(agent_id))
        return ExperienceCounts(len(self._of(agent_id)) - archived, archived)

    def history_counts(self, agent_id: str) -> HistoryCounts:
        entries = self._of(agent_id)
        records = {
            (record.task_type, record.strategy): StrategyCounts(
                record.strategy, record.success_count, record.usage_count
            )
            for record in self.strategy_records(agent_id)
        }
        return HistoryCounts(len(entries), entries[-1].number if entries else 0, records)

    def strategy_records(
        self, agent_id: str | None, *, task_type: str | None = None
    ) -> list[LearnedPattern]:
        records = [
            self._strategy_record(key, group)
            for key, group in self._grouped(agent_id, task_type, "strategy").items()
        ]
        return sorted(
            records,
            key=lambda record: (
                -record.confidence, -record.usage_count, record.agent_id, record.pattern
            ),
        )  # fmt: skip

    def failure_records(
        self, agent_id: str | None, *, task_type: str | None = None
    ) -> list[FailurePattern]:
        records = [
            self._failure_record(key, group)
            for key, group in self._grouped(agent_id, task_type, "failure_kind").items()
        ]
        return sorted(
            records, key=lambda record: (-record.frequency, record.agent_id, record.pattern)
        )

    def successes_in_state(self, agent_id: str, state: str) -> list[StrategyCounts]:
        counts: dict[str, StrategyCounts] = {}
        for entry in self._of(agent_id):
            lived = entry.experience
            if not entry.archived and lived.state == state:
                _, successes, uses = counts.get(lived.strategy, StrategyCounts("", 0, 0))
                counts[lived.strategy] = StrategyCounts(
                    lived.strategy, successes + lived.success, uses + 1
                )
        helped = [count for count in counts.values() if count.successes]
        return sorted(
            helped, key=lambda count: (-count.successes / count.uses, -count.successes, count[0])
        )

    def rewards(self, agent_id: str, task_type: str, strategy: str) -> list[float]:
        group = self._grouped(agent_id, task_type, "strategy").get((agent_id, task_type, strategy))
        return [lived.reward for lived in group or ()]

    def daily_sums(
        self, agent_id: str | None, group: DailyGroup, *, since: date | None = None
    ) -> list[OutcomeSums]:
        groups: dict[str, list[Experience]] = {}
        for entry in self._of(agent_id):
            lived = entry.experience
            day = lived.timestamp.date()
            if since is None or day >= since:
                name = {"day": day.isoformat(), "task type": lived.task_type}
                groups.setdefault(name.get(group, lived.strategy), []).append(lived)
        sums = sorted((_sums(name, lived) for name, lived in groups.items()), key=lambda s: s.name)
        return sums if group == "day" else sorted(sums, key=lambda s: -s.experiences)

    def trial(self, agent_id: str, task_type: str) -> TrialRow | None:
        return self._state.trials.get((agent_id, task_type))

    def trials(self, *, limit: int) -> list[TrialRow]:
        by_task = sorted(self._state.trials.values())
        return sorted(by_task, key=lambda trial: trial.decided_at, reverse=True)[:limit]

    def outcome_counts(self, bounds: Sequence[datetime]) -> list[OutcomeCount]:
        counts = []
        for since, until in pairwise(bounds):
            lived = [e.experience for e in self._of(None)]
            within = [e for e in lived if since < e.timestamp <= until]
            rewards = [e.reward for e in within]
            successes = sum(e.success for e in within)
            squares = sum(reward * reward for reward in rewards)
            counts.append(OutcomeCount(len(within), successes, sum(rewards), squares))
        return counts

    def standing_changes(self, *, limit: int) -> list[StandingChange]:
        changes = [
            StandingChange(*key, self._state.standings[key], at)
            for key, at in sorted(self._state.judged_at.items())
        ]
        return sorted(changes, key=lambda change: change.since, reverse=True)[:limit]

    def loop(self) -> LoopRow | None:
        return self._state.loop

    def improvement_status(self, *, limit: int) -> ImprovementStatus:
        state = self._state
        cycles = tuple(reversed(state.cycles))[:limit]
        done = [cycle for cycle in state.cycles if cycle.status == "done"]
        errors = [
            StageError(n, stage.stage, stage.error) for n, stage in state.stages if stage.error
        ]
        standings: dict[str, int] = {}
        for record in self.strategy_records(None):
            standings[record.standing] = standings.get(record.standing, 0) + 1
        return ImprovementStatus(
            loop=state.loop,
            cycle_count=len(state.cycles),
            cycles=cycles,
            stages=tuple(stage for n, stage in state.stages if cycles and n == cycles[0].cycle),
            last_closed=done[-1] if done else None,
            last_error=errors[-1] if errors else None,
            standings=standings,
        )

    def add_agent(self, agent_id: str, *, at: str) -> AgentRow:
        new = AgentRow(agent_id, True, self._state.all_enabled, 0, 0, 0, 0, 0, None)
        self._state.agents.setdefault(agent_id, new)
        return self._state.agents[agent_id]

    def set_enabled(self, agent_id: str | None, enabled: bool, *, at: str) -> None:
        if agent_id is None:
            self._state.all_enabled = enabled
        else:
            row = self.add_agent(agent_id, at=at)
            self._state.agents[agent_id] = row._replace(enabled=enabled)

    def reset_agent(self, agent_id: str, *, at: str) -> None:
        state = self._state
        row = state.agents[agent_id]
        new = AgentRow(agent_id, row.enabled, row.all_enabled, row.generation + 1, 0, 0, 0, 0, None)
        state.agents[agent_id] = new
        state.history = [e for e in state.history if e.experience.agent_id != agent_id]
        state.q_values.pop(agent_id, None)
        state.judged_at = {k: v for k, v in state.judged_at.items() if k[0] != agent_id}
        state.standings = {k: v for k, v in state.standings.items() if k[0] != agent_id}
        state.suggestions = {k: v for k, v in state.suggestions.items() if k[0] != agent_id}
        state.trials = {k: v for k, v in state.trials.items() if k[0] != agent_id}

    def settings_id(self, config: QLearningConfig) -> int:
        if config not in self._state.settings:
            self._state.settings.append(config)
        return self._state.settings.index(config) + 1

    def append(self, experience: Experience, *, settings_id: int) -> int | None:
        state = self._state
        if any(e.experience.experience_id == experience.experience_id for e in state.history):
            return None
        state.last_number += 1
        state.history.append(Recorded(state.last_number, experience, settings_id))
        row = state.agents[experience.agent_id]
        state.agents[experience.agent_id] = row._replace(
            experience_count=row.experience_count + 1, last_experience=state.last_number
        )
        return state.last_number

    def store_q_values(
        self, agent_id: str, cells: Iterable[Cell], mark: SnapshotMark, *, at: str
    ) -> None:
        stored = self._state.q_values.setdefault(agent_id, {})
        for cell in cells:
            stored[cell.state_key, cell.action_key] = cell
        self._state.agents[agent_id] = self._state.agents[agent_id]._replace(
            snapshot_count=mark.experiences,
            snapshot_experience=mark.last_experience,
            snapshot_epsilon=mark.epsilon,
        )

    def archive(self, agent_id: str, *, keep: int, until: int) -> int:
        live = [entry.number for entry in self._of(agent_id) if not entry.archived]
        old = {number for number in live[: max(0, len(live) - keep)] if number <= until}
        self._state.history = [
            replace(entry, archived=True) if entry.number in old else entry
            for entry in self._state.history
        ]
        return len(old)

    def recount(self, agent_id: str) -> int:
        return 0  # records are counted whenever they are read

    def repair_agent(
        self, agent_id: str, cells: Iterable[Cell], *, epsilon: float | None, at: str
    ) -> None:
        entries = self._of(agent_id)
        last = entries[-1].number if entries else 0
        self._state.q_values[agent_id] = {}
        self._state.agents[agent_id] = self._state.agents[agent_id]._replace(
            experience_count=len(entries), last_experience=last
        )
        self.store_q_values(agent_id, cells, SnapshotMark(len(entries), last, epsilon), at=at)

    def suggest(self, failure: FailurePattern, actions: list[SuggestedAction]) -> bool:
        key = (failure.agent_id, failure.task_type, failure.failure_kind)
        changed = self._state.suggestions.get(key, ()) != tuple(actions)
        self._state.suggestions[key] = tuple(actions)
        return changed

    def set_standing(self, record: LearnedPattern, standing: Standing, *, at: str) -> None:
        key = (record.agent_id, record.task_type, record.strategy)
        self._state.standings[key] = standing
        self._state.judged_at[key] = at

    def put_trial(self, trial: TrialRow) -> None:
        self._state.trials[trial.agent_id, trial.task_type] = trial

    def begin_cycle(self, *, at: str) -> int:
        self._state.cycles.append(CycleRow(len(self._state.cycles) + 1, at, None, "running"))
        return len(self._state.cycles)

    def put_stage(self, cycle: int, stage: StageRow) -> None:
        self._state.stages.append((cycle, stage))

    def end_cycle(self, cycle: CycleRow) -> None:
        self._state.cycles[cycle.cycle - 1] = cycle

    def put_loop(self, loop: LoopRow) -> None:
        self._state.loop = loop

    def _of(self, agent_id: str | None) -> list[Recorded]:
        return [e for e in self._state.history if agent_id in (None, e.experience.agent_id)]

    def _grouped(
        self, agent_id: str | None, task_type: str | None, name: str
    ) -> dict[Key, list[Experience]]:
        groups: dict[Key, list[Experience]] = {}
        for entry in self._of(agent_id):
            lived = entry.experience
            value = getattr(lived, name)
            if value is not None and task_type in (None, lived.task_type):
                groups.setdefault((lived.agent_id, lived.task_type, value), []).append(lived)
        return groups

    def _strategy_record(self, key: Key, lived: list[Experience]) -> LearnedPattern:
        agent_id, task_type, strategy = key
        successes = sum(experience.success for experience in lived)
        return LearnedPattern(
            pattern=f"{task_type} : {strategy}",
            agent_id=agent_id,
            task_type=task_type,
            strategy=strategy,
            confidence=wilson_interval(successes, len(lived))[0],
            success_rate=successes / len(lived),
            usage_count=len(lived),
            success_count=successes,
            average_reward=_added(experience.reward for experience in lived) / len(lived),
            standing=self._state.standings.get(key, "candidate"),
            contexts=_contexts(lived),
            created_at=lived[0].timestamp,
            last_used_at=lived[-1].timestamp,
        )

    def _failure_record(self, key: Key, lived: list[Experience]) -> FailurePattern:
        agent_id, task_type, kind = key
        groups = self._grouped(agent_id, task_type, "strategy").values()
        tasks = sum(len(group) for group in groups)
        return FailurePattern(
            pattern=f"{task_type} : {kind}",
            agent_id=agent_id,
            task_type=task_type,
            failure_kind=kind,
            frequency=len(lived),
            share=len(lived) / tasks,
            confidence=wilson_interval(len(lived), tasks)[0],
            contexts=_contexts(lived),
            suggested_actions=self._state.suggestions.get(key, ()),
            identified_at=lived[0].timestamp,
            last_occurred_at=lived[-1].timestamp,
        )


def _added(values: Iterable[float]) -> float:
    """Returns the sum as rows are added up; from Python 3.12 on, ``sum`` corrects rounding."""
    return reduce(operator.add, values, 0.0)


def _contexts(lived: list[Experience]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(experience.state for experience in lived))[:10]


def _sums(name: str, lived: list[Experience]) -> OutcomeSums:
    buckets = [reward_bucket(experience.reward) for experience in lived]
    return OutcomeSums(
        name=name,
        experiences=len(lived),
        successes=sum(experience.success for experience in lived),
        reward_sum=_added(experience.reward for experience in lived),
        explored=sum(bool(experience.explored) for experience in lived),
        explored_known=sum(experience.explored is not None for experience in lived),
        with_patterns=sum(experience.patterns_used > 0 for experience in lived),
        rewards=tuple(buckets.count(bucket) for bucket in range(REWARD_BUCKETS)),
    )
