"""One cycle of improvement: consolidates what was learned, on real rows, and says what it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from ...schema import LearnedPattern, utc_now
from ..decision.remedies import suggested_actions
from ..storage.sqlite.cycle_tables import StageRow
from ..storage.sqlite.standing_columns import TrialRow
from ..storage.sqlite.store import LearningRows, LearningStore
from .promotion import next_standing
from .retention import archive_history
from .strategy_comparison import ALPHA, MIN_USES, compare_strategies

__all__ = ["STAGES", "CycleReport", "StageReport", "run_cycle"]

# Experiences of one agent that stay where a state is looked up; older ones are archived.
KEEP_EXPERIENCES = 100_000
# A pair is compared again when its evidence has grown by half: testing after every few tasks would
# sooner or later find a difference where there is none.
GROWTH = 1.5
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class StageReport:
    """What a stage did: how many rows it changed, and why, in words."""

    name: str
    duration_ms: float
    changed: int
    summary: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CycleReport:
    """A cycle as it was written to the database."""

    cycle: int
    started_at: datetime
    finished_at: datetime
    stages: tuple[StageReport, ...]

    @property
    def failed(self) -> bool:
        """Whether a stage failed; the others were done all the same."""
        return any(stage.error is not None for stage in self.stages)


Stage = Callable[[LearningRows, str], tuple[int, str]]


def run_cycle(
    store: LearningStore,
    *,
    clock: Callable[[], datetime] = utc_now,
    stages: tuple[tuple[str, Stage], ...] | None = None,
) -> CycleReport:
    """Runs every stage, each in a transaction of its own, and writes a row of what it did.

    A stage that fails is written down with its error and does not keep the others from running.

    Raises:
        DatabaseError: The cycle itself cannot be written.
    """
    started = clock()
    with store.writing() as rows:
        cycle = rows.improvement.begin_cycle(at=started.isoformat())
    reports = []
    for name, stage in STAGES if stages is None else stages:
        report = _run_stage(store, name, stage, clock().isoformat())
        reports.append(report)
        with store.writing() as rows:
            rows.improvement.put_stage(
                cycle,
                StageRow(
                    report.name, report.duration_ms, report.changed, report.summary, report.error
                ),
            )
    finished = clock()
    result = CycleReport(cycle, started, finished, tuple(reports))
    with store.writing() as rows:
        status = "failed" if result.failed else "done"
        rows.improvement.end_cycle(cycle, status=status, at=finished.isoformat())
    return result


def recount(rows: LearningRows, at: str) -> tuple[int, str]:
    """Counts the history again and corrects what works and what fails where it differs."""
    agents = rows.agents.all()
    corrected = sum(rows.patterns.recount(agent.agent_id) for agent in agents)
    live, archived = rows.history.counts(None)
    return corrected, (
        f"{live + archived} experiences of {len(agents)} agents counted, "
        f"{corrected} records corrected"
    )


def suggest(rows: LearningRows, at: str) -> tuple[int, str]:
    """Stores, for each failure, what did succeed in the same state or on the same task type."""
    failures = rows.patterns.failures()
    changed = 0
    without = 0
    for failure in failures:
        actions = suggested_actions(rows, failure)
        without += not actions
        changed += rows.patterns.suggest(
            failure.agent_id, failure.task_type, failure.failure_kind, actions
        )
    return changed, f"{len(failures)} failure patterns, {without} without any remedy known"


def judge_strategies(rows: LearningRows, at: str) -> tuple[int, str]:
    """Promotes, demotes and retires strategies of task types by their record."""
    changes = []
    patterns = rows.patterns.learned()
    for pattern in patterns:
        standing, why = next_standing(
            pattern.standing, successes=pattern.success_count, uses=pattern.usage_count
        )
        if standing != pattern.standing:
            rows.standing.set_learned_standing(
                pattern.agent_id, pattern.task_type, pattern.strategy, standing, at=at
            )
            changes.append(f"{pattern.pattern} {standing} ({why})")
    return len(changes), _summary(changes, f"{len(patterns)} strategies judged")


def judge_bank(rows: LearningRows, at: str) -> tuple[int, str]:
    """Promotes, demotes and retires the bank's patterns by their recorded uses."""
    changes = []
    records = rows.standing.bank_records()
    for record in records:
        standing, why = next_standing(record.standing, successes=record.successes, uses=record.uses)
        if standing != record.standing:
            rows.standing.set_bank_standing(record.pattern_id, standing, at=at)
            changes.append(f"{record.name} {standing} ({why})")
    return len(changes), _summary(changes, f"{len(records)} used patterns of the bank judged")


def compare(rows: LearningRows, at: str) -> tuple[int, str]:
    """Compares the two best strategies of each task type where the evidence has grown."""
    due = list(_due_comparisons(rows))
    outcomes = []
    decided = 0
    for first, second in due:
        trial = compare_strategies(
            first.agent_id,
            first.task_type,
            first=_rewards(rows, first),
            second=_rewards(rows, second),
            alpha=ALPHA / len(due),
            at=at,
        )
        rows.standing.put_trial(trial)
        decided += trial.winner is not None
        outcomes.append(_outcome(trial))
    return decided, _summary(outcomes, f"{len(due)} comparisons due")


def archive(rows: LearningRows, at: str) -> tuple[int, str]:
    """Moves the oldest experiences of agents with very many of them out of the way."""
    agents = rows.agents.all()
    moved = sum(archive_history(rows, agent, keep=KEEP_EXPERIENCES) for agent in agents)
    live, archived = rows.history.counts(None)
    return moved, f"{moved} experiences archived; {live} live, {archived} in the archive"


STAGES: tuple[tuple[str, Stage], ...] = (
    ("recount", recount),
    ("suggest", suggest),
    ("judge strategies", judge_strategies),
    ("judge bank", judge_bank),
    ("compare", compare),
    ("archive", archive),
)


def _run_stage(store: LearningStore, name: str, stage: Stage, at: str) -> StageReport:
    started = time.perf_counter()
    try:
        with store.writing() as rows:
            changed, summary = stage(rows, at)
    except Exception as error:  # written down with the cycle, which then counts as failed
        took_ms = 1000 * (time.perf_counter() - started)
        return StageReport(name, took_ms, 0, "", f"{type(error).__name__}: {error}")
    return StageReport(name, 1000 * (time.perf_counter() - started), changed, summary)


def _due_comparisons(rows: LearningRows) -> Iterator[tuple[LearnedPattern, LearnedPattern]]:
    """Yields the two best strategies by mean reward, where both were used often enough."""
    patterns = sorted(rows.patterns.learned(), key=lambda one: (one.agent_id, one.task_type))
    for (agent_id, task_type), group in groupby(
        patterns, key=lambda one: (one.agent_id, one.task_type)
    ):
        tried = [one for one in group if one.usage_count >= MIN_USES and one.standing != "retired"]
        if len(tried) < 2:
            continue
        best = sorted(tried, key=lambda one: (-one.average_reward, one.strategy))[:2]
        last = rows.standing.trial(agent_id, task_type)
        if last is not None and {last.strategy_a, last.strategy_b} == {
            one.strategy for one in best
        }:
            uses = sum(one.usage_count for one in best)
            if uses < GROWTH * (last.uses_a + last.uses_b):
                continue
        yield best[0], best[1]


def _rewards(rows: LearningRows, pattern: LearnedPattern) -> tuple[str, list[float]]:
    rewards = rows.history.rewards(pattern.agent_id, pattern.task_type, pattern.strategy)
    return pattern.strategy, rewards


def _outcome(trial: TrialRow) -> str:
    verdict = f"{trial.winner} wins" if trial.winner else "no winner, the difference may be chance"
    return (
        f"{trial.task_type}: {trial.strategy_a} {trial.mean_reward_a:+.2f} against "
        f"{trial.strategy_b} {trial.mean_reward_b:+.2f}, p = {trial.p_value:.2g}: {verdict}"
    )


def _summary(changes: list[str], otherwise: str) -> str:
    if not changes:
        return f"{otherwise}, nothing to change"
    more = len(changes) - _MAX_NAMED
    return "; ".join(changes[:_MAX_NAMED]) + (f"; and {more} more" if more > 0 else "")
