"""Views for people: stable names and columns, readable values (docs/sql.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    AgentAction,
    Database,
    PatternUsageContext,
    Provenance,
    Task,
    TaskResult,
    TestPattern,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sql.md"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TIMES = {
    *("last_used", "created", "updated", "gone_since", "used", "replaced", "last_extraction"),
    *("learned", "standing_since", "first_used", "first_seen", "last_seen"),
}


def make(id: str, source: str | None, *, code: str = "x = 1", project: str = "shop") -> TestPattern:
    return TestPattern(
        id=id,
        name=f"test_{id}",
        category="unit",
        framework="pytest",
        language="python",
        template=code,
        source=source,
        project=project,
        tags=["sums"],
    )


@pytest.fixture
def connection(path: Path) -> Iterator[apsw.Connection]:
    """A bank with a row in every view."""
    with QEReasoningBank(path, encoder=HashingEncoder(32)) as bank:
        bank.store_patterns(
            [make("used", "tests/a.py:12"), make("unused", "tests/v2"), make("bare", None)]
        )
        author = Provenance(origin="agent", agent_id="ann", run_id="run-1")
        bank.store_pattern(make("written", "b.py:1"), provenance=author)
        bank.store_pattern(make("used", "tests/a.py:12", code="x = 2"))
        for success in (True, True, False):
            bank.record_usage(
                "used", PatternUsageContext(success=success, agent_id="bob", context="add")
            )
        bank.store_pattern(make("used", "tests/a.py:12", code="x = 3"))
        bank.record_usage("used", PatternUsageContext(success=True))
        with LearningEngine("test-generator", bank.database) as engine:
            for success in (True, False):
                result = TaskResult(
                    success=success,
                    action=AgentAction(strategy="fast"),
                    errors=[] if success else ["ValueError: no"],
                )
                engine.learn_from_execution(Task(id="t", type="unit", description="d"), result)
        with bank.database.write() as writer:
            writer.execute("insert into projects (key, name) values ('k', 'shop')")
            writer.execute(
                "update patterns set gone_since = '2026-11-01T10:20:30.5+00:00' where id = 'bare'"
            )
    with Database(path) as database:
        yield database.connection()


def rows(connection: apsw.Connection, view: str, rest: str = "") -> list[dict[str, Any]]:
    names = columns(connection, view)
    found = connection.execute(f"select * from {view} {rest}")
    return [dict(zip(names, row, strict=True)) for row in found]


def columns(connection: apsw.Connection, view: str) -> list[str]:
    return [
        name for (name,) in connection.execute("select name from pragma_table_info(?)", (view,))
    ]


def documented() -> dict[str, list[str]]:
    """Returns the views and columns of the table in docs/sql.md."""
    found = re.findall(
        r"^\| `(v_\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    return {view: re.findall(r"`(\w+)`", text) for view, text in found}


def test_every_view_and_column_is_documented(connection: apsw.Connection) -> None:
    views = "select name from sqlite_schema where type = 'view' and name like 'v\\_%' escape '\\'"
    names = [name for (name,) in connection.execute(views)]
    assert len(names) == 9
    assert {name: columns(connection, name) for name in names} == documented()


def test_times_are_utc_to_the_second(connection: apsw.Connection) -> None:
    checked = 0
    for view in documented():
        for row in rows(connection, view):
            for column in TIMES & row.keys():
                if row[column] is not None:
                    assert TIME.fullmatch(row[column]), (view, column, row[column])
                    checked += 1
    assert checked > 20
    (bare,) = rows(connection, "v_patterns", "where id = 'bare'")
    assert bare["gone_since"] == "2026-11-01T10:20:30Z"
    today = datetime.now(UTC).date().isoformat()
    assert bare["created"][:10] == today


def test_v_patterns_says_what_is_used(connection: apsw.Connection) -> None:
    found = {row["id"]: row for row in rows(connection, "v_patterns")}
    used, unused, written = found["used"], found["unused"], found["written"]
    # Uses of the present content alone count; last_used is that of any.
    assert (used["uses"], used["successes"], used["success_rate"], used["version"]) == (
        1,
        1,
        1.0,
        3,
    )
    assert (unused["uses"], unused["success_rate"], unused["last_used"]) == (0, None, None)
    assert (written["agent"], written["run"], written["trust"]) == ("ann", "run-1", "unproven")
    assert (used["agent"], used["run"], used["origin"]) == (None, None, "extracted")
    assert (used["code"], used["tags"], used["project"]) == ("x = 3", '["sums"]', "shop")
    assert [found[id]["file"] for id in ("used", "unused", "bare")] == [
        "tests/a.py",
        "tests/v2",
        None,
    ]


def test_v_uses_says_who_used_what(connection: apsw.Connection) -> None:
    uses = rows(connection, "v_uses", "")
    assert [use["of_present_content"] for use in uses] == [0, 0, 0, 1]
    assert [use["success"] for use in uses] == [1, 1, 0, 1]
    assert (uses[0]["agent"], uses[0]["need"], uses[0]["pattern"]) == ("bob", "add", "test_used")
    assert (uses[3]["agent"], uses[3]["task"], uses[3]["used_in"]) == (None, None, None)


def test_v_versions_and_v_projects_count_what_is_there(connection: apsw.Connection) -> None:
    versions = rows(connection, "v_versions", "order by version")
    assert [(row["pattern_id"], row["version"]) for row in versions] == [("used", 1), ("used", 2)]
    (project,) = rows(connection, "v_projects")
    assert (project["project"], project["patterns"], project["gone"]) == ("shop", 4, 1)
    assert (project["used_patterns"], project["uses"], project["success_rate"]) == (1, 1, 1.0)
    assert project["last_extraction"] is None


def test_a_project_without_uses_has_no_success_rate(connection: apsw.Connection) -> None:
    connection.execute("insert into projects (key, name) values ('other', 'crm')")
    (project,) = rows(connection, "v_projects", "where project = 'crm'")
    assert (project["patterns"], project["uses"], project["success_rate"]) == (0, 0, None)


def test_learning_views_agree_with_each_other(connection: apsw.Connection) -> None:
    (agent,) = rows(connection, "v_agents")
    assert (agent["agent"], agent["experiences"], agent["success_rate"]) == (
        "test-generator",
        2,
        0.5,
    )
    experiences = rows(connection, "v_experiences")
    assert sum(row["reward"] for row in experiences) / 2 == pytest.approx(agent["mean_reward"])
    (day,) = rows(connection, "v_days")
    (strategy,) = rows(connection, "v_strategies")
    for row in (day, strategy):
        assert (row["strategy"], row["successes"], row["success_rate"]) == ("fast", 1, 0.5)
        assert row["mean_reward"] == pytest.approx(agent["mean_reward"])
    (failure,) = rows(connection, "v_failures")
    assert (failure["task_type"], failure["failures"]) == ("unit", 1)
    assert failure["failure_kind"]
