"""Defines ``aqe agents``: the roles of the fleet, and what each has learned here."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ...learning import (
    ROLES,
    AgentRole,
    LearningEngine,
    SQLiteLearningBackend,
    overview,
    role_named,
)
from ..options import DatabaseOption, JsonOption, open_database, print_database, usage_errors
from ..output import counted, plain, print_json, share, stdout, table
from ..shell.command_class import command_app
from ..shell.row_formats import FieldsOption, FormatOption, row_output
from .learn_view import print_failures, print_learned, reward_text

app = command_app(
    "Show the roles of the fleet and what each has learned.\n\nExamples:\n    aqe agents list"
)


ROLE_COLUMNS = ("name", "responsibility", "experiences")


@app.command("list")
def list_roles(
    output_format: FormatOption = None,
    fields: FieldsOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List the 18 roles and how much each has learned here.

    Examples:
        aqe agents list
    """
    output = row_output(output_format, fields, json=json)
    with open_database(db) as database:
        with SQLiteLearningBackend(database).reading() as reader:
            learned = {totals.agent_id: totals for totals in overview(reader)}
        roles = {role.name for role in ROLES}
        others = [name for name in learned if name not in roles]
        if not output.is_for_people:
            counts = {name: totals.experiences for name, totals in learned.items()}
            rows = [
                _role_object(role) | {"experiences": counts.get(role.name, 0)} for role in ROLES
            ]
            document = {"database": database.label, "other_agents": others}
            output.write(document, "roles", rows, ROLE_COLUMNS)
            return
        result = table("role", "responsibility", "learned", right=("learned",))
        for role in ROLES:
            known = learned.get(role.name)
            result.add_row(
                role.name, role.responsibility, str(known.experiences) if known else "no data"
            )
        stdout().print(result)
        if others:
            stdout().print(plain(f"other agents that learned here: {', '.join(others)}"))
        print_database(database.label)


@app.command()
def show(
    role: Annotated[
        str, typer.Argument(metavar="ROLE", help="Name of a role; aqe agents list shows them.")
    ],
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show the tasks and strategies of a role, and what it has learned here.

    Examples:
        aqe agents show test-generator
    """
    with usage_errors("ROLE"):
        wanted = role_named(role)
    with open_database(db) as database:
        engine = LearningEngine(wanted.name, database)
        analytics = engine.get_analytics("all")
        stats = engine.get_q_learning_stats()
        if json:
            print_json(
                {
                    "database": database.label,
                    "role": _role_object(wanted),
                    "enabled": engine.is_enabled(),
                    "experiences": analytics.total_experiences,
                    "success_rate": analytics.success_rate,
                    "average_reward": analytics.average_reward,
                    "q_learning": stats,
                    "patterns": analytics.top_patterns,
                    "failure_patterns": analytics.failure_patterns,
                }
            )
            return
        stdout().print(plain(wanted.name, "bold"))
        stdout().print(plain(wanted.responsibility))
        stdout().print(plain("task types: " + ", ".join(wanted.task_types)))
        stdout().print(plain("strategies: " + ", ".join(wanted.strategies)))
        if analytics.total_experiences:
            stdout().print(
                plain(
                    f"{counted(analytics.total_experiences, 'experience')}, success rate "
                    f"{share(analytics.success_rate)}, average reward "
                    f"{reward_text(analytics.average_reward)}, exploration rate "
                    f"{stats.epsilon:.3f}"
                )
            )
            print_learned(stdout(), analytics.top_patterns)
            print_failures(stdout(), analytics.failure_patterns)
        else:
            stdout().print("no data: nothing was learned here yet")
        print_database(database.label)


def _role_object(role: AgentRole) -> dict[str, Any]:
    return {
        "name": role.name,
        "responsibility": role.responsibility,
        "task_types": list(role.task_types),
        "strategies": list(role.strategies),
    }
