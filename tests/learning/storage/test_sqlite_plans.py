"""The queries of the SQLite backend use the indexes that they were given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.learning.storage.sqlite.learning_backend import SQLiteLearningTransaction
from aqe.schema import Database

Question = Callable[[SQLiteLearningTransaction], object]


def statements_of(connection: apsw.Connection, ask: Question) -> list[tuple[str, Any]]:
    """Returns the statements that a question runs, with their values."""
    statements: list[tuple[str, Any]] = []

    def trace(cursor: apsw.Cursor, statement: str, bindings: Any) -> bool:
        statements.append((statement, bindings))
        return True

    connection.exec_trace = trace
    try:
        ask(SQLiteLearningTransaction(connection))
    finally:
        connection.exec_trace = None
    return statements


def plan_of(connection: apsw.Connection, ask: Question) -> list[str]:
    return [
        row[3]
        for statement, bindings in statements_of(connection, ask)
        for row in connection.execute("explain query plan " + statement, bindings)
    ]


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda rows: list(rows.transitions("a", after=1)), "learning_history_by_agent"),
        (lambda rows: rows.newest("a", until=9, limit=3), "learning_history_archive_by_agent"),
        (lambda rows: list(rows.experiences("a", limit=20)), "learning_history_archive_by_agent"),
        (
            lambda rows: rows.successes_in_state("a", "s"),
            "COVERING INDEX learning_history_by_state",
        ),
        (lambda rows: list(rows.q_values("a")), "q_values_in_order"),
        (
            lambda rows: rows.daily_sums("a", "day", since=date(2026, 3, 1)),
            "PRIMARY KEY (agent_id=? AND day>?)",
        ),
        (
            lambda rows: rows.strategy_records("a", task_type="t"),
            "PRIMARY KEY (agent_id=? AND task_type=?)",
        ),
        (lambda rows: rows.trial("a", "t"), "PRIMARY KEY (agent_id=? AND task_type=?)"),
        (lambda rows: rows.agent("a"), "PRIMARY KEY (agent_id=?)"),
    ],
)
def test_question_uses_its_index(path: Path, ask: Question, index: str) -> None:
    with Database(path) as database, database.read() as connection:
        plan = plan_of(connection, ask)
    assert any(index in step for step in plan), plan


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows: list(rows.transitions("a", after=1)),
        lambda rows: rows.newest("a", until=9, limit=3),
        lambda rows: list(rows.experiences("a", limit=20)),
        lambda rows: list(rows.experiences(None, limit=20)),
        lambda rows: list(rows.q_values("a")),
    ],
)
def test_rows_of_a_long_history_are_not_sorted(path: Path, ask: Question) -> None:
    with Database(path) as database, database.read() as connection:
        plan = plan_of(connection, ask)
    assert not any("TEMP B-TREE" in step for step in plan), plan
