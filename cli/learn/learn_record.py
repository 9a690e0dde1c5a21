"""Records one outcome from a JSON document: ``aqe learn record``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ...learning import outcome_from_mapping
from ...schema import InterchangeError
from ...schema.document_faults import json_fault
from ..options import DatabaseOption, JsonOption, open_database, print_database, usage_errors
from ..output import counted, plain, print_json, stdout
from .learn_options import LearnerOption, engine_of
from .learn_view import reward_text

__all__ = ["register"]

MAX_DOCUMENT_BYTES = 1024 * 1024


def register(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command("record")(record)


def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON document, or - for stdin.")],
    agent: LearnerOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Learn from one outcome in JSON; docs/learning.md lists the fields.

    Examples:
        aqe learn record outcome.json
        echo '{...}' | aqe learn record - --agent test-generator

    Raises:
        BadParameter: The document names no action or agent.
    """
    document = _document(file)
    with usage_errors("FILE"):
        outcome = outcome_from_mapping(document)
    if outcome.result.action is None:
        raise typer.BadParameter(
            "result needs action, the strategy that was used", param_hint="'FILE'"
        )
    agent_id = agent or outcome.agent_id
    if agent_id is None:
        raise typer.BadParameter("give it, or add agent_id to the document", param_hint="'--agent'")
    with open_database(db, create=True) as database:
        learned = engine_of(agent_id, database).learn_from_execution(
            outcome.task,
            outcome.result,
            outcome.feedback,
            explored=outcome.explored,
            experience_id=outcome.experience_id,
        )
        if json:
            print_json({"database": database.label, "agent_id": agent_id, "outcome": learned})
            return
        if learned.learned:
            text = (
                f"{agent_id} learned: reward {reward_text(learned.reward)}, Q "
                f"{reward_text(learned.previous_q_value)} -> {reward_text(learned.q_value)} after "
                f"{counted(learned.visits, 'visit')},"
                f" {counted(learned.total_experiences, 'experience')} in total"
            )
        else:
            text = f"nothing was recorded: {learned.reason}"
        stdout().print(plain(text))
        print_database(database.label)


def _document(file: Path) -> object:
    """Returns the JSON document in a file or on standard input."""
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(MAX_DOCUMENT_BYTES + 1)
        else:
            with file.open("rb") as stream:
                data = stream.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise InterchangeError(f"cannot read {file}: {error.strerror}") from error
    if len(data) > MAX_DOCUMENT_BYTES:
        raise InterchangeError(f"{file} must have at most {MAX_DOCUMENT_BYTES} bytes")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InterchangeError(
            f"{file} must hold one JSON document: {json_fault(error)}"
        ) from error
