"""Rows about what works and what fails: counters kept with every experience.

They are always what counting the history again would give; ``recount`` does that, as a repair.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import apsw
import msgspec

from ....schema import Experience, FailurePattern, LearnedPattern, SuggestedAction
from ...wilson import wilson_interval

__all__ = ["PatternRows"]

# States a pattern is remembered with: enough to look for a remedy in the same state.
MAX_CONTEXTS = 10


class PatternRows:
    """``learned_patterns`` and ``failure_patterns``."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def count(self, experience: Experience) -> None:
        """Adds one experience to the record of its strategy, and of its failure."""
        self._count_strategy(experience)
        if experience.failure_kind is not None:
            self._count_failure(experience, experience.failure_kind)

    def learned(
        self, agent_id: str | None = None, *, task_type: str | None = None
    ) -> list[LearnedPattern]:
        """Returns what works, best first: by confidence, then use, then name."""
        rows = self._connection.execute(
            "select pattern, agent_id, task_type, strategy, confidence, success_rate, usage_count,"
            " success_count, reward_sum, standing, contexts, created_at, last_used_at"
            " from learned_patterns where (:agent_id is null or agent_id = :agent_id)"
            " and (:task_type is null or task_type = :task_type)"
            " order by confidence desc, usage_count desc, agent_id, pattern",
            {"agent_id": agent_id, "task_type": task_type},
        )
        return [_learned(*row) for row in rows]

    def for_task_type(self, agent_id: str, task_type: str) -> list[LearnedPattern]:
        """Returns the record of each strategy on one type of task, by primary key."""
        rows = self._connection.execute(
            "select pattern, agent_id, task_type, strategy, confidence, success_rate, usage_count,"
            " success_count, reward_sum, standing, contexts, created_at, last_used_at"
            " from learned_patterns where agent_id = :agent_id and task_type = :task_type",
            {"agent_id": agent_id, "task_type": task_type},
        )
        return [_learned(*row) for row in rows]

    def failures(
        self, agent_id: str | None = None, *, task_type: str | None = None
    ) -> list[FailurePattern]:
        """Returns what fails, most frequent first."""
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
        return [_failure(*row) for row in rows]

    def suggest(
        self, agent_id: str, task_type: str, failure_kind: str, actions: list[SuggestedAction]
    ) -> bool:
        """Stores what may help against a failure; returns whether that is news."""
        self._connection.execute(
            "update failure_patterns set suggested_actions = :actions"
            " where agent_id = :agent_id and task_type = :task_type"
            " and failure_kind = :failure_kind and suggested_actions <> :actions",
            {
                "agent_id": agent_id,
                "task_type": task_type,
                "failure_kind": failure_kind,
                "actions": msgspec.json.encode(actions).decode(),
            },
        )
        return self._connection.changes() > 0

    def recount(self, agent_id: str) -> int:
        """Counts the learner's history again; returns how many records that corrected."""
        corrected = 0
        counted: list[Any] = self._connection.execute(
            "select task_type, strategy, count(*), sum(success), sum(reward)"
            " from learning_experiences where agent_id = :agent_id group by task_type, strategy",
            {"agent_id": agent_id},
        ).fetchall()
        for task_type, strategy, uses, successes, rewards in counted:
            # Sums of floats depend on their order; a difference below 1e-6 is no correction.
            self._connection.execute(
                "update learned_patterns set usage_count = :uses, success_count = :successes,"
                " reward_sum = :rewards, confidence = :confidence where agent_id = :agent_id"
                " and task_type = :task_type and strategy = :strategy"
                " and (usage_count <> :uses or success_count <> :successes"
                " or abs(reward_sum - :rewards) > 1e-6)",
                {
                    "agent_id": agent_id,
                    "task_type": task_type,
                    "strategy": strategy,
                    "uses": uses,
                    "successes": successes,
                    "rewards": rewards,
                    "confidence": wilson_interval(successes, uses)[0],
                },
            )
            corrected += self._connection.changes()
        return corrected + self._recount_failures(agent_id)

    def _recount_failures(self, agent_id: str) -> int:
        corrected = 0
        counted: list[Any] = self._connection.execute(
            "select task_type, failure_kind, count(*) from learning_experiences"
            " where agent_id = :agent_id and failure_kind is not null"
            " group by task_type, failure_kind",
            {"agent_id": agent_id},
        ).fetchall()
        for task_type, kind, frequency in counted:
            key = {"agent_id": agent_id, "task_type": task_type, "kind": kind}
            self._connection.execute(
                "update failure_patterns set frequency = :frequency where agent_id = :agent_id"
                " and task_type = :task_type and failure_kind = :kind and frequency <> :frequency",
                {**key, "frequency": frequency},
            )
            corrected += self._connection.changes()
            # Successes since the last failure have lowered it; that is no correction.
            self._connection.execute(
                "update failure_patterns set confidence = :confidence where agent_id = :agent_id"
                " and task_type = :task_type and failure_kind = :kind",
                {**key, "confidence": self._failure_confidence(agent_id, task_type, frequency)},
            )
        return corrected

    def _count_strategy(self, experience: Experience) -> None:
        key = {
            "agent_id": experience.agent_id,
            "task_type": experience.task_type,
            "strategy": experience.strategy,
        }
        known = self._connection.execute(
            "select usage_count, success_count, contexts from learned_patterns"
            " where agent_id = :agent_id and task_type = :task_type and strategy = :strategy",
            key,
        ).fetchone()
        uses, successes, contexts = known or (0, 0, "[]")
        uses, successes = uses + 1, successes + int(experience.success)
        self._connection.execute(
            "insert into learned_patterns (agent_id, task_type, strategy, confidence, usage_count,"
            " success_count, reward_sum, contexts, created_at, last_used_at) values (:agent_id,"
            " :task_type, :strategy, :confidence, :uses, :successes, :reward, :contexts, :at, :at)"
            " on conflict (agent_id, task_type, strategy) do update set"
            " confidence = excluded.confidence, usage_count = excluded.usage_count,"
            " success_count = excluded.success_count, contexts = excluded.contexts,"
            " reward_sum = reward_sum + excluded.reward_sum, last_used_at = excluded.last_used_at",
            {
                **key,
                "confidence": wilson_interval(successes, uses)[0],
                "uses": uses,
                "successes": successes,
                "reward": experience.reward,
                "contexts": _with_context(contexts, experience.state),
                "at": experience.timestamp.isoformat(),
            },
        )

    def _count_failure(self, experience: Experience, kind: str) -> None:
        key = {
            "agent_id": experience.agent_id,
            "task_type": experience.task_type,
            "failure_kind": kind,
        }
        known = self._connection.execute(
            "select frequency, contexts from failure_patterns where agent_id = :agent_id"
            " and task_type = :task_type and failure_kind = :failure_kind",
            key,
        ).fetchone()
        frequency, contexts = known or (0, "[]")
        confidence = self._failure_confidence(
            experience.agent_id, experience.task_type, frequency + 1
        )
        self._connection.execute(
            "insert into failure_patterns (agent_id, task_type, failure_kind, frequency,"
            " confidence, contexts, suggested_actions, identified_at, last_occurred_at) values"
            " (:agent_id, :task_type, :failure_kind, :frequency, :confidence, :contexts, '[]',"
            " :at, :at) on conflict (agent_id, task_type, failure_kind) do update set"
            " frequency = excluded.frequency, confidence = excluded.confidence,"
            " contexts = excluded.contexts, last_occurred_at = excluded.last_occurred_at",
            {
                **key,
                "frequency": frequency + 1,
                "confidence": confidence,
                "contexts": _with_context(contexts, experience.state),
                "at": experience.timestamp.isoformat(),
            },
        )

    def _failure_confidence(self, agent_id: str, task_type: str, frequency: int) -> float:
        tasks: Any = self._connection.execute(
            "select coalesce(sum(usage_count), 0) from learned_patterns"
            " where agent_id = :agent_id and task_type = :task_type",
            {"agent_id": agent_id, "task_type": task_type},
        ).get
        return wilson_interval(frequency, max(tasks, frequency))[0]


def _with_context(stored: str, state: str) -> str:
    contexts: list[str] = msgspec.json.decode(stored)
    if state in contexts or len(contexts) >= MAX_CONTEXTS:
        return stored
    return msgspec.json.encode([*contexts, state]).decode()


def _learned(*row: Any) -> LearnedPattern:
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


def _failure(*row: Any) -> FailurePattern:
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
