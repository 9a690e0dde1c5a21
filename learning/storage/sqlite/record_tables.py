"""Keeps strategy records and failure records, with their standing and last comparison.

Tables ``learned_patterns``, ``failure_patterns`` and ``strategy_trials``. Their counters move with
every experience (``experience_append.py``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import apsw
import msgspec

from ....schema import FailurePattern, LearnedPattern, Standing, SuggestedAction
from ....schema.wilson import wilson_interval
from ..learning_rows import StandingChange, TrialRow

__all__ = ["RecordTables"]

_RECORDS = (
    "select pattern, agent_id, task_type, strategy, confidence, success_rate, usage_count,"
    " success_count, reward_sum, standing, contexts, created_at, last_used_at"
    " from learned_patterns"
)
# Agents ask for one task type with every recommendation: that one goes by the primary key.
_RECORDS_OF_TYPE = (
    _RECORDS + " where agent_id = :agent_id and task_type = :task_type"
    " order by confidence desc, usage_count desc, agent_id, pattern"
)
_ALL_RECORDS = (
    _RECORDS + " where (:agent_id is null or agent_id = :agent_id)"
    " and (:task_type is null or task_type = :task_type)"
    " order by confidence desc, usage_count desc, agent_id, pattern"
)
_TRIALS = (
    "select agent_id, task_type, strategy_a, strategy_b, uses_a, uses_b, mean_reward_a,"
    " mean_reward_b, p_value, winner, decided_at from strategy_trials"
)
_PUT_TRIAL = (
    "insert into strategy_trials (agent_id, task_type, strategy_a, strategy_b, uses_a,"
    " uses_b, mean_reward_a, mean_reward_b, p_value, winner, decided_at) values"
    " (:agent_id, :task_type, :strategy_a, :strategy_b, :uses_a, :uses_b, :mean_reward_a,"
    " :mean_reward_b, :p_value, :winner, :decided_at)"
    " on conflict (agent_id, task_type) do update set strategy_a = excluded.strategy_a,"
    " strategy_b = excluded.strategy_b, uses_a = excluded.uses_a, uses_b = excluded.uses_b,"
    " mean_reward_a = excluded.mean_reward_a, mean_reward_b = excluded.mean_reward_b,"
    " p_value = excluded.p_value, winner = excluded.winner,"
    " decided_at = excluded.decided_at"
)


class RecordTables:
    """See ``LearningReader`` and ``LearningWriter``."""

    _connection: apsw.Connection

    def strategy_records(
        self, agent_id: str | None, *, task_type: str | None = None
    ) -> list[LearnedPattern]:
        """See ``LearningReader``."""
        asked = agent_id is not None and task_type is not None
        rows = self._connection.execute(
            _RECORDS_OF_TYPE if asked else _ALL_RECORDS,
            {"agent_id": agent_id, "task_type": task_type},
        )
        return [_strategy_record(row) for row in rows]

    def failure_records(
        self, agent_id: str | None, *, task_type: str | None = None
    ) -> list[FailurePattern]:
        """See ``LearningReader``."""
        rows = self._connection.execute(
            "select pattern, agent_id, task_type, failure_kind, frequency, contexts,"
            " suggested_actions, identified_at, last_occurred_at,"
            " (select sum(usage_count) from learned_patterns as l"
            "  where l.agent_id = f.agent_id and l.task_type = f.task_type)"
            " from failure_patterns as f where (:agent_id is null or agent_id = :agent_id)"
            " and (:task_type is null or task_type = :task_type)"
            " order by frequency desc, agent_id, pattern",
            {"agent_id": agent_id, "task_type": task_type},
        )
        return [_failure_record(row) for row in rows]

    def suggest(self, failure: FailurePattern, actions: list[SuggestedAction]) -> bool:
        """See ``LearningWriter``."""
        self._connection.execute(
            "update failure_patterns set suggested_actions = :actions"
            " where agent_id = :agent_id and task_type = :task_type"
            " and failure_kind = :failure_kind and suggested_actions <> :actions",
            {
                "agent_id": failure.agent_id,
                "task_type": failure.task_type,
                "failure_kind": failure.failure_kind,
                "actions": msgspec.json.encode(actions).decode(),
            },
        )
        return self._connection.changes() > 0

    def set_standing(self, record: LearnedPattern, standing: Standing, *, at: str) -> None:
        """See ``LearningWriter``."""
        self._connection.execute(
            "update learned_patterns set standing = :standing, standing_since = :at"
            " where agent_id = :agent_id and task_type = :task_type and strategy = :strategy",
            {
                "agent_id": record.agent_id,
                "task_type": record.task_type,
                "strategy": record.strategy,
                "standing": standing,
                "at": at,
            },
        )

    def trial(self, agent_id: str, task_type: str) -> TrialRow | None:
        """See ``LearningReader``."""
        row = self._connection.execute(
            f"{_TRIALS} where agent_id = :agent_id and task_type = :task_type",
            {"agent_id": agent_id, "task_type": task_type},
        ).fetchone()
        return None if row is None else TrialRow._make(row)

    def trials(self, *, limit: int) -> list[TrialRow]:
        """See ``LearningReader``."""
        rows = self._connection.execute(
            f"{_TRIALS} order by decided_at desc, agent_id, task_type limit :limit",
            {"limit": limit},
        )
        return [TrialRow._make(row) for row in rows]

    def standing_changes(self, *, limit: int) -> list[StandingChange]:
        """See ``LearningReader``."""
        rows = self._connection.execute(
            "select agent_id, task_type, strategy, standing, standing_since from learned_patterns"
            " where standing_since is not null"
            " order by standing_since desc, agent_id, task_type, strategy limit :limit",
            {"limit": limit},
        )
        return [StandingChange._make(row) for row in rows]

    def put_trial(self, trial: TrialRow) -> None:
        """See ``LearningWriter``."""
        self._connection.execute(_PUT_TRIAL, trial._asdict())


def _strategy_record(row: tuple[Any, ...]) -> LearnedPattern:
    return LearnedPattern(
        pattern=row[0],
        agent_id=row[1],
        task_type=row[2],
        strategy=row[3],
        confidence=row[4],
        success_rate=row[5],
        usage_count=row[6],
        success_count=row[7],
        average_reward=row[8] / row[6],
        standing=row[9],
        contexts=tuple(msgspec.json.decode(row[10])),
        created_at=datetime.fromisoformat(row[11]),
        last_used_at=datetime.fromisoformat(row[12]),
    )


def _failure_record(row: tuple[Any, ...]) -> FailurePattern:
    frequency, tasks = row[4], max(row[9] or 0, row[4])
    suggested = msgspec.json.decode(row[6], type=list[SuggestedAction])
    return FailurePattern(
        pattern=row[0],
        agent_id=row[1],
        task_type=row[2],
        failure_kind=row[3],
        frequency=frequency,
        share=frequency / tasks,
        confidence=wilson_interval(frequency, tasks)[0],
        contexts=tuple(msgspec.json.decode(row[5])),
        suggested_actions=tuple(suggested),
        identified_at=datetime.fromisoformat(row[7]),
        last_occurred_at=datetime.fromisoformat(row[8]),
    )
