"""Defines ``aqe agents``: the roles of the fleet, and what each has learned here."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..learning import (
    ROLES,
    AgentRole,
    LearningEngine,
    SQLiteLearningBackend,
    overview,
    role_named,
)
from .learn.learn_view import print_failures, print_learned, reward_text
from .options import DatabaseOption, JsonOption, open_database, print_database, usage_errors
from .output import plain, print_json, share, stdout, table

app = typer.Typer(
    help="Show the roles of the fleet and what each has learned.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_roles(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """List the 18 roles and how much each has learned here."""
    with open_database(db) as database:
        with SQLiteLearningBackend(database).reading() as reader:
            learned = {totals.agent_id: totals for totals in overview(reader)}
        roles = {role.name for role in ROLES}
        others = [name for name in learned if name not in roles]
        if json:
            print_json(
                {
                    "database": database.label,
                    "roles": [
                        _role_object(role)
                        | {
                            "experiences": learned[role.name].experiences
                            if role.name in learned
                            else 0
                        }
                        for role in ROLES
                    ],
                    "other_agents": others,
                }
            )
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
    """Show the tasks and strategies of a role, and what it has learned here."""
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
                    f"{analytics.total_experiences} experiences, success rate "
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
