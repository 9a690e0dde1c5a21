"""Removes every trace of a source: a file or folder, an agent, a run."""

from __future__ import annotations

from dataclasses import dataclass

from ...schema import agent_key
from ...schema.records.record import Record
from ...schema.records.validation import without_secrets
from ..storage.backend import PatternBackend
from .trust import proven_summary

__all__ = ["ForgetReport", "forget"]


@dataclass(frozen=True, slots=True, repr=False)
class ForgetReport(Record):
    """The data that was removed.

    Attributes:
        patterns: Ids of the removed patterns; their index entries, versions and uses went with
            them.
        versions: Number of versions removed from other patterns.
        uses: Number of uses removed from other patterns, whose summaries were recomputed.
    """

    patterns: tuple[str, ...] = ()
    versions: int = 0
    uses: int = 0


def forget(
    backend: PatternBackend,
    *,
    source: str = "",
    project: str = "",
    agent_id: str = "",
    run_id: str = "",
    dry_run: bool = False,
) -> ForgetReport:
    """Removes everything that came from a source, in one transaction.

    Patterns are removed whether they can be read or not, and what a repair has set aside as well.

    Args:
        source: A file or folder, as patterns name their source; with a line, only the test there.
        project: The project of the source; without a source, all of that project.
        agent_id: An agent, in any spelling: what it wrote, and its uses of other patterns.
        run_id: A run: what was written in it.
        dry_run: Report what would be removed; write nothing.

    Raises:
        ValueError: Nothing was given.
    """
    if not (source or project or agent_key(agent_id) or run_id):
        raise ValueError("name what to forget: a source, a project, an agent or a run")
    # As they were stored.
    source, project, agent_id, run_id = map(without_secrets, (source, project, agent_id, run_id))
    place = {"source": source, "project": project}
    if dry_run:
        with backend.reading(whole=True) as reader:
            found = reader.written_by(**place, agent_id=agent_id, run_id=run_id)
            traces = reader.count_traces(ids=found, agent_id=agent_id, run_id=run_id)
        return ForgetReport(tuple(found), traces.versions, traces.uses)
    with backend.writing() as session:
        found = session.written_by(**place, agent_id=agent_id, run_id=run_id)
        session.delete(found)
        touched = session.used_by(agent_id) if agent_id else []
        forgotten = session.forget(ids=found, **place, agent_id=agent_id, run_id=run_id)
        for stored in touched:
            session.set_summary(stored.key, proven_summary(session, stored))
    return ForgetReport(tuple(found), forgotten.versions, forgotten.uses)
