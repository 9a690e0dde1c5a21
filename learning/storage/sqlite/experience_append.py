"""Appends an experience, and updates everything that is counted with it.

The counters of ``learning_agents``, ``learned_patterns``, ``failure_patterns`` and
``learning_daily`` are always what counting the history would give; ``history_recount.py`` does
that, as a check and as a repair.
"""

from __future__ import annotations

import apsw
import msgspec

from ....schema import Experience
from ....schema.wilson import wilson_interval
from ...outcome.reward import REWARD_BUCKETS, reward_bucket

__all__ = ["ExperienceAppend", "count_experience"]

# States a record is kept with: enough to look for a remedy in the same state.
MAX_CONTEXTS = 10

_IN_ARCHIVE = "select 1 from learning_history_archive where experience_id = :experience_id"
_INSERT = (
    "insert into learning_history (experience_id, agent_id, task_id, task_type, state, action,"
    " strategy, reward, next_state, terminal, truncated, success, explored, failure_kind,"
    " execution_time_ms, quality, coverage, patterns_used, context, settings_rowid, timestamp)"
    " values (:experience_id, :agent_id, :task_id, :task_type, :state, :action, :strategy,"
    " :reward, :next_state, :terminal, :truncated, :success, :explored, :failure_kind,"
    " :execution_time_ms, :quality, :coverage, :patterns_used, :context, :settings_id,"
    " :timestamp) on conflict (experience_id) do nothing"
)
_MOVE_AGENT = (
    "update learning_agents set experience_count = experience_count + 1,"
    " last_experience = :number, updated_at = :at where agent_id = :agent_id"
)
_STRATEGY = (
    "select usage_count, success_count, contexts from learned_patterns"
    " where agent_id = :agent_id and task_type = :task_type and strategy = :strategy"
)
_PUT_STRATEGY = (
    "insert into learned_patterns (agent_id, task_type, strategy, confidence, usage_count,"
    " success_count, reward_sum, contexts, created_at, last_used_at) values (:agent_id,"
    " :task_type, :strategy, :confidence, :uses, :successes, :reward, :contexts, :at, :at)"
    " on conflict (agent_id, task_type, strategy) do update set"
    " confidence = excluded.confidence, usage_count = excluded.usage_count,"
    " success_count = excluded.success_count, contexts = excluded.contexts,"
    " reward_sum = reward_sum + excluded.reward_sum, last_used_at = excluded.last_used_at"
)
_FAILURE = (
    "select frequency, contexts from failure_patterns where agent_id = :agent_id"
    " and task_type = :task_type and failure_kind = :failure_kind"
)
_TASKS_OF_TYPE = (
    "select coalesce(sum(usage_count), 0) from learned_patterns"
    " where agent_id = :agent_id and task_type = :task_type"
)
_PUT_FAILURE = (
    "insert into failure_patterns (agent_id, task_type, failure_kind, frequency,"
    " confidence, contexts, suggested_actions, identified_at, last_occurred_at) values"
    " (:agent_id, :task_type, :failure_kind, :frequency, :confidence, :contexts, '[]',"
    " :at, :at) on conflict (agent_id, task_type, failure_kind) do update set"
    " frequency = excluded.frequency, confidence = excluded.confidence,"
    " contexts = excluded.contexts, last_occurred_at = excluded.last_occurred_at"
)
_COUNT_DAY = (
    "insert into learning_daily (agent_id, day, task_type, strategy, experiences, successes,"
    " reward_sum, explored, explored_known, with_patterns, reward_0, reward_1, reward_2, reward_3,"
    " reward_4, reward_5, reward_6, reward_7) values (:agent_id, :day, :task_type, :strategy, 1,"
    " :success, :reward, :explored, :known, :reuse, :b0, :b1, :b2, :b3, :b4, :b5, :b6, :b7)"
    " on conflict (agent_id, day, task_type, strategy) do update set"
    " experiences = experiences + 1, successes = successes + excluded.successes,"
    " reward_sum = reward_sum + excluded.reward_sum, explored = explored + excluded.explored,"
    " explored_known = explored_known + excluded.explored_known,"
    " with_patterns = with_patterns + excluded.with_patterns,"
    " reward_0 = reward_0 + excluded.reward_0, reward_1 = reward_1 + excluded.reward_1,"
    " reward_2 = reward_2 + excluded.reward_2, reward_3 = reward_3 + excluded.reward_3,"
    " reward_4 = reward_4 + excluded.reward_4, reward_5 = reward_5 + excluded.reward_5,"
    " reward_6 = reward_6 + excluded.reward_6, reward_7 = reward_7 + excluded.reward_7"
)
_NO_BUCKET = {f"b{bucket}": 0 for bucket in range(REWARD_BUCKETS)}


class ExperienceAppend:
    """See ``LearningWriter``."""

    _connection: apsw.Connection

    def append(self, experience: Experience, *, settings_id: int) -> int | None:
        """See ``LearningWriter``."""
        connection = self._connection
        known = connection.execute(_IN_ARCHIVE, {"experience_id": experience.experience_id}).get
        if known is not None:
            return None
        at = experience.timestamp.isoformat()
        explored = experience.explored
        connection.execute(
            _INSERT,
            {
                "experience_id": experience.experience_id,
                "agent_id": experience.agent_id,
                "task_id": experience.task_id,
                "task_type": experience.task_type,
                "state": experience.state,
                "action": experience.action,
                "strategy": experience.strategy,
                "reward": experience.reward,
                "next_state": experience.next_state,
                "terminal": int(experience.terminated),
                "truncated": int(experience.truncated),
                "success": int(experience.success),
                "explored": None if explored is None else int(explored),
                "failure_kind": experience.failure_kind,
                "execution_time_ms": experience.execution_time_ms,
                "quality": experience.quality,
                "coverage": experience.coverage,
                "patterns_used": experience.patterns_used,
                "context": msgspec.json.encode(experience.context).decode(),
                "settings_id": settings_id,
                "timestamp": at,
            },
        )
        if not connection.changes():
            return None
        number = connection.last_insert_rowid()
        connection.execute(
            _MOVE_AGENT, {"agent_id": experience.agent_id, "number": number, "at": at}
        )
        count_experience(connection, experience)
        return number


def count_experience(connection: apsw.Connection, experience: Experience) -> None:
    """Counts an experience in the record of its strategy and of its failure, and in its day."""
    at = experience.timestamp.isoformat()
    _count_strategy(connection, experience, at)
    if experience.failure_kind is not None:
        _count_failure(connection, experience, at)
    _count_day(connection, experience)


def _count_strategy(connection: apsw.Connection, experience: Experience, at: str) -> None:
    key = {
        "agent_id": experience.agent_id,
        "task_type": experience.task_type,
        "strategy": experience.strategy,
    }
    known = connection.execute(_STRATEGY, key).fetchone()
    uses, successes, contexts = known or (0, 0, "[]")
    uses, successes = uses + 1, successes + int(experience.success)
    connection.execute(
        _PUT_STRATEGY,
        {
            **key,
            "confidence": wilson_interval(successes, uses)[0],
            "uses": uses,
            "successes": successes,
            "reward": experience.reward,
            "contexts": _with_context(contexts, experience.state),
            "at": at,
        },
    )


def _count_failure(connection: apsw.Connection, experience: Experience, at: str) -> None:
    key = {
        "agent_id": experience.agent_id,
        "task_type": experience.task_type,
        "failure_kind": experience.failure_kind,
    }
    frequency, contexts = connection.execute(_FAILURE, key).fetchone() or (0, "[]")
    tasks = int(connection.execute(_TASKS_OF_TYPE, key).get)
    connection.execute(
        _PUT_FAILURE,
        {
            **key,
            "frequency": frequency + 1,
            "confidence": wilson_interval(frequency + 1, max(tasks, frequency + 1))[0],
            "contexts": _with_context(contexts, experience.state),
            "at": at,
        },
    )


def _count_day(connection: apsw.Connection, experience: Experience) -> None:
    explored = experience.explored
    values = {
        "agent_id": experience.agent_id,
        "day": experience.timestamp.date().isoformat(),
        "task_type": experience.task_type,
        "strategy": experience.strategy,
        "success": int(experience.success),
        "reward": experience.reward,
        "explored": int(bool(explored)),
        "known": int(explored is not None),
        "reuse": int(experience.patterns_used > 0),
        **_NO_BUCKET,
    }
    values[f"b{reward_bucket(experience.reward)}"] = 1
    connection.execute(_COUNT_DAY, values)


def _with_context(stored: str, state: str) -> str:
    """Returns a record's states, as stored, with one more while there is room."""
    contexts: list[str] = msgspec.json.decode(stored)
    if state in contexts or len(contexts) >= MAX_CONTEXTS:
        return stored
    return msgspec.json.encode([*contexts, state]).decode()
