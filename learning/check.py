"""Checks Q-values, counters and records against the history, and repairs them.

The history is authoritative: everything else is a fold over it, so it is checked and repaired by
folding the history again.
"""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from ..schema import Problem, unreadable, utc_now
from .config import QLearningConfig
from .q_learning.q_learner import QLearner
from .storage.backend import LearningBackend, LearningReader, LearningWriter
from .storage.learning_rows import AgentRow, Cell
from .storage.sqlite.learning_backend import SQLiteLearningTransaction

__all__ = [
    "check_learning",
    "check_learning_in",
    "learning_problems",
    "redact_learning_in",
    "repair_agents",
    "repair_learning",
    "repair_learning_in",
]

TOLERANCE = 1e-9


def check_learning(backend: LearningBackend) -> list[Problem]:
    """Returns every disagreement between the histories and the data derived from them.

    Raises:
        DatabaseError: The storage cannot be opened or read.
    """
    with backend.reading(long=True) as reader:
        return list(learning_problems(reader))


def repair_learning(backend: LearningBackend) -> list[str]:
    """Rebuilds the data of each agent that disagrees with its history; returns their ids.

    Raises:
        DatabaseError: The storage cannot be opened or written.
    """
    with backend.writing() as writer:
        return repair_agents(writer)


def check_learning_in(connection: apsw.Connection) -> list[Problem]:
    """Returns the same problems as ``check_learning``, inside an open transaction.

    A table that cannot be read is reported as a problem, and the check continues.
    """
    problems: list[Problem] = []
    with unreadable(problems, "learning", "salvage"):
        problems += learning_problems(SQLiteLearningTransaction(connection))
    return problems


def repair_learning_in(connection: apsw.Connection) -> list[str]:
    """Repairs like ``repair_learning``, inside an open writing transaction."""
    return repair_agents(SQLiteLearningTransaction(connection))


def redact_learning_in(connection: apsw.Connection) -> None:
    """Redacts all that was learned, and rebuilds what is derived from it; in a transaction."""
    from .storage.sqlite.history_redaction import redact_history  # only this needs the rules

    redact_history(connection)
    repair_learning_in(connection)


def learning_problems(reader: LearningReader) -> Iterator[Problem]:
    """Yields every disagreement, agent by agent."""
    for agent in reader.agents():
        for message in _faults(reader, agent):
            yield Problem("learning", message, "rebuild", agent.agent_id)


def repair_agents(writer: LearningWriter) -> list[str]:
    """Repairs each agent that disagrees with its history; returns their ids."""
    repaired = [agent for agent in writer.agents() if _faults(writer, agent)]
    for agent in repaired:
        learner = _folded(writer, agent)
        writer.repair_agent(
            agent.agent_id,
            learner.changed_cells(),
            epsilon=learner.epsilon,
            at=utc_now().isoformat(),
        )
    return [agent.agent_id for agent in repaired]


def _faults(reader: LearningReader, agent: AgentRow) -> list[str]:
    faults = []
    counts = reader.history_counts(agent.agent_id)
    if (agent.experience_count, agent.last_experience) != counts[:2]:
        faults.append(
            f"counts {agent.experience_count} experiences up to {agent.last_experience},"
            f" its history has {counts.experiences} up to {counts.last_experience}"
        )
    learner = _folded(reader, agent, until=agent.snapshot_experience)
    if learner.count != agent.snapshot_count:
        faults.append(
            f"its Q-values contain {agent.snapshot_count} experiences, its history {learner.count}"
        )
    differing = _differing(list(learner.changed_cells()), list(reader.q_values(agent.agent_id)))
    if differing:
        faults.append(f"{differing} of its Q-values differ from those of its history")
    stored = {
        (record.task_type, record.strategy): (record.success_count, record.usage_count)
        for record in reader.strategy_records(agent.agent_id)
    }
    if stored != {key: (record.successes, record.uses) for key, record in counts.records.items()}:
        faults.append("its strategy records are not the sums of its history")
    return faults


def _folded(reader: LearningReader, agent: AgentRow, *, until: int | None = None) -> QLearner:
    """Returns a learner after the history up to an experience."""
    learner = QLearner(agent.agent_id, generation=agent.generation)
    settings: dict[int, QLearningConfig] = {}
    for transition in reader.transitions(agent.agent_id, until=until):
        number = transition.settings_id
        if number not in settings:
            settings[number] = reader.settings(number)
        learner.apply(transition, settings[number])
    return learner


def _differing(wanted: list[Cell], stored: list[Cell]) -> int:
    """Returns how many cells differ, in value or in order, which breaks ties."""
    if [cell[:2] for cell in wanted] != [cell[:2] for cell in stored]:
        return len({cell[:2] for cell in wanted} ^ {cell[:2] for cell in stored}) or len(wanted)
    return sum(not _equal(*cells) for cells in zip(wanted, stored, strict=True))


def _equal(wanted: Cell, stored: Cell) -> bool:
    return (
        wanted.update_count == stored.update_count
        and abs(wanted.q_value - stored.q_value) <= TOLERANCE
        and abs((wanted.second_q_value or 0.0) - (stored.second_q_value or 0.0)) <= TOLERANCE
        and abs(wanted.reward_sum - stored.reward_sum) <= TOLERANCE
    )
