"""What may help against a failure: only what did succeed before, and where."""

from __future__ import annotations

from dataclasses import replace

from ...schema import FailurePattern, SuggestedAction
from ..storage.sqlite.store import LearningRows

__all__ = ["suggested_actions", "with_suggestions"]

MAX_SUGGESTIONS = 3


def suggested_actions(rows: LearningRows, failure: FailurePattern) -> list[SuggestedAction]:
    """Returns up to three strategies that succeeded in a state where this failure was seen or,
    if none did, on the same type of task; best success rate first, ties by successes."""
    found: dict[str, SuggestedAction] = {}
    for state in failure.contexts:
        for strategy, successes, uses in rows.history.succeeded_in(failure.agent_id, state):
            known = found.get(strategy)
            found[strategy] = SuggestedAction(
                strategy=strategy,
                basis="same state",
                successes=successes + (known.successes if known else 0),
                uses=uses + (known.uses if known else 0),
            )
    if not found:
        for record in rows.patterns.for_task_type(failure.agent_id, failure.task_type):
            if record.success_count:
                found[record.strategy] = SuggestedAction(
                    strategy=record.strategy,
                    basis="same task type",
                    successes=record.success_count,
                    uses=record.usage_count,
                )
    best = sorted(
        found.values(), key=lambda one: (-one.successes / one.uses, -one.successes, one.strategy)
    )
    return best[:MAX_SUGGESTIONS]


def with_suggestions(rows: LearningRows, failures: list[FailurePattern]) -> list[FailurePattern]:
    """Returns the failures with what may help against each of them now."""
    return [
        replace(failure, suggested_actions=tuple(suggested_actions(rows, failure)))
        for failure in failures
    ]
