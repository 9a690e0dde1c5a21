"""Removes secrets that an earlier version stored in the history, and what was derived from them.

The history is the truth: its rows are redacted, and records, sums and Q-values of the agents whose
names changed are counted again. A comparison of strategies whose names changed is dropped; the next
improvement cycle makes it again.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

import apsw
import msgspec

from ....schema.redaction.stored_text import redacted_json, redacted_text
from ...outcome.keys import redacted_key
from .experience_append import count_experience
from .experience_table import ExperienceTable

__all__ = ["redact_history"]

# Columns by which experiences are counted; the others are only kept.
_NAMES: Final = ("agent_id", "task_type", "strategy", "failure_kind")
_KEYS: Final = ("state", "action", "next_state")
_DERIVED: Final = (
    *("learned_patterns", "failure_patterns", "learning_daily", "q_values", "strategy_trials"),
)
_COLUMNS = (
    "experience_rowid, experience_id, agent_id, task_id, task_type, state, action, strategy,"
    " next_state, failure_kind, context"
)


def redact_history(connection: apsw.Connection) -> None:
    """Redacts every table of learning, inside an open writing transaction.

    Q-values of agents whose names changed are left out; ``repair_learning_in`` folds them again.
    """
    changed: set[str] = set()
    for table in ("learning_history", "learning_history_archive"):
        changed |= _redact_rows(connection, table)
    changed |= _redact_agents(connection)
    for agent_id in sorted(changed):
        _count_again(connection, agent_id)
    _redact_stages(connection)


def _redact_rows(connection: apsw.Connection, table: str) -> set[str]:
    """Redacts a table of experiences; returns the agents that must be counted again."""
    changed: set[str] = set()
    rows = connection.execute(f"select {_COLUMNS} from {table}").fetchall()
    names = _COLUMNS.replace(" ", "").split(",")
    for row in rows:
        before: dict[str, Any] = dict(zip(names, row, strict=True))
        after = _redacted(before)
        if after == before:
            continue
        connection.execute(
            f"update {table} set experience_id = :experience_id, agent_id = :agent_id,"
            " task_id = :task_id, task_type = :task_type, state = :state, action = :action,"
            " strategy = :strategy, next_state = :next_state, failure_kind = :failure_kind,"
            " context = :context where experience_rowid = :experience_rowid",
            after,
        )
        if any(before[name] != after[name] for name in (*_NAMES, *_KEYS)):
            changed |= {before["agent_id"], after["agent_id"]}
    return changed


def _redacted(row: dict[str, Any]) -> dict[str, Any]:
    after = dict(row)
    for name in ("task_id", *_NAMES):
        after[name] = None if row[name] is None else redacted_text(row[name])
    for name in _KEYS:
        after[name] = None if row[name] is None else redacted_key(row[name])
    # Names are derived from keys, so that both always agree.
    after["task_type"] = _name_in(after["state"])
    after["strategy"] = _name_in(after["action"])
    if redacted_text(row["experience_id"]) != row["experience_id"]:  # it must stay unique
        after["experience_id"] = f"redacted-{row['experience_rowid']}"
    context = msgspec.json.decode(row["context"])
    clean = redacted_json(context)
    if clean != context:
        after["context"] = msgspec.json.encode(clean).decode()
    return after


def _name_in(key: str) -> str:
    return unquote(key.partition(";")[0].partition("=")[2])


def _redact_agents(connection: apsw.Connection) -> set[str]:
    """Renames the agents whose id holds a secret; returns the old and new ids."""
    changed: set[str] = set()
    for (agent_id,) in connection.execute("select agent_id from learning_agents").fetchall():
        clean = redacted_text(str(agent_id))
        if clean != agent_id:
            names = {"old": agent_id, "new": clean}
            connection.execute(
                "update or ignore learning_agents set agent_id = :new where agent_id = :old", names
            )
            connection.execute("delete from learning_agents where agent_id = :old", names)
            changed |= {str(agent_id), clean}
    return changed


def _count_again(connection: apsw.Connection, agent_id: str) -> None:
    """Counts the history of an agent again; standings of strategies that keep their name stay."""
    standings = connection.execute(
        "select task_type, strategy, standing, standing_since from learned_patterns"
        " where agent_id = :agent_id",
        {"agent_id": agent_id},
    ).fetchall()
    for table in _DERIVED:
        connection.execute(
            f"delete from {table} where agent_id = :agent_id", {"agent_id": agent_id}
        )
    for experience in reversed(list(_History(connection).experiences(agent_id))):
        count_experience(connection, experience)
    connection.executemany(
        "update learned_patterns set standing = :standing, standing_since = :since"
        " where agent_id = :agent_id and task_type = :task_type and strategy = :strategy",
        [
            {
                "agent_id": agent_id,
                "task_type": task_type,
                "strategy": strategy,
                "standing": standing,
                "since": since,
            }
            for task_type, strategy, standing, since in standings
        ],
    )


def _redact_stages(connection: apsw.Connection) -> None:
    rows = connection.execute("select stage_rowid, summary, error from improvement_stages")
    for rowid, summary, error in rows.fetchall():
        values = {
            "rowid": rowid,
            "summary": redacted_text(str(summary)),
            "error": None if error is None else redacted_text(str(error)),
        }
        if (summary, error) != (values["summary"], values["error"]):
            connection.execute(
                "update improvement_stages set summary = :summary, error = :error"
                " where stage_rowid = :rowid",
                values,
            )


class _History(ExperienceTable):
    """The experiences, as one open transaction sees them."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
