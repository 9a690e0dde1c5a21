"""Whether what was learned is what the history says, and making it so.

The history is the truth: Q-values, counters and learned patterns are a fold over it, so they can
be checked by folding it again, and repaired the same way.
"""

from __future__ import annotations

import apsw

from ..schema import Problem, unreadable, utc_now
from .q_learning.q_learner import QLearner
from .storage.sqlite.agent_table import AgentRow
from .storage.sqlite.check_queries import ConsistencyRows
from .storage.sqlite.q_value_table import Cell
from .storage.sqlite.store import LearningRows

__all__ = ["check_learning", "repair_learning"]

TOLERANCE = 1e-9


def check_learning(connection: apsw.Connection) -> list[Problem]:
    """Returns every disagreement between the history and what was learned from it."""
    problems: list[Problem] = []
    rows, history = LearningRows(connection), ConsistencyRows(connection)
    with unreadable(problems, "learning", "salvage"):
        for agent in rows.agents.all():
            problems += [
                Problem("learning", message, "rebuild", agent.agent_id)
                for message in _faults(rows, history, agent)
            ]
    return problems


def repair_learning(connection: apsw.Connection) -> list[str]:
    """Folds the history of each learner that disagrees with it again; returns their ids."""
    rows, history = LearningRows(connection), ConsistencyRows(connection)
    repaired = []
    for agent in rows.agents.all():
        if not _faults(rows, history, agent):
            continue
        count, last = history.history(agent.agent_id)
        learner = _folded(rows, history, agent, until=last)
        history.forget_values(agent.agent_id)
        history.set_counters(agent.agent_id, count=count, last=last)
        rows.values.put(agent.agent_id, learner.changed_cells(), at=utc_now().isoformat())
        rows.agents.mark_snapshot(
            agent.agent_id, count=count, experience=last, epsilon=learner.epsilon
        )
        rows.patterns.recount(agent.agent_id)
        repaired.append(agent.agent_id)
    return repaired


def _faults(rows: LearningRows, history: ConsistencyRows, agent: AgentRow) -> list[str]:
    faults = []
    count, last = history.history(agent.agent_id)
    if (agent.experience_count, agent.last_experience) != (count, last):
        faults.append(
            f"counts {agent.experience_count} experiences up to {agent.last_experience},"
            f" its history has {count} up to {last}"
        )
    learner = _folded(rows, history, agent, until=agent.snapshot_experience)
    if learner.count != agent.snapshot_count:
        faults.append(
            f"its Q-values contain {agent.snapshot_count} experiences, its history {learner.count}"
        )
    differing = _differing(list(learner.changed_cells()), list(rows.values.all(agent.agent_id)))
    if differing:
        faults.append(f"{differing} of its Q-values are not what its history gives")
    if history.counted(agent.agent_id) != history.stored(agent.agent_id):
        faults.append("its learned patterns are not the sums of its history")
    return faults


def _folded(
    rows: LearningRows, history: ConsistencyRows, agent: AgentRow, *, until: int
) -> QLearner:
    """Returns a learner that has lived through the history up to an experience."""
    learner = QLearner(agent.agent_id, generation=agent.generation)
    settings = {}
    for transition in history.transitions(agent.agent_id, until=until):
        number = transition.settings_rowid
        if number not in settings:
            settings[number] = rows.agents.settings(number)
        learner.apply(transition, settings[number])
    return learner


def _differing(wanted: list[Cell], stored: list[Cell]) -> int:
    """Returns how many cells differ; the order of the rest counts too, ties rest on it."""
    if [cell[:2] for cell in wanted] != [cell[:2] for cell in stored]:
        return len({cell[:2] for cell in wanted} ^ {cell[:2] for cell in stored}) or len(wanted)
    return sum(
        one.update_count != other.update_count
        or abs(one.q_value - other.q_value) > TOLERANCE
        or abs((one.second_q_value or 0.0) - (other.second_q_value or 0.0)) > TOLERANCE
        or abs(one.reward_sum - other.reward_sum) > TOLERANCE
        for one, other in zip(wanted, stored, strict=True)
    )
