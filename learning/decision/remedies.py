"""Suggests remedies for a failure: strategies that succeeded where it occurred."""

from __future__ import annotations

from dataclasses import replace

from ...schema import FailurePattern, SuggestedAction
from ..storage.backend import LearningReader

__all__ = ["suggested_actions", "with_suggestions"]

MAX_SUGGESTIONS = 3


def suggested_actions(reader: LearningReader, failure: FailurePattern) -> list[SuggestedAction]:
    """Returns up to three strategies that succeeded in a state where this failure occurred.

    If there are none, those that succeeded on the same task type. Best success rate first; ties are
    broken by successes, then by name.
    """
    found = _in_same_state(reader, failure) or _on_same_type(reader, failure)
    return sorted(found, key=_order)[:MAX_SUGGESTIONS]


def with_suggestions(
    reader: LearningReader, failures: list[FailurePattern]
) -> list[FailurePattern]:
    """Returns the failures, each with the remedies known now."""
    return [
        replace(failure, suggested_actions=tuple(suggested_actions(reader, failure)))
        for failure in failures
    ]


def _in_same_state(reader: LearningReader, failure: FailurePattern) -> list[SuggestedAction]:
    """Returns the strategies that succeeded in the states of the failure, counted together."""
    found: dict[str, SuggestedAction] = {}
    for state in failure.contexts:
        for counts in reader.successes_in_state(failure.agent_id, state):
            known = found.get(counts.strategy)
            found[counts.strategy] = SuggestedAction(
                strategy=counts.strategy,
                basis="same state",
                successes=counts.successes + (known.successes if known else 0),
                uses=counts.uses + (known.uses if known else 0),
            )
    return list(found.values())


def _on_same_type(reader: LearningReader, failure: FailurePattern) -> list[SuggestedAction]:
    return [
        SuggestedAction(
            strategy=record.strategy,
            basis="same task type",
            successes=record.success_count,
            uses=record.usage_count,
        )
        for record in reader.strategy_records(failure.agent_id, task_type=failure.task_type)
        if record.success_count
    ]


def _order(action: SuggestedAction) -> tuple[float, int, str]:
    return (-action.successes / action.uses, -action.successes, action.strategy)
