"""Recommends a strategy, with its confidence and the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...schema import AgentAction, LearnedPattern, StrategyAlternative, StrategyRecommendation
from ..outcome.keys import action_key, parse_action, strategy_of
from ..q_learning.q_table import QTable
from ..storage.learning_rows import TrialRow

__all__ = ["recommend"]

MAX_ALTERNATIVES = 3
# Number of experiences at which confidence reaches one half: n / (n + 5).
_HALF_SURE = 5
# Experiences in other states of the same task type count half.
_TRANSFER = 0.5


class _Known(NamedTuple):
    strategy: str
    action: AgentAction | None
    expected_reward: float
    merit: float  # the value by which strategies are ranked
    evidence: int


def recommend(
    table: QTable,
    state: str,
    task_type: str,
    *,
    records: Sequence[LearnedPattern],
    trial: TrialRow | None = None,
    actions: Sequence[AgentAction] | None = None,
) -> StrategyRecommendation:
    """Returns the best known strategy for a state, and up to three alternatives.

    A state that was seen before is ranked by its Q-values, any other by the mean rewards of its
    task type, shrunk towards 0 where there are few. Retired strategies come last; the winner of a
    comparison comes first among those of its task type. Ties are broken by the number of
    experiences, then by name.

    Args:
        table: The Q-table.
        state: Key of the state.
        task_type: Type of the task.
        records: The record of each strategy on this task type.
        trial: The last comparison on this task type.
        actions: The actions to choose from; None for all known ones.
    """
    by_strategy = {record.strategy: record for record in records}
    known = _known_in_state(table, state, actions)
    if known:
        ranked = _ranked(known, by_strategy)
        return _recommendation(ranked, by_strategy, task_type, in_state=True, trial=None)
    known = _known_for_type(records, actions)
    if known:
        winner = None if trial is None else trial.winner
        ranked = _ranked(known, by_strategy, winner=winner)
        return _recommendation(ranked, by_strategy, task_type, in_state=False, trial=trial)
    return StrategyRecommendation(
        strategy=None,
        confidence=0.0,
        basis="no data",
        reasoning=f"no data: nothing was learned yet about tasks of type {task_type!r}"
        + (" with the actions offered" if actions is not None and records else ""),
    )


def _known_in_state(
    table: QTable, state: str, actions: Sequence[AgentAction] | None
) -> list[_Known]:
    row = table.state_index(state)
    if row is None:
        return []
    offered = None if actions is None else {action_key(action): action for action in actions}
    visits, values = table.visits(row), table.values(row)
    best: dict[str, _Known] = {}
    for column, key in enumerate(table.actions):
        if not visits[column] or (offered is not None and key not in offered):
            continue
        action = parse_action(key) if offered is None else offered[key]
        value = float(values[column])
        known = _Known(strategy_of(key), action, value, value, int(visits[column]))
        if known.strategy not in best or best[known.strategy].merit < value:
            best[known.strategy] = known
    return list(best.values())


def _known_for_type(
    records: Sequence[LearnedPattern], actions: Sequence[AgentAction] | None
) -> list[_Known]:
    offered = (
        None if actions is None else {strategy_of(action_key(action)): action for action in actions}
    )
    return [
        _Known(
            record.strategy,
            None if offered is None else offered[record.strategy],
            record.average_reward,
            record.average_reward * _certainty(record.usage_count),
            record.usage_count,
        )
        for record in records
        if offered is None or record.strategy in offered
    ]


def _ranked(
    known: list[_Known], records: dict[str, LearnedPattern], *, winner: str | None = None
) -> list[_Known]:
    def order(item: _Known) -> tuple[bool, bool, float, int, str]:
        record = records.get(item.strategy)
        retired = record is not None and record.standing == "retired"
        return (retired, item.strategy != winner, -item.merit, -item.evidence, item.strategy)

    return sorted(known, key=order)


def _recommendation(
    ranked: list[_Known],
    records: dict[str, LearnedPattern],
    task_type: str,
    *,
    in_state: bool,
    trial: TrialRow | None,
) -> StrategyRecommendation:
    best, *others = ranked
    confidence = _certainty(best.evidence) * (1.0 if in_state else _TRANSFER)
    return StrategyRecommendation(
        strategy=best.strategy,
        action=best.action,
        confidence=confidence,
        expected_reward=best.expected_reward,
        reasoning=_reasoning(ranked, records.get(best.strategy), task_type, in_state, trial),
        basis="state" if in_state else "task type",
        evidence=best.evidence,
        alternatives=tuple(
            StrategyAlternative(
                strategy=other.strategy,
                expected_reward=other.expected_reward,
                evidence=other.evidence,
                success_rate=records[other.strategy].success_rate
                if other.strategy in records
                else None,
            )
            for other in others[:MAX_ALTERNATIVES]
        ),
    )


def _reasoning(
    ranked: list[_Known],
    record: LearnedPattern | None,
    task_type: str,
    in_state: bool,
    trial: TrialRow | None,
) -> str:
    best = ranked[0]
    if in_state:
        parts = [
            f"{best.strategy} has the highest expected reward in this state: "
            f"{best.expected_reward:+.2f} after {_times(best.evidence)}"
        ]
    else:
        parts = [
            f"this state was never seen; on other tasks of type {task_type!r} {best.strategy} "
            f"earned {best.expected_reward:+.2f} on average over {_times(best.evidence)}"
        ]
    if record is not None:
        parts.append(
            f"it succeeded in {record.success_count} of {record.usage_count} tasks of this type"
        )
        if record.standing == "retired":
            parts.append("it was retired because it never helped, but nothing better is known")
    if trial is not None and trial.winner == best.strategy:
        loser = trial.strategy_b if trial.winner == trial.strategy_a else trial.strategy_a
        parts.append(f"it won a comparison with {loser} (p = {trial.p_value:.2g})")
    if len(ranked) > 1:
        parts.append(f"next is {ranked[1].strategy} at {ranked[1].expected_reward:+.2f}")
    return "; ".join(parts)


def _times(count: int) -> str:
    return "1 experience" if count == 1 else f"{count} experiences"


def _certainty(evidence: int) -> float:
    return evidence / (evidence + _HALF_SURE)
