"""What has learned here, at a glance."""

from __future__ import annotations

from dataclasses import dataclass

from .storage.sqlite.agent_table import AgentRow
from .storage.sqlite.store import LearningRows

__all__ = ["AgentOverview", "overview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOverview:
    """One learner; rates are None before its first experience, ``q_values`` counts stored ones."""

    agent_id: str
    enabled: bool
    experiences: int
    archived: int
    q_values: int
    success_rate: float | None
    average_reward: float | None
    last_day: str | None


def overview(rows: LearningRows) -> list[AgentOverview]:
    """Returns every learner of the database, by name."""
    return [_agent(rows, agent) for agent in rows.agents.all()]


def _agent(rows: LearningRows, agent: AgentRow) -> AgentOverview:
    agent_id = agent.agent_id
    experiences, successes, reward_sum = rows.analytics.totals(agent_id, None, None)[:3]
    return AgentOverview(
        agent_id=agent_id,
        enabled=agent.enabled,
        experiences=agent.experience_count,
        archived=rows.history.counts(agent_id)[1],
        q_values=rows.values.count(agent_id),
        success_rate=successes / experiences if experiences else None,
        average_reward=reward_sum / experiences if experiences else None,
        last_day=rows.analytics.last_day(agent_id),
    )
