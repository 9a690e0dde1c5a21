"""Removing every trace of a source: a file or folder, an agent, a run."""

from __future__ import annotations

from dataclasses import dataclass

from ..quality.success_bound import quality_with_use
from ..storage.sqlite import PatternSession, PatternStore
from .trust import evidence_of_use

__all__ = ["ForgetReport", "forget"]


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What was removed.

    Attributes:
        patterns: Ids of patterns, each with its words, vectors, versions, uses and counts.
        versions: Earlier contents of other patterns.
        uses: Recorded uses of other patterns, whose counters and evidence were counted again.
    """

    patterns: tuple[str, ...] = ()
    versions: int = 0
    uses: int = 0


def forget(
    store: PatternStore,
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
    with store.writing() as session:
        found = _found(session, source, agent_id, run_id)
        if dry_run:
            return ForgetReport(tuple(found.values()))
        for rowid in found:
            session.delete(rowid)
        session.trust.forget_quarantined(list(found.values()))
        versions = session.trust.forget_versions(agent_id=agent_id, run_id=run_id)
        uses = _forget_uses(session, agent_id) if agent_id else 0
        session.trust.purge_words()
    return ForgetReport(tuple(found.values()), versions, uses)


def _found(session: PatternSession, source: str, agent_id: str, run_id: str) -> dict[int, str]:
    found = dict(session.trust.written_by(agent_id=agent_id, run_id=run_id))
    if source:
        folder = source.rstrip("/") + "/"
        for rowid, id, place in session.trust.sources():
            path, _, line = place.rpartition(":")
            path = path if line.isdigit() and path else place
            if path == source or path.startswith(folder):
                found[rowid] = id
    return found


def _forget_uses(session: PatternSession, agent_id: str) -> int:
    """Deletes an agent's uses, and counts what they had proved again."""
    touched = session.trust.used_by(agent_id)
    count = session.trust.forget_uses(agent_id)
    for rowid in touched:
        stored = session.rows.get_stored(rowid)
        if stored is None:
            continue
        counts = session.uses.counts(rowid)
        successes, uses = sum(one for one, _ in counts), sum(every for _, every in counts)
        session.rows.update_counters(
            rowid,
            success_count=successes,
            usage_count=uses,
            evidence=evidence_of_use(session, rowid),
            quality=quality_with_use(stored.base_quality, successes, uses),
        )
        changed = session.rows.get_stored(rowid)
        if changed is not None:
            session.vectors.refresh(rowid, changed.pattern)
    return count
