"""Defines ``aqe learn``: shows what agents have learned, records outcomes, switches learning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Annotated

import msgspec
import typer

from ...learning import (
    AgentOverview,
    LearningEngine,
    QLearningStats,
    SQLiteLearningBackend,
    analyse,
    first_day,
    learning_switched_on,
    overview,
)
from ...schema import (
    AgentAction,
    Database,
    FailurePattern,
    LearnedPattern,
    LearningError,
    TaskState,
    utc_now,
)
from ..options import (
    DatabaseOption,
    JsonOption,
    YesOption,
    open_database,
    print_database,
    usage_errors,
)
from ..output import counted, plain, print_json, share, stdout, table
from ..shell.command_class import command_app
from ..shell.confirmation import confirm
from ..shell.row_formats import FieldsOption, FormatOption, row_output
from . import learn_export, learn_record
from .learn_options import AgentOption, OneAgentOption, engine_of
from .learn_view import (
    print_analytics,
    print_failures,
    print_history,
    print_learned,
    print_recommendation,
    reward_text,
)

app = command_app(
    "Show what agents have learned, and record outcomes.\n\nExamples:"
    "\n    aqe learn status"
    "\n    aqe learn recommend --agent test-generator --type unit"
)

learn_export.register(app)
learn_record.register(app)


HISTORY_COLUMNS = ("timestamp", "agent_id", "task_type", "strategy", "success", "reward")
OVERVIEW_COLUMNS = ("agent_id", "experiences", "success_rate", "average_reward", "enabled")


@dataclass(frozen=True, slots=True)
class _Details:
    q_learning: QLearningStats
    patterns: list[LearnedPattern]
    failure_patterns: list[FailurePattern]


@app.command()
def status(
    agent: AgentOption = None,
    detailed: Annotated[
        bool,
        typer.Option(
            "--detailed", help="Include Q-table size, strategy records and failure records."
        ),
    ] = False,
    output_format: FormatOption = None,
    fields: FieldsOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show each agent's totals and whether it learns.

    Examples:
        aqe learn status --detailed

    Raises:
        LearningError: The agent has learned nothing here.
    """
    output = row_output(output_format, fields, json=json)
    with open_database(db) as database:
        with SQLiteLearningBackend(database).reading() as reader:
            everyone = overview(reader)
            all_enabled = reader.all_enabled()
        shown = [totals for totals in everyone if agent in (None, totals.agent_id)]
        if agent is not None and not shown:
            raise LearningError(_unknown(agent, database), agent_id=agent)
        names = [totals.agent_id for totals in shown]
        details = {name: _details(database, name) for name in names if detailed}
        if not output.is_for_people:
            document = {
                "database": database.label,
                "enabled": all_enabled,
                "enabled_by_environment": learning_switched_on(),
            }
            rows = [
                msgspec.to_builtins(totals) | msgspec.to_builtins(details.get(totals.agent_id, {}))
                for totals in shown
            ]
            output.write(document, "agents", rows, OVERVIEW_COLUMNS)
            return
        if not all_enabled:
            stdout().print("learning is switched off; switch it on with: aqe learn enable")
        if not learning_switched_on():
            stdout().print("learning is switched off here by AQE_LEARNING_ENABLED")
        if not shown:
            stdout().print("no data: no agent has learned anything yet")
        else:
            _print_overview(shown)
        for name, detail in details.items():
            _print_details(name, detail)
        print_database(database.label)


@app.command()
def history(
    agent: AgentOption = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100_000, help="Number of experiences.")
    ] = 20,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Start: 7d, 4w, 2026-01-31 or 2026-01-31T12:00 (UTC)."),
    ] = None,
    detailed: Annotated[
        bool, typer.Option("--detailed", help="Include states, actions and failures.")
    ] = False,
    output_format: FormatOption = None,
    fields: FieldsOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List experiences, newest first.

    Examples:
        aqe learn history --since 7d -n 50
    """
    chosen = row_output(output_format, fields, json=json)
    with usage_errors("--since"):
        start = None if since is None else _moment(since)
    with open_database(db) as database:
        with SQLiteLearningBackend(database).reading() as reader:
            experiences = list(reader.experiences(agent, since=start, limit=limit))
        if not chosen.is_for_people:
            rows = [msgspec.to_builtins(entry) for entry in experiences]
            chosen.write({"database": database.label}, "experiences", rows, HISTORY_COLUMNS)
            return
        if experiences:
            print_history(stdout(), experiences, detailed=detailed)
        else:
            stdout().print("no data: no matching experience")
        print_database(database.label)


@app.command()
def recommend(
    agent: OneAgentOption,
    task_type: Annotated[str, typer.Option("--type", help="Task type.")],
    complexity: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Complexity of the task, 0 to 1.")
    ] = None,
    capability: Annotated[
        list[str] | None, typer.Option("--capability", help="Required capability; repeatable.")
    ] = None,
    attempts: Annotated[int, typer.Option(min=0, help="Number of previous attempts.")] = 0,
    resources: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Available resources, 0 to 1.")
    ] = None,
    time_s: Annotated[
        float | None, typer.Option("--time", min=0.0, help="Time limit of the task, in seconds.")
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option("--strategy", help="Choose only among these; repeatable.")
    ] = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Recommend a strategy for a task, with its confidence and the reasons.

    Examples:
        aqe learn recommend --agent test-generator --type unit
    """
    with usage_errors("--type, --complexity, --capability, --attempts, --resources, --time"):
        state = TaskState(
            task_type=task_type,
            complexity=complexity,
            required_capabilities=tuple(capability or ()),
            previous_attempts=attempts,
            available_resources=resources,
            time_constraint_s=time_s,
        )
    with usage_errors("--strategy"):
        actions = [AgentAction(strategy=name) for name in strategy or ()]
    with open_database(db) as database:
        answer = engine_of(agent, database).recommend_strategy(state, actions or None)
        if json:
            print_json({"database": database.label, "agent_id": agent, "recommendation": answer})
            return
        print_recommendation(stdout(), answer)
        print_database(database.label)


@app.command()
def analytics(
    agent: AgentOption = None,
    time_range: Annotated[
        str, typer.Option("--time-range", metavar="RANGE", help="7d, 4w or all, in UTC days.")
    ] = "7d",
    chart: Annotated[
        bool, typer.Option("--chart", help="Draw charts of trend and distribution.")
    ] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show totals, trend, strategy records and failure records of a time range.

    Examples:
        aqe learn analytics --time-range 4w --chart
    """
    with usage_errors("--time-range"):  # before a file is created
        first_day(time_range, utc_now().date())
    with open_database(db) as database:
        with SQLiteLearningBackend(database).reading() as reader:
            result = analyse(reader, agent_id=agent, time_range=time_range, now=utc_now())
        if json:
            print_json({"database": database.label, "analytics": result})
            return
        print_analytics(stdout(), result, chart=chart)
        print_database(database.label)


@app.command()
def enable(agent: AgentOption = None, db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Switch learning on, for one agent or for all.

    Examples:
        aqe learn enable --agent test-generator
    """
    _switch(agent, True, db, json)


@app.command()
def disable(agent: AgentOption = None, db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Switch learning off; what was learned is kept. Takes effect at the next task.

    Examples:
        aqe learn disable
    """
    _switch(agent, False, db, json)


@app.command()
def reset(
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="Forget this agent.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Forget all agents.")] = False,
    yes: YesOption = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Forget everything that an agent has learned; asks first.

    Examples:
        aqe learn reset --agent test-generator

    Raises:
        BadParameter: Not exactly one of ``--agent`` and ``--all`` was given.
        LearningError: The agent has learned nothing here.
    """
    if (agent is None) != everyone:
        raise typer.BadParameter("give one of them", param_hint="'--agent' / '--all'")
    with open_database(db) as database:
        with SQLiteLearningBackend(database).reading() as reader:
            known = {row.agent_id: row.experience_count for row in reader.agents()}
        if agent is not None and agent not in known:
            raise LearningError(_unknown(agent, database), agent_id=agent)
        names = list(known) if agent is None else [agent]
        count = sum(known[name] for name in names)
        if names:
            forgotten_text = counted(count, "experience")
            confirm(f"Forget {forgotten_text} of {', '.join(names)}?", yes=yes)
        forgotten = {name: LearningEngine(name, database).reset(confirm=True) for name in names}
        if json:
            print_json({"database": database.label, "forgotten": forgotten})
            return
        for name, number in forgotten.items():
            stdout().print(plain(f"{name}: {counted(number, 'experience')} forgotten"))
        if not forgotten:
            stdout().print("no data: there is nothing to forget")
        print_database(database.label)


def _switch(agent: str | None, enabled: bool, db: str | None, json: bool) -> None:
    with open_database(db, create=True) as database:
        if agent is not None:
            engine_of(agent, database).set_enabled(enabled)
        else:
            with SQLiteLearningBackend(database).writing() as writer:
                writer.set_enabled(None, enabled, at=utc_now().isoformat())
        if json:
            print_json({"database": database.label, "agent_id": agent, "enabled": enabled})
            return
        who = "all agents" if agent is None else agent
        stdout().print(plain(f"learning is {'on' if enabled else 'off'} for {who}"))
        print_database(database.label)


def _details(database: Database, agent_id: str) -> _Details:
    engine = LearningEngine(agent_id, database)
    return _Details(
        engine.get_q_learning_stats(), engine.get_patterns(), engine.get_failure_patterns()
    )


def _print_overview(agents: list[AgentOverview]) -> None:
    numbers = ("tasks", "success", "reward", "Q-values")
    result = table("agent", *numbers, "last day", "learning", right=numbers)
    for totals in agents:
        result.add_row(
            plain(totals.agent_id),
            str(totals.experiences),
            share(totals.success_rate),
            reward_text(totals.average_reward),
            str(totals.q_values),
            totals.last_day or share(None),
            "on" if totals.enabled else "off",
        )
    stdout().print(result)


def _print_details(agent_id: str, details: _Details) -> None:
    stats = details.q_learning
    stdout().print(plain(agent_id, "bold"))
    stdout().print(
        plain(
            f"{counted(stats.states, 'state')}, {counted(stats.actions, 'action')},"
            f" {counted(stats.q_values, 'Q-value')} from "
            f"{reward_text(stats.least_q_value)} to {reward_text(stats.highest_q_value)}, "
            f"{counted(stats.updates, 'update')}, exploration rate {stats.epsilon:.3f}"
        )
    )
    print_learned(stdout(), details.patterns)
    print_failures(stdout(), details.failure_patterns)


def _moment(text: str) -> datetime:
    """Returns the start of a range like 7d, or a date or time (UTC unless it says otherwise)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            day = first_day(text, utc_now().date())
        except ValueError:
            raise ValueError(
                f"expected a time like 7d, 4w, 2026-01-31 or 2026-01-31T12:00, got {text!r}"
            ) from None
        return (
            datetime.min.replace(tzinfo=UTC) if day is None else datetime.combine(day, time(), UTC)
        )
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _unknown(agent: str, database: Database) -> str:
    return (
        f"no agent named {agent!r} has learned in {database.label};"
        " list them with: aqe learn status"
    )
