"""What a bank knows of its patterns' authors and uses, and forgetting what somebody wrote."""

from __future__ import annotations

from ..schema import PatternNotFoundError, PatternUsageContext, Provenance, TestPattern
from .quality.success_bound import quality_with_use
from .resources import BankOpening
from .usage.erasure import ForgetReport, forget
from .usage.trust import evidence_of_use

__all__ = ["BankTrust"]


class BankTrust:
    """The part of the bank that knows authors and uses; see ``QEReasoningBank``."""

    _opening: BankOpening

    def forget(
        self, *, source: str = "", agent_id: str = "", run_id: str = "", dry_run: bool = False
    ) -> ForgetReport:
        """Removes all that came from a file or folder, an agent or a run; says what that was.

        Raises:
            ValueError: Nothing to forget was named.
        """
        return forget(
            self._opening.store(),
            source=source,
            agent_id=agent_id,
            run_id=run_id,
            dry_run=dry_run,
        )

    def get_provenance(self, id: str) -> Provenance | None:
        """Returns who wrote the present content of a pattern, or None when there is none."""
        with self._opening.store().reading() as session:
            stored = session.rows.get(id)
            return None if stored is None else session.trust.get(stored.pattern_rowid)[0]

    def record_usage(self, id: str, context: PatternUsageContext) -> TestPattern:
        """Records one use, and counts it in the same transaction; returns the pattern as it is now.

        Raises:
            PatternNotFoundError: There is no pattern with this id.
        """
        with self._opening.store().writing() as session:
            stored = session.rows.get(id)
            if stored is None:
                raise PatternNotFoundError(
                    f"no pattern has the id {id!r}; find one with search", id=id
                )
            successes = stored.success_count + context.success
            uses = stored.pattern.usage_count + 1
            session.uses.add(stored.pattern_rowid, id, context)
            session.rows.update_counters(
                stored.pattern_rowid,
                success_count=successes,
                usage_count=uses,
                evidence=evidence_of_use(session, stored.pattern_rowid),
                quality=quality_with_use(stored.base_quality, successes, uses),
            )
            updated = session.rows.get_by_rowid([stored.pattern_rowid])[stored.pattern_rowid]
            session.vectors.refresh(stored.pattern_rowid, updated)
        return updated
