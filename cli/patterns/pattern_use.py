"""Records how a pattern served: ``aqe patterns use``."""

from __future__ import annotations

from typing import Annotated

import typer

from ...retrieval import QEReasoningBank
from ...schema import PatternUsageContext
from ..options import (
    DatabaseOption,
    JsonOption,
    open_database,
    print_database,
    require_number,
    usage_errors,
)
from ..output import plain, print_json, stdout
from .pattern_options import PatternId, pattern_of
from .pattern_view import pattern_object, success_text

__all__ = ["use"]


def use(
    id: PatternId,
    success: Annotated[
        bool, typer.Option("--success/--failure", help="Whether it served its purpose.")
    ],
    need: Annotated[
        str, typer.Option("--need", metavar="TEXT", help="What it was used for, in words.")
    ] = "",
    error: Annotated[
        str | None, typer.Option("--error", metavar="TEXT", help="What went wrong.")
    ] = None,
    agent: Annotated[
        str, typer.Option("--agent", metavar="ID", help="Who used it. Default: a person.")
    ] = "",
    task: Annotated[str, typer.Option("--task", metavar="ID", help="The task of the use.")] = "",
    milliseconds: Annotated[
        float | None,
        typer.Option(
            "--ms", min=0.0, callback=require_number, help="How long it took, in milliseconds."
        ),
    ] = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Record that a pattern was used, and whether it worked; searches then rank by it.

    Examples:
        aqe patterns use 98cc6c05 --success --need "test a retry"
        aqe patterns use 98cc6c05 --failure --need "test a retry" --error "no fixture"
    """
    with usage_errors("--need, --error, --agent, --task, --ms"):
        context = PatternUsageContext(
            success=success,
            context=need,
            error_message=error,
            agent_id=agent,
            task_id=task,
            execution_time_ms=milliseconds,
        )
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        used = bank.record_usage(pattern_of(bank, id).id, context)
        if json:
            print_json({"database": database.label, "pattern": pattern_object(used)})
            return
        stdout().print(plain(f"recorded: {used.name} worked {success_text(used)}"), soft_wrap=True)
        print_database(database.label)
