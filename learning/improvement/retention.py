"""Keeps the history small by archiving old experiences."""

from __future__ import annotations

from ..config import MAX_REPLAY
from ..storage.backend import LearningWriter
from ..storage.learning_rows import AgentRow

__all__ = ["archive_history"]


def archive_history(
    writer: LearningWriter, agent: AgentRow, *, keep: int, min_live: int = MAX_REPLAY
) -> int:
    """Archives all but the newest ``keep`` experiences of an agent; returns how many.

    Archived experiences still count everywhere; they are only no longer searched when a state is
    looked up. Experiences that the stored Q-values do not contain yet stay.

    Args:
        writer: A writing transaction.
        agent: Whose history it is.
        keep: Newest experiences that stay.
        min_live: Newest experiences that stay in any case: rehearsal draws from them.

    Raises:
        ValueError: ``keep`` is negative.
    """
    if keep < 0:
        raise ValueError(f"keep must be >= 0, got {keep}")
    return writer.archive(agent.agent_id, keep=max(keep, min_live), until=agent.snapshot_experience)
