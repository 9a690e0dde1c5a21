"""Prints learning for a person: tables and charts that fit the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from ...schema import (
    ActionStatistics,
    Experience,
    FailurePattern,
    LearnedPattern,
    LearningAnalytics,
    StrategyRecommendation,
)
from ..output import clean, counted, plain, share, table

CHART_HEIGHT = 12
UNCLEAR = "not clear yet"
NOTHING_WORKS = (
    "no strategy is shown to work yet: that takes uses enough to be 95 % sure that it succeeds more"
    " often than it fails"
)
_MIN_CHART_WIDTH = 40
_MAX_CHART_WIDTH = 100


def reward_text(value: float | None) -> str:
    """Returns a reward with its sign and two digits, or a dash where there is no data."""
    return share(None) if value is None else f"{value:+.2f}"


def print_recommendation(console: Console, answer: StrategyRecommendation) -> None:
    """Prints a recommendation with its reasons and alternatives."""
    if answer.strategy is None:
        console.print(plain(answer.reasoning))
        return
    console.print(plain(answer.strategy, "bold"))
    console.print(
        plain(
            f"confidence {answer.confidence:.2f}, expected reward "
            f"{reward_text(answer.expected_reward)}, from {counted(answer.evidence, 'experience')} "
            f"(same {answer.basis})"
        )
    )
    console.print(plain(answer.reasoning))
    if answer.alternatives:
        numbers = ("expected", "success", "evidence")
        result = table("alternative", *numbers, right=numbers)
        for other in answer.alternatives:
            result.add_row(
                plain(other.strategy),
                reward_text(other.expected_reward),
                share(other.success_rate),
                str(other.evidence),
            )
        console.print(result)


def print_history(console: Console, experiences: Sequence[Experience], *, detailed: bool) -> None:
    """Prints experiences, newest first."""
    result = table(
        "time (UTC)", "agent", "task type", "strategy", "ok", "reward", right=("reward",)
    )
    for entry in experiences:
        result.add_row(
            f"{entry.timestamp:%Y-%m-%d %H:%M:%S}",
            plain(entry.agent_id),
            plain(entry.task_type),
            plain(entry.strategy),
            "yes" if entry.success else "no",
            reward_text(entry.reward),
        )
    if not detailed:
        console.print(result)
        return
    for entry in experiences:
        _print_experience(console, entry)


def print_analytics(console: Console, analytics: LearningAnalytics, *, chart: bool) -> None:
    """Prints totals, trend, distribution and records, or that there is no data."""
    if not analytics.total_experiences:
        whose = analytics.agent_id or "any agent"
        console.print(plain(f"no data: no experience of {whose} in {analytics.time_range}"))
        return
    who = "all agents" if analytics.agent_id is None else analytics.agent_id
    console.print(
        plain(
            f"{who}, {analytics.time_range}: {counted(analytics.total_experiences, 'experience')}, "
            f"success rate {share(analytics.success_rate)}, average reward "
            f"{reward_text(analytics.average_reward)}, exploration "
            f"{share(analytics.exploration_rate)}, with a pattern of the bank "
            f"{share(analytics.pattern_reuse_rate)}"
        )
    )
    if chart:
        _print_charts(console, analytics)
    else:
        _print_days(console, analytics)
    _print_statistics(console, "task type", analytics.by_task_type)
    _print_statistics(console, "strategy", analytics.by_strategy)
    print_learned(console, analytics.top_patterns)
    print_failures(console, analytics.failure_patterns)


def print_learned(console: Console, patterns: Sequence[LearnedPattern]) -> None:
    """Prints strategy records by what their uses show, highest confidence first."""
    for title, works in (("what works", True), ("what does not work", False), (UNCLEAR, None)):
        _print_records(console, title, [record for record in patterns if record.works is works])
    if patterns and not any(record.works for record in patterns):
        console.print(plain(NOTHING_WORKS), soft_wrap=True)


def _print_records(console: Console, title: str, records: Sequence[LearnedPattern]) -> None:
    if not records:
        return
    numbers = ("success", "at least", "uses", "reward")
    result = table(title, "standing", *numbers, right=numbers)
    for record in records:
        result.add_row(
            plain(record.pattern),
            record.standing,
            share(record.success_rate),
            share(record.confidence),
            str(record.usage_count),
            reward_text(record.average_reward),
        )
    console.print(result)


def print_failures(console: Console, failures: Sequence[FailurePattern]) -> None:
    """Prints failure records, most frequent first, with their remedies."""
    if not failures:
        return
    result = table("what fails", "times", "share", "what succeeded", right=("times", "share"))
    for failure in failures:
        help_text = "; ".join(
            f"{action.strategy} ({action.successes} of {action.uses}, {action.basis})"
            for action in failure.suggested_actions
        )
        result.add_row(
            plain(failure.pattern),
            str(failure.frequency),
            share(failure.share),
            plain(help_text or "nothing yet"),
        )
    console.print(result)


def _print_experience(console: Console, entry: Experience) -> None:
    console.print(plain(f"{entry.timestamp.isoformat()} {entry.experience_id}", "bold"))
    ending = "terminated" if entry.terminated else f"followed by {entry.next_state}"
    lines = (
        f"  {entry.agent_id}: task {entry.task_id or '(no id)'}",
        f"  state  {entry.state}",
        f"  action {entry.action}" + (" (exploration)" if entry.explored else ""),
        f"  {'success' if entry.success else 'failure'}, reward {reward_text(entry.reward)}, "
        f"{ending}" + (", truncated" if entry.truncated else ""),
    )
    for line in lines:
        console.print(plain(line), soft_wrap=True)
    if entry.failure_kind is not None:
        console.print(plain(f"  failed by {entry.failure_kind}"))


def _print_days(console: Console, analytics: LearningAnalytics) -> None:
    numbers = ("tasks", "success", "reward")
    result = table("day", *numbers, right=numbers)
    for day in analytics.daily:
        result.add_row(
            day.day.isoformat(),
            str(day.experiences),
            share(day.successes / day.experiences),
            reward_text(day.average_reward),
        )
    console.print(result)


def _print_statistics(console: Console, title: str, statistics: Sequence[ActionStatistics]) -> None:
    numbers = ("tasks", "success", "reward")
    result = table(title, *numbers, right=numbers)
    for entry in statistics:
        result.add_row(
            plain(entry.name),
            str(entry.experiences),
            share(entry.successes / entry.experiences),
            reward_text(entry.average_reward),
        )
    console.print(result)


def _print_charts(console: Console, analytics: LearningAnalytics) -> None:
    width = max(_MIN_CHART_WIDTH, min(_MAX_CHART_WIDTH, console.width))
    days = [f"{day.day:%m-%d}" for day in analytics.daily]
    rewards = [day.average_reward for day in analytics.daily]
    console.print(plain(_bars("average reward a day", days, rewards, width)))
    buckets = [f"{bucket.low:+.1f}" for bucket in analytics.rewards]
    counts = [float(bucket.experiences) for bucket in analytics.rewards]
    console.print(plain(_bars("experiences by reward, from", buckets, counts, width)))


def _bars(title: str, labels: Sequence[str], heights: Sequence[float], width: int) -> str:
    """Returns a bar chart as plain text, ``width`` columns wide."""
    import plotext  # 0.1 s; only a chart needs it

    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, CHART_HEIGHT)
    figure.title(title)
    figure.draw(figure.bar(list(labels), list(heights), marker="█", width=0.6))
    return clean(plotext.uncolorize(str(figure.build()))).rstrip()
