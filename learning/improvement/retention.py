"""Archives old experiences to keep the history small."""

from __future__ import annotations

from ..config import MAX_REPLAY
from ..storage.backend import LearningWriter
from ..storage.learning_rows import AgentRow

__all__ = ["archive_history"]


def archive_history(
    writer: LearningWriter, agent: AgentRow, *, keep: int, min_live: int = MAX_REPLAY
) -> int:
    """Archives all but the newest ``keep`` experiences of an agent; returns how many.

    Archived experiences still count everywhere; only look-ups of a state no longer search them.
    Experiences that the stored Q-values do not contain yet are not archived.

    Args:
        writer: A writing transaction.
        agent: The agent.
        keep: Number of newest experiences to keep.
        min_live: Minimum number to keep, since replay draws from them.

    Raises:
        ValueError: ``keep`` is negative.
    """
    if keep < 0:
        raise ValueError(f"keep must be >= 0, got {keep}")
    return writer.archive(agent.agent_id, keep=max(keep, min_live), until=agent.snapshot_experience)
