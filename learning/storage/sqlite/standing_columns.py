"""Rows that say how far a pattern may be trusted, and the evidence for it."""

from __future__ import annotations

from typing import NamedTuple

import apsw

from ....schema import Standing

__all__ = ["BankRecord", "StandingRows", "TrialRow"]


class BankRecord(NamedTuple):
    """What the uses of one pattern of the bank say of it."""

    pattern_id: str
    name: str
    standing: Standing
    uses: int
    successes: int


class TrialRow(NamedTuple):
    """The last comparison of the two best strategies of a task type."""

    agent_id: str
    task_type: str
    strategy_a: str
    strategy_b: str
    uses_a: int
    uses_b: int
    mean_reward_a: float
    mean_reward_b: float
    p_value: float
    winner: str | None
    decided_at: str


class StandingRows:
    """Standing of learned patterns and of the bank's patterns; ``strategy_trials``."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def bank_records(self) -> list[BankRecord]:
        """Returns the record of each pattern of the bank that was ever used."""
        rows = self._connection.execute(
            "select id, name, standing, usage_count, success_count from patterns"
            " where usage_count > 0 order by id"
        )
        return [BankRecord._make(row) for row in rows]

    def set_bank_standing(self, pattern_id: str, standing: Standing, *, at: str) -> None:
        """Changes how far a pattern of the bank is trusted; its content stays untouched."""
        self._connection.execute(
            "update patterns set standing = :standing, standing_since = :at where id = :id",
            {"id": pattern_id, "standing": standing, "at": at},
        )

    def set_learned_standing(
        self, agent_id: str, task_type: str, strategy: str, standing: Standing, *, at: str
    ) -> None:
        """Changes how far a strategy is trusted on a type of task."""
        self._connection.execute(
            "update learned_patterns set standing = :standing, standing_since = :at"
            " where agent_id = :agent_id and task_type = :task_type and strategy = :strategy",
            {
                "agent_id": agent_id,
                "task_type": task_type,
                "strategy": strategy,
                "standing": standing,
                "at": at,
            },
        )

    def standings(self) -> dict[str, int]:
        """Returns how many learned patterns there are of each standing."""
        return dict(
            self._connection.execute(
                "select standing, count(*) from learned_patterns group by standing"
            )
        )

    def trial(self, agent_id: str, task_type: str) -> TrialRow | None:
        """Returns the last comparison on a type of task."""
        row = self._connection.execute(
            "select agent_id, task_type, strategy_a, strategy_b, uses_a, uses_b, mean_reward_a,"
            " mean_reward_b, p_value, winner, decided_at from strategy_trials"
            " where agent_id = :agent_id and task_type = :task_type",
            {"agent_id": agent_id, "task_type": task_type},
        ).fetchone()
        return None if row is None else TrialRow._make(row)

    def put_trial(self, trial: TrialRow) -> None:
        """Stores a comparison in the place of the one before it."""
        self._connection.execute(
            "insert into strategy_trials (agent_id, task_type, strategy_a, strategy_b, uses_a,"
            " uses_b, mean_reward_a, mean_reward_b, p_value, winner, decided_at) values"
            " (:agent_id, :task_type, :strategy_a, :strategy_b, :uses_a, :uses_b, :mean_reward_a,"
            " :mean_reward_b, :p_value, :winner, :decided_at)"
            " on conflict (agent_id, task_type) do update set strategy_a = excluded.strategy_a,"
            " strategy_b = excluded.strategy_b, uses_a = excluded.uses_a, uses_b = excluded.uses_b,"
            " mean_reward_a = excluded.mean_reward_a, mean_reward_b = excluded.mean_reward_b,"
            " p_value = excluded.p_value, winner = excluded.winner,"
            " decided_at = excluded.decided_at",
            trial._asdict(),
        )
