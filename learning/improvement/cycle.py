"""Runs one improvement cycle, which consolidates what was learned and reports the changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import NamedTuple

from ...schema import LearnedPattern, utc_now
from ...schema.records.validation import without_secrets
from ..decision.remedies import suggested_actions
from ..storage.backend import LearningBackend, LearningReader, LearningWriter
from ..storage.learning_rows import CycleRow, StageRow, TrialRow
from .promotion import next_standing
from .retention import archive_history
from .strategy_comparison import StrategyRewards, compare_strategies

__all__ = [
    "CycleReport",
    "CycleTuning",
    "Stage",
    "StageReport",
    "StageWork",
    "run_cycle",
    "standard_stages",
]

_MAX_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleTuning:
    """Thresholds of an improvement cycle.

    Attributes:
        keep_experiences: Newest experiences of each agent that are not archived.
        alpha: Significance level, divided by the number of comparisons of the cycle (Bonferroni).
        min_uses: Minimum rewards of each side of a comparison; with fewer, Mann-Whitney can hardly
            reach ``alpha``.
        growth: A pair is compared again when its uses have grown by this factor: testing after
            every few tasks would eventually find a difference where there is none.
    """

    keep_experiences: int = 100_000
    alpha: float = 0.01
    min_uses: int = 20
    growth: float = 1.5


class StageWork(NamedTuple):
    """The number of rows that a stage changed, and a summary for a person."""

    changed: int
    summary: str


class Stage(NamedTuple):
    """One stage of a cycle; ``run`` gets a writing transaction and the time, ISO 8601."""

    name: str
    run: Callable[[LearningWriter, str], StageWork]


@dataclass(frozen=True, slots=True)
class StageReport:
    """The report of a stage: how many rows it changed, and why."""

    name: str
    duration_ms: float
    changed: int
    summary: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CycleReport:
    """A cycle as it was recorded."""

    cycle: int
    started_at: datetime
    finished_at: datetime
    stages: tuple[StageReport, ...]

    @property
    def failed(self) -> bool:
        """Whether a stage failed; the others ran nevertheless."""
        return any(stage.error is not None for stage in self.stages)


def run_cycle(
    backend: LearningBackend,
    *,
    clock: Callable[[], datetime] = utc_now,
    stages: Sequence[Stage] | None = None,
) -> CycleReport:
    """Runs every stage, each in a transaction of its own, and records what it did.

    A stage that fails is recorded with its error and does not keep the others from running.

    Args:
        backend: The storage backend.
        clock: Returns the current time, with its time zone.
        stages: The stages to run, in order; None for ``standard_stages()``.

    Raises:
        DatabaseError: The cycle itself cannot be recorded.
    """
    started = clock()
    with backend.writing() as writer:
        cycle = writer.begin_cycle(at=started.isoformat())
    reports = []
    for stage in standard_stages() if stages is None else stages:
        report = _run_stage(backend, stage, clock().isoformat())
        reports.append(report)
        with backend.writing() as writer:
            writer.put_stage(
                cycle,
                StageRow(
                    report.name,
                    report.duration_ms,
                    report.changed,
                    without_secrets(report.summary),
                    report.error,
                ),
            )
    finished = clock()
    result = CycleReport(cycle, started, finished, tuple(reports))
    status = "failed" if result.failed else "done"
    with backend.writing() as writer:
        writer.end_cycle(CycleRow(cycle, started.isoformat(), finished.isoformat(), status))
    return result


def standard_stages(tuning: CycleTuning | None = None) -> tuple[Stage, ...]:
    """Returns the stages of a cycle, in order."""
    tuning = CycleTuning() if tuning is None else tuning
    return (
        Stage("recount", recount),
        Stage("suggest", suggest),
        Stage("judge strategies", judge_strategies),
        Stage("compare", partial(compare, tuning=tuning)),
        Stage("archive", partial(archive, tuning=tuning)),
    )


def recount(writer: LearningWriter, at: str) -> StageWork:
    """Counts the history again and corrects the records that differ."""
    agents = writer.agents()
    corrected = sum(writer.recount(agent.agent_id) for agent in agents)
    counts = writer.experience_counts(None)
    return StageWork(
        corrected,
        f"{counts.live + counts.archived} experiences of {len(agents)} agents counted, "
        f"{corrected} records corrected",
    )


def suggest(writer: LearningWriter, at: str) -> StageWork:
    """Stores suggested remedies for each failure record."""
    failures = writer.failure_records(None)
    changed = 0
    without = 0
    for failure in failures:
        actions = suggested_actions(writer, failure)
        without += not actions
        changed += writer.suggest(failure, actions)
    return StageWork(changed, f"{len(failures)} failure records, {without} without a known remedy")


def judge_strategies(writer: LearningWriter, at: str) -> StageWork:
    """Promotes, demotes and retires strategies by their records."""
    changes = []
    records = writer.strategy_records(None)
    for record in records:
        verdict = next_standing(
            record.standing, successes=record.success_count, uses=record.usage_count
        )
        if verdict.standing != record.standing:
            writer.set_standing(record, verdict.standing, at=at)
            changes.append(f"{record.pattern} {verdict.standing} ({verdict.why})")
    return StageWork(len(changes), _summary(changes, f"{len(records)} strategies judged"))


def compare(writer: LearningWriter, at: str, *, tuning: CycleTuning) -> StageWork:
    """Compares the two best strategies of each task type whose uses have grown."""
    due = list(_due_comparisons(writer, tuning))
    outcomes = []
    decided = 0
    for pair in due:
        trial = compare_strategies(
            pair.first.agent_id,
            pair.first.task_type,
            first=_rewards(writer, pair.first),
            second=_rewards(writer, pair.second),
            alpha=tuning.alpha / len(due),
            at=at,
        )
        writer.put_trial(trial)
        decided += trial.winner is not None
        outcomes.append(_outcome(trial))
    return StageWork(decided, _summary(outcomes, f"{len(due)} comparisons due"))


def archive(writer: LearningWriter, at: str, *, tuning: CycleTuning) -> StageWork:
    """Archives the oldest experiences of agents that have too many."""
    moved = sum(
        archive_history(writer, agent, keep=tuning.keep_experiences) for agent in writer.agents()
    )
    counts = writer.experience_counts(None)
    return StageWork(
        moved,
        f"{moved} experiences archived; {counts.live} live, {counts.archived} in the archive",
    )


class _Pair(NamedTuple):
    first: LearnedPattern
    second: LearnedPattern


def _run_stage(backend: LearningBackend, stage: Stage, at: str) -> StageReport:
    started = time.perf_counter()
    try:
        with backend.writing() as writer:
            work = stage.run(writer, at)
    except Exception as error:  # recorded with the cycle, which then counts as failed
        took_ms = 1000 * (time.perf_counter() - started)
        message = without_secrets(f"{type(error).__name__}: {error}")
        return StageReport(stage.name, took_ms, 0, "", message)
    took_ms = 1000 * (time.perf_counter() - started)
    return StageReport(stage.name, took_ms, work.changed, work.summary)


def _due_comparisons(reader: LearningReader, tuning: CycleTuning) -> Iterator[_Pair]:
    """Yields the two best strategies by mean reward, where both were used often enough."""
    records = sorted(reader.strategy_records(None), key=_task_of)
    for (agent_id, task_type), group in groupby(records, key=_task_of):
        tried = [
            record
            for record in group
            if record.usage_count >= tuning.min_uses and record.standing != "retired"
        ]
        if len(tried) < 2:
            continue
        tried.sort(key=lambda record: (-record.average_reward, record.strategy))
        best = _Pair(*tried[:2])
        last = reader.trial(agent_id, task_type)
        if last is None or _has_grown(best, last, tuning.growth):
            yield best


def _has_grown(pair: _Pair, last: TrialRow, growth: float) -> bool:
    """Returns whether the pair is another one, or has many more uses than it had."""
    if {last.strategy_a, last.strategy_b} != {pair.first.strategy, pair.second.strategy}:
        return True
    uses = pair.first.usage_count + pair.second.usage_count
    return uses >= growth * (last.uses_a + last.uses_b)


def _task_of(record: LearnedPattern) -> tuple[str, str]:
    return record.agent_id, record.task_type


def _rewards(reader: LearningReader, record: LearnedPattern) -> StrategyRewards:
    rewards = reader.rewards(record.agent_id, record.task_type, record.strategy)
    return StrategyRewards(record.strategy, rewards)


def _outcome(trial: TrialRow) -> str:
    verdict = f"{trial.winner} wins" if trial.winner else "no winner, the difference may be chance"
    return (
        f"{trial.task_type}: {trial.strategy_a} {trial.mean_reward_a:+.2f} against "
        f"{trial.strategy_b} {trial.mean_reward_b:+.2f}, p = {trial.p_value:.2g}: {verdict}"
    )


def _summary(changes: list[str], counted: str) -> str:
    if not changes:
        return f"{counted}, nothing to change"
    more = len(changes) - _MAX_NAMED
    return "; ".join(changes[:_MAX_NAMED]) + (f"; and {more} more" if more > 0 else "")
