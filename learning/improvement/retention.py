"""Keeping the history small without losing what it says."""

from __future__ import annotations

from ..config import MAX_REPLAY
from ..storage.sqlite.agent_table import AgentRow
from ..storage.sqlite.store import LearningRows

__all__ = ["archive_history"]


def archive_history(rows: LearningRows, agent: AgentRow, *, keep: int) -> int:
    """Moves all but the newest ``keep`` experiences of an agent into the archive.

    Archived experiences still count everywhere; they only are no longer gone through when a state
    is looked up. The newest 10,000, which replay rehearses from, stay, and so does what the stored
    Q-values do not contain yet.

    Returns:
        How many were moved.

    Raises:
        ValueError: ``keep`` is negative.
    """
    if keep < 0:
        raise ValueError(f"keep must be >= 0, got {keep}")
    return rows.history.archive(
        agent.agent_id, keep=max(keep, MAX_REPLAY), contained=agent.snapshot_experience
    )
