"""Lists the agents that have learned, with their totals."""

from __future__ import annotations

from dataclasses import dataclass

from ..schema.records.record import Record
from .storage.backend import LearningReader
from .storage.learning_rows import AgentRow

__all__ = ["AgentOverview", "overview"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AgentOverview(Record):
    """The totals of one agent; rates are None before its first experience.

    ``q_values`` counts those of the last snapshot.
    """

    agent_id: str
    enabled: bool
    experiences: int
    archived: int
    q_values: int
    success_rate: float | None
    average_reward: float | None
    last_day: str | None


def overview(reader: LearningReader) -> list[AgentOverview]:
    """Returns every agent that has learned, by name, with its totals."""
    return [_agent(reader, agent) for agent in reader.agents()]


def _agent(reader: LearningReader, agent: AgentRow) -> AgentOverview:
    days = reader.daily_sums(agent.agent_id, "day")
    experiences = sum(day.experiences for day in days)
    return AgentOverview(
        agent_id=agent.agent_id,
        enabled=agent.enabled,
        experiences=agent.experience_count,
        archived=reader.experience_counts(agent.agent_id).archived,
        q_values=sum(1 for _ in reader.q_values(agent.agent_id)),
        success_rate=sum(day.successes for day in days) / experiences if days else None,
        average_reward=sum(day.reward_sum for day in days) / experiences if days else None,
        last_day=days[-1].name if days else None,
    )
