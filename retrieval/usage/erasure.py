"""Removes every trace of a source: a file or folder, an agent, a run."""

from __future__ import annotations

from dataclasses import dataclass

from ..storage.backend import PatternBackend
from .trust import proven_summary

__all__ = ["ForgetReport", "forget"]


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What was removed.

    Attributes:
        patterns: Ids of patterns, each with its words, vectors, versions, uses and counts.
        versions: Earlier contents of other patterns.
        uses: Recorded uses of other patterns, whose summaries were computed again.
    """

    patterns: tuple[str, ...] = ()
    versions: int = 0
    uses: int = 0


def forget(
    backend: PatternBackend,
    *,
    source: str = "",
    agent_id: str = "",
    run_id: str = "",
    dry_run: bool = False,
) -> ForgetReport:
    """Removes all that came from a source, in one transaction.

    Args:
        source: A file, or a folder with all in it, as patterns have it before the line number.
        agent_id: What this agent wrote, and its uses of what others wrote.
        run_id: What was written in this run.
        dry_run: Report only.

    Raises:
        ValueError: Nothing to forget was named.
    """
    if not (source or agent_id or run_id):
        raise ValueError("name what to forget: a source, an agent or a run")
    if dry_run:
        with backend.reading(whole=True) as reader:
            found = reader.written_by(source=source, agent_id=agent_id, run_id=run_id)
        return ForgetReport(tuple(found))
    with backend.writing() as session:
        found = session.written_by(source=source, agent_id=agent_id, run_id=run_id)
        session.delete(found)
        touched = session.used_by(agent_id) if agent_id else []
        forgotten = session.forget(ids=found, agent_id=agent_id, run_id=run_id)
        for stored in touched:
            session.set_summary(stored.key, proven_summary(session, stored))
    return ForgetReport(tuple(found), forgotten.versions, forgotten.uses)
