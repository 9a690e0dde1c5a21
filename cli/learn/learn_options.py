"""Defines the options that several ``aqe learn`` commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from ...learning import LearningEngine
from ...schema import Database
from ..options import usage_errors

__all__ = ["AgentOption", "LearnerOption", "OneAgentOption", "engine_of"]

AgentOption = Annotated[
    str | None, typer.Option("--agent", metavar="ID", help="Only this agent. Default: all.")
]
LearnerOption = Annotated[
    str | None,
    typer.Option(
        "--agent", metavar="ID", help="Agent that learns. Default: agent_id of the document."
    ),
]
OneAgentOption = Annotated[
    str, typer.Option("--agent", metavar="ID", help="Name of the agent, such as its role.")
]


def engine_of(agent_id: str, database: Database) -> LearningEngine:
    """Returns the engine of an agent, whose id ``--agent`` gave.

    Raises:
        BadParameter: It is empty or too long.
    """
    with usage_errors("--agent"):
        return LearningEngine(agent_id, database)
