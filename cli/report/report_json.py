"""Builds the JSON objects of a report; ``aqe patterns stats`` shows the part about use."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...schema.wilson import wilson_interval
from .report_content import last_extraction

if TYPE_CHECKING:  # aqe patterns stats loads no learning
    from ...learning.learning_progress import LearningProgress, StrategyGroup
    from ...retrieval.storage.activity_values import AgentUses, PatternUses
    from ...retrieval.usage.activity import BankActivity
    from ...team_figures import TeamReport

__all__ = ["activity_object", "report_object"]


def report_object(report: TeamReport) -> dict[str, Any]:
    """Returns the JSON object of a report."""
    return {
        "made_at": report.made_at,
        "project": report.project or None,
        "weeks": report.weeks,
        "size_bytes": report.size_bytes,
        "statistics": asdict(report.bank.statistics),
        **activity_object(report.bank),
        "learning": _learning_object(report.learning),
        "this_week_against_last": {
            "use_success": report.bank.success,
            "task_success": report.learning.success,
            "task_reward": report.learning.reward,
        },
    }


def activity_object(activity: BankActivity) -> dict[str, Any]:
    """Returns the keys that say what is in a bank by project, and what is used."""
    totals = activity.totals
    return {
        "projects": activity.projects,
        "last_extraction": last_extraction(activity),
        "by_quality": activity.quality,
        "recorded_uses": totals.uses,
        "recorded_successes": totals.successes,
        "patterns_in_use": totals.active,
        "patterns_unused_for_long": totals.idle,
        "patterns_never_used": totals.never,
        "uses_per_week": activity.weeks,
        "most_used": [_uses_object(used) for used in activity.most_used],
        "unused_for_long": [_uses_object(used) for used in activity.idle],
        "agents": [_uses_object(agent) for agent in activity.agents],
    }


def _uses_object(used: PatternUses | AgentUses) -> dict[str, Any]:
    low, high = wilson_interval(used.successes, used.uses)
    rate = {"success_rate": used.successes / used.uses, "success_low": low, "success_high": high}
    return asdict(used) | rate


def _learning_object(learning: LearningProgress) -> dict[str, Any]:
    return {
        "agents": learning.agents,
        "experiences": learning.experiences,
        "works": _group_object(learning.works),
        "does_not_work": _group_object(learning.fails),
        "not_clear_yet": _group_object(learning.unclear),
        "standing_changes": [change._asdict() for change in learning.standing_changes],
        "comparisons": [trial._asdict() for trial in learning.trials],
        "cycles": learning.cycles,
        "last_cycle_at": learning.last_cycle_at,
        "experiences_per_week": learning.weeks,
    }


def _group_object(group: StrategyGroup) -> dict[str, Any]:
    return {"count": group.count, "strategies": group.strategies}
