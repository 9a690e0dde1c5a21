"""Puts the figures of a report into blocks: four sections, one for each question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ...schema.wilson import wilson_interval
from .report_document import Block, Document, Facts, Name, Note, Section, Sparkline, Table

if TYPE_CHECKING:  # aqe patterns stats loads no learning
    from ...learning.learning_progress import LearningProgress, StrategyGroup
    from ...learning.storage.learning_rows import TrialRow
    from ...retrieval.storage.activity_values import PatternUses
    from ...retrieval.usage.activity import BankActivity
    from ...schema.comparison import Comparison
    from ...team_figures import TeamReport

__all__ = ["IDLE", "last_extraction", "report_document"]

NO_NAME = "(none)"
NO_DATA = "no data"
UNNAMED_AGENT = "(not named)"
MAX_ROWS = 20
IDLE = "unused for more than 8 weeks"
_WEEK = "A week is 7 days of 24 hours; the last one ends when the report was made."
_METHODS = (
    "Better and worse are said only where the 95% interval of the difference excludes 0. Success"
    " rates: Newcombe's interval of the difference of two proportions (1998, method 10). Rewards:"
    " Welch's interval of the difference of two means, from 5 rewards a week on. pp: percentage"
    " points. More or fewer uses are neither better nor worse."
)
_NO_BANK = "no data: the bank has no pattern; extract some with: aqe patterns extract PATH"
_NO_USE = "no data: no use of a pattern was recorded yet"
_NO_LEARNING = "no data: no agent has recorded the outcome of a task yet"
_NO_CYCLE = "no data: no improvement cycle was run yet; run one with: aqe improve cycle"


def report_document(report: TeamReport, database: str) -> Document:
    """Returns the blocks of a report on a database, which has this name."""
    about = [
        ("database", Name(database)),
        ("project", Name(report.project) if report.project else "all"),
        ("made", f"{report.made_at:%Y-%m-%d %H:%M} UTC"),
    ]
    learned = _learned(report.learning)
    if report.project:
        of_all = "Experiences belong to no project: this section is of all of them."
        learned = [Note(of_all), *learned]
    return Document(
        "aqe report",
        Facts(about),
        (
            Section("1. What is in the bank", list(_bank(report))),
            Section("2. What is used", list(_use(report.bank))),
            Section("3. What was learned", learned),
            Section("4. Is it getting better", _progress(report)),
        ),
    )


# -- the bank ------------------------------------------------------------------------------------


def _bank(report: TeamReport) -> Iterator[Block]:
    activity, totals = report.bank, report.bank.statistics
    if not totals.patterns:
        yield Note(_NO_BANK)
        return
    yield Facts(
        [
            ("patterns", f"{totals.patterns:,}"),
            ("of them gone from their project", f"{totals.gone:,}"),
            ("of them unproven", f"{totals.unproven:,}"),
            ("earlier versions", f"{totals.versions:,}"),
            ("mean quality", _two_digits(totals.average_quality)),
            ("last extraction", _day(last_extraction(activity))),
            ("database file", f"{report.size_bytes / 1e6:,.1f} MB"),
        ]
    )
    yield Table(
        _first("by project", MAX_ROWS, len(activity.projects)),
        ("project", "patterns", "share", "gone", "last extraction"),
        [
            (
                Name(facts.name) or NO_NAME,
                f"{facts.patterns:,}",
                _percent(facts.patterns, totals.patterns),
                f"{facts.gone:,}",
                _day(facts.extracted_at),
            )
            for facts in activity.projects[:MAX_ROWS]
        ],
        right=("patterns", "share", "gone"),
    )
    steps = {
        f"{step / 5:.1f} to {step / 5 + 0.2:.1f}": n for step, n in enumerate(activity.quality)
    }
    frameworks = {Name(name): count for name, count in totals.by_framework.items()}
    yield _groups("framework", frameworks, totals.patterns)
    yield _groups("category", totals.by_category, totals.patterns)
    yield _groups("quality", steps, totals.patterns)


def last_extraction(activity: BankActivity) -> datetime | None:
    """Returns when an extraction last wrote to the bank; None if none did."""
    times = [facts.extracted_at for facts in activity.projects if facts.extracted_at is not None]
    return max(times, default=None)


def _groups(name: str, counts: Mapping[str, int] | Mapping[Name, int], patterns: int) -> Table:
    rows = [(key, f"{n:,}", _percent(n, patterns)) for key, n in counts.items()]
    return Table(f"by {name}", (name, "patterns", "share"), rows, right=("patterns", "share"))


# -- use -----------------------------------------------------------------------------------------


def _use(activity: BankActivity) -> Iterator[Block]:
    totals = activity.totals
    if not totals.uses:
        yield Note(_NO_USE)
        return
    yield Facts(
        [
            ("recorded uses", f"{totals.uses:,}"),
            ("of them succeeded", _rate(totals.successes, totals.uses)),
            ("patterns used in the last 8 weeks", f"{totals.active:,}"),
            (f"patterns {IDLE}", f"{totals.idle:,}"),
            ("patterns never used", f"{totals.never:,}"),
        ]
    )
    yield Note(_WEEK)
    yield from _weekly(activity)
    within = f"in the last {_weeks(len(activity.weeks))}"
    yield _most_used(f"most used {within}", activity)
    if activity.idle:
        yield _idle(activity)
    yield _agents(f"agents that used patterns {within}", activity)


def _weekly(activity: BankActivity) -> Iterator[Block]:
    weeks = activity.weeks
    labels = [f"{week.since:%Y-%m-%d}" for week in weeks]
    yield Sparkline("uses per week", [week.uses for week in weeks], labels)
    yield Table(
        "uses by week",
        ("from", "uses", "succeeded", "95% interval"),
        [
            (label, f"{week.uses:,}", *_rate_cells(week.successes, week.uses))
            for label, week in zip(labels, weeks, strict=True)
        ],
        right=("uses", "succeeded", "95% interval"),
    )


def _most_used(title: str, activity: BankActivity) -> Block:
    rows = [
        (*_pattern_cells(used), f"{used.uses:,}", *_rate_cells(used.successes, used.uses))
        for used in activity.most_used
    ]
    columns = ("id", "name", "project", "uses", "succeeded", "95% interval")
    return _table_or_note(title, columns, rows)


def _idle(activity: BankActivity) -> Block:
    rows = [
        (*_pattern_cells(used), f"{used.uses:,}", _day(used.last_used_at)) for used in activity.idle
    ]
    columns = ("id", "name", "project", "uses", "last use")
    return _table_or_note(f"{IDLE}, longest first", columns, rows)


def _agents(title: str, activity: BankActivity) -> Block:
    rows = [
        (
            Name(agent.agent_id) or UNNAMED_AGENT,
            f"{agent.uses:,}",
            *_rate_cells(agent.successes, agent.uses),
            _day(agent.last_used_at),
        )
        for agent in activity.agents[:MAX_ROWS]
    ]
    columns = ("agent", "uses", "succeeded", "95% interval", "last use")
    return _table_or_note(_first(title, MAX_ROWS, len(activity.agents)), columns, rows)


def _pattern_cells(used: PatternUses) -> tuple[str, str, str]:
    return Name(used.id), Name(used.name), Name(used.project) or NO_NAME


def _table_or_note(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    """Returns a table of uses, or that there are none."""
    if not rows:
        return Note(f"{title}: {NO_DATA}")
    return Table(title, columns, rows, right=("uses", "succeeded", "95% interval"))


# -- learned -------------------------------------------------------------------------------------


def _learned(learning: LearningProgress) -> list[Block]:
    if not learning.experiences:
        return [Note(_NO_LEARNING)]
    facts = [("experiences", f"{learning.experiences:,}"), ("agents", f"{learning.agents:,}")]
    works, fails, unclear = learning.works, learning.fails, learning.unclear
    blocks: list[Block] = [Facts(facts)]
    blocks += _strategies("what works: succeeds more often than it fails", works)
    blocks += _strategies("what does not work: fails more often than it succeeds", fails)
    blocks += _strategies("not clear yet: no evidence either way", unclear)
    blocks += _improvement(learning)
    return blocks


def _strategies(title: str, group: StrategyGroup) -> Iterator[Block]:
    if not group.count:
        yield Note(f"{title}: {NO_DATA}")
        return
    yield Table(
        _first(title, len(group.strategies), group.count),
        ("agent", "task type", "strategy", "tasks", "succeeded", "95% interval", "reward"),
        [
            (
                Name(record.agent_id),
                Name(record.task_type) or NO_NAME,
                Name(record.strategy) or NO_NAME,
                f"{record.usage_count:,}",
                *_rate_cells(record.success_count, record.usage_count),
                f"{record.average_reward:+.2f}",
            )
            for record in group.strategies
        ],
        right=("tasks", "succeeded", "95% interval", "reward"),
    )


def _improvement(learning: LearningProgress) -> Iterator[Block]:
    if not learning.cycles:
        yield Note(_NO_CYCLE)
        return
    yield Facts(
        [
            ("improvement cycles", f"{learning.cycles:,}"),
            ("last cycle that ended well", _day(learning.last_cycle_at)),
        ]
    )
    if learning.standing_changes:
        yield Table(
            "what the improvement cycles promoted, demoted or retired, latest first",
            ("since", "agent", "task type", "strategy", "standing"),
            [
                (
                    change.since[:10],
                    Name(change.agent_id),
                    Name(change.task_type) or NO_NAME,
                    Name(change.strategy) or NO_NAME,
                    change.standing,
                )
                for change in learning.standing_changes
            ],
        )
    else:
        yield Note(f"promoted, demoted or retired strategies: {NO_DATA}")
    if learning.trials:
        yield Table(
            "strategies that were compared (Mann-Whitney, Bonferroni), latest first",
            ("on", "agent", "task type", "mean rewards", "better", "p"),
            [
                (
                    trial.decided_at[:10],
                    Name(trial.agent_id),
                    Name(trial.task_type) or NO_NAME,
                    Name(_rewards(trial)),
                    "no clear difference" if trial.winner is None else Name(trial.winner),
                    f"{trial.p_value:.2g}",
                )
                for trial in learning.trials
            ],
            right=("p",),
        )


def _rewards(trial: TrialRow) -> str:
    first = f"{trial.strategy_a} {trial.mean_reward_a:+.2f}"
    return f"{first}, {trial.strategy_b} {trial.mean_reward_b:+.2f}"


# -- better --------------------------------------------------------------------------------------


def _progress(report: TeamReport) -> list[Block]:
    learning = report.learning
    used, tasks, reward = report.bank.success, learning.success, learning.reward
    return [
        Note(f"This week against last. {_WEEK}"),
        Table(
            "this week against last",
            ("figure", "this", "last", "change", "95% interval", "verdict"),
            [
                _counts("uses of patterns", used),
                _rates("uses that succeeded", used),
                _counts("tasks of agents", tasks),
                _rates("tasks that succeeded", tasks),
                _means("mean reward of tasks", reward),
            ],
            right=("this", "last", "change", "95% interval"),
        ),
        Note(_METHODS),
    ]


def _counts(name: str, compared: Comparison) -> tuple[str, ...]:
    this, last = compared.this_count, compared.last_count
    return name, f"{this:,}", f"{last:,}", f"{this - last:+,}", "-", "-"


def _rates(name: str, compared: Comparison) -> tuple[str, ...]:
    """Returns the row of a success rate; differences are in percentage points."""
    this, last = ("-" if rate is None else f"{rate:.0%}" for rate in (compared.this, compared.last))
    if compared.difference is None or compared.low is None or compared.high is None:
        return name, this, last, "-", "-", compared.verdict
    low, high = 100 * compared.low, 100 * compared.high
    change = f"{100 * compared.difference:+.0f} pp"
    return name, this, last, change, f"{low:+.0f} to {high:+.0f} pp", compared.verdict


def _means(name: str, compared: Comparison) -> tuple[str, ...]:
    this, last, change = map(_signed, (compared.this, compared.last, compared.difference))
    if compared.low is None or compared.high is None:
        return name, this, last, change, "-", compared.verdict
    interval = f"{compared.low:+.2f} to {compared.high:+.2f}"
    return name, this, last, change, interval, compared.verdict


# -- cells ---------------------------------------------------------------------------------------


def _rate(successes: int, uses: int) -> str:
    rate, interval = _rate_cells(successes, uses)
    return f"{rate} (95% interval: {interval})"


def _rate_cells(successes: int, uses: int) -> tuple[str, str]:
    """Returns a success rate and its Wilson interval as text; dashes without uses."""
    if not uses:
        return "-", "-"
    low, high = wilson_interval(successes, uses)
    return f"{successes / uses:.0%}", f"{low:.0%} to {high:.0%}"


def _percent(part: int, whole: int) -> str:
    text = f"{part / whole:.0%}"
    return "<1%" if part and text == "0%" else text


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def _two_digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _day(moment: datetime | None) -> str:
    return NO_DATA if moment is None else f"{moment:%Y-%m-%d}"


def _first(title: str, shown: int, count: int) -> str:
    """Returns the title of a table, which says how many rows are left out."""
    return title if count <= shown else f"{title} (the first {shown} of {count:,})"


def _weeks(count: int) -> str:
    return "week" if count == 1 else f"{count} weeks"
