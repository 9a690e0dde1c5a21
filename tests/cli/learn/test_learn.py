"""``aqe learn``: every command, as text and as JSON, with and without data."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from aqe.learning import LearningEngine
from aqe.schema import InterchangeError, LearningError, Task, TaskResult

from .learning_cli import run, run_json

OUTCOME = {
    "agent_id": "test-generator",
    "task": {"id": "7", "type": "unit-test"},
    "result": {"success": True, "action": "property-based", "execution_time_ms": 0},
}


@pytest.fixture
def learned(path: Path) -> Path:
    """A database in which two agents have learned."""
    with LearningEngine("test-generator", path) as engine:
        for number in range(12):
            success = number % 3 != 0
            engine.learn_from_execution(
                Task(id=str(number), type="unit-test"),
                TaskResult(
                    success=success,
                    action="alpha" if success else "[/b]\x1b[31mbeta",
                    errors=() if success else ("OSError: [/] gone",),
                ),
                explored=number % 2 == 0,
            )
    with LearningEngine("quality-gate", path) as engine:
        engine.learn_from_execution(Task(type="gate"), TaskResult(success=True, action="strict"))
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("status", "--detailed"),
        ("history",),
        ("recommend", "--agent", "x", "--type", "t"),
        ("analytics",),
        ("analytics", "--chart"),
    ],
)
def test_without_data_says_so(empty: Path, arguments: tuple[str, ...]) -> None:
    assert "no data" in run(empty, "learn", *arguments).stdout


def test_status_lists_the_agents(learned: Path) -> None:
    output = run(learned, "learn", "status").stdout
    assert "test-generator" in output
    assert "quality-gate" in output
    document = run_json(learned, "learn", "status", "--agent", "test-generator", "--detailed")
    assert document["enabled"] is True
    assert document["enabled_by_environment"] is True
    (agent,) = document["agents"]
    assert agent["experiences"] == 12
    assert agent["success_rate"] == pytest.approx(8 / 12)
    assert agent["q_learning"]["updates"] == 12
    assert {pattern["strategy"] for pattern in agent["patterns"]} >= {"alpha"}
    assert agent["failure_patterns"][0]["frequency"] == 4


def test_status_detailed_shows_what_works_and_what_fails(learned: Path) -> None:
    output = run(learned, "learn", "status", "--agent", "test-generator", "--detailed").stdout
    assert "what works" in output
    assert "what fails" in output
    assert "exploration rate" in " ".join(output.split())
    assert "\x1b" not in output


def records_below(output: str, title: str) -> list[str]:
    """Returns the strategies of the table with this title."""
    lines = [line.strip() for line in output.partition(f"{title} ")[2].split("\n")[2:]]
    return [line.split()[2] for line in lines[: lines.index("")]]


@pytest.mark.parametrize(
    "command",
    [
        ("learn", "analytics"),
        ("learn", "status", "--detailed"),
        ("agents", "show", "test-generator"),
    ],
    ids=" ".join,
)
def test_what_works_lists_only_what_is_shown_to_work(path: Path, command: tuple[str, ...]) -> None:
    """A strategy without a success, of few successes or of few uses is not among them."""
    outcomes = {"good": "y" * 9 + "n", "never": "n" * 9, "rare": "yy" + "n" * 18, "new": "y"}
    with LearningEngine("test-generator", path) as engine:
        for strategy, results in outcomes.items():
            for result in results:
                engine.learn_from_execution(
                    Task(type="t"), TaskResult(success=result == "y", action=strategy)
                )
    output = run(path, *command).stdout
    assert records_below(output, "what works") == ["good"]
    assert set(records_below(output, "what does not work")) == {"never", "rare"}
    assert records_below(output, "not clear yet") == ["new"]


def test_analytics_say_that_nothing_works_yet(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        engine.learn_from_execution(Task(type="t"), TaskResult(success=False, action="s"))
    output = " ".join(run(path, "learn", "analytics").stdout.split())
    assert "no strategy is shown to work yet" in output
    assert "what works" not in output
    (record,) = run_json(path, "learn", "analytics")["analytics"]["top_patterns"]
    assert (record["success_rate"], record["works"]) == (0.0, None)


def test_status_of_an_unknown_agent_is_an_error(learned: Path) -> None:
    result = run(learned, "learn", "status", "--agent", "nobody", code=1)
    assert isinstance(result.exception, LearningError)


def test_history_shows_the_newest_first(learned: Path) -> None:
    document = run_json(learned, "learn", "history", "--agent", "test-generator", "--limit", "3")
    assert [entry["task_id"] for entry in document["experiences"]] == ["11", "10", "9"]
    output = run(learned, "learn", "history", "--detailed", "--limit", "13").stdout
    assert "state  type=unit-test;complexity=unknown" in output
    assert "failed by OSError" in output
    assert "(exploration)" in output
    assert "\x1b" not in output
    assert "strict" in run(learned, "learn", "history").stdout


@pytest.mark.parametrize(
    ("since", "count"),
    [("7d", 13), ("all", 13), ("2020-01-31", 13), ("2999-01-31T12:00+02:00", 0)],
)
def test_history_since(learned: Path, since: str, count: int) -> None:
    document = run_json(learned, "learn", "history", "--since", since)
    assert len(document["experiences"]) == count


def test_history_since_something_else_is_refused(path: Path) -> None:
    result = run(path, "learn", "history", "--since", "yesterday", code=2)
    assert "'--since': expected a time like 7d" in result.stderr
    assert not path.exists()


def test_record_learns_one_outcome(path: Path, tmp_path: Path) -> None:
    document = run_json(path, "learn", "record", "-", input=json.dumps(OUTCOME))
    assert document["outcome"]["reward"] == 1.5
    assert document["outcome"]["q_value"] == pytest.approx(0.15)
    file = tmp_path / "outcome.json"
    file.write_text(json.dumps(OUTCOME | {"experience_id": "e1"}))
    assert "learned: reward +1.50" in run(path, "learn", "record", str(file)).stdout
    again = run(path, "learn", "record", str(file)).stdout
    assert "nothing was recorded: this experience was recorded before" in again
    other = run_json(path, "learn", "record", str(file), "--agent", "quality-gate")
    assert other["outcome"]["learned"] is False


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, " " * 1_100_000], ids=["empty", "cut", "deep", "large"]
)
def test_record_refuses_what_is_not_a_document(path: Path, text: str) -> None:
    result = run(path, "learn", "record", "-", input=text, code=1)
    assert isinstance(result.exception, InterchangeError)


@pytest.mark.parametrize(
    ("document", "option", "reason"),
    [
        ([], "FILE", "must be a JSON object"),
        ({"result": {"success": True, "action": "s"}}, "--agent", "add agent_id"),
        ({"agent_id": "a", "result": {"action": "s"}}, "FILE", "needs success"),
        ({"agent_id": "a", "result": {"success": True}}, "FILE", "needs action"),
        ({"agent_id": " ", "result": {"success": True, "action": "s"}}, "--agent", "1 to 200"),
    ],
)
def test_record_names_what_is_wrong(path: Path, document: Any, option: str, reason: str) -> None:
    result = run(path, "learn", "record", "-", input=json.dumps(document), code=2)
    line = result.stderr.splitlines()[-1]
    assert option in line
    assert reason in line


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("history", "--since", "yesterday"), "--since"),
        (("analytics", "--time-range", "1 year"), "--time-range"),
        (("recommend", "--agent", "", "--type", "t"), "--agent"),
        (("recommend", "--agent", "a", "--type", "t" * 1_001), "--type"),
        (("recommend", "--agent", "a", "--type", "t", "--time", "inf"), "--time"),
        (("recommend", "--agent", "a", "--type", "t", "--strategy", ""), "--strategy"),
        (("enable", "--agent", "a" * 201), "--agent"),
        (("reset",), "--agent"),
        (("reset", "--agent", "a", "--all"), "--all"),
    ],
)
def test_wrong_usage_names_the_option(empty: Path, arguments: tuple[str, ...], option: str) -> None:
    assert option in run(empty, "learn", *arguments, code=2).stderr.splitlines()[-1]


def test_record_of_a_missing_file_is_an_error(path: Path, tmp_path: Path) -> None:
    result = run(path, "learn", "record", str(tmp_path / "none.json"), code=1)
    assert isinstance(result.exception, InterchangeError)


def test_recommend_says_what_and_why(learned: Path) -> None:
    arguments = ("learn", "recommend", "--agent", "test-generator", "--type", "unit-test")
    output = run(learned, *arguments).stdout
    assert output.startswith("alpha")
    assert "highest expected reward" in " ".join(output.split())
    assert "alternative" in output
    document = run_json(
        learned, *arguments, "--complexity", "0.5", "--capability", "x", "--strategy", "alpha"
    )
    recommendation = document["recommendation"]
    assert (recommendation["strategy"], recommendation["basis"]) == ("alpha", "task type")
    assert recommendation["alternatives"] == []


def test_analytics_as_text_chart_and_json(learned: Path) -> None:
    output = run(learned, "learn", "analytics").stdout
    assert "all agents, 7d: 13 experiences" in output
    chart = run(learned, "learn", "analytics", "--chart", "--agent", "test-generator").stdout
    assert "average reward a day" in chart
    assert "█" in chart
    assert max(len(line) for line in chart.splitlines()) <= 80
    document = run_json(learned, "learn", "analytics", "--time-range", "all")
    assert document["analytics"]["total_experiences"] == 13
    assert document["analytics"]["exploration_rate"] == pytest.approx(0.5)


def test_analytics_of_a_wrong_range_makes_no_file(path: Path) -> None:
    result = run(path, "learn", "analytics", "--time-range", "week", code=2)
    assert "7d, 4w or all" in result.stderr
    assert not path.exists()


def test_export_json_holds_everything(learned: Path) -> None:
    document = run_json(learned, "learn", "export")
    agents = {agent["agent_id"]: agent for agent in document["agents"]}
    assert len(agents["test-generator"]["experiences"]) == 12
    assert len(agents["test-generator"]["q_table"]) == 2
    only = run_json(learned, "learn", "export", "--q-table", "--agent", "quality-gate")
    assert list(only["agents"][0]) == ["agent_id", "q_table"]


def rows_of(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_export_csv_is_one_table(learned: Path, path: Path, tmp_path: Path) -> None:
    output = run(learned, "learn", "export", "--format", "csv", "--experiences").stdout
    rows = rows_of(output)
    assert len(rows) == 13
    assert rows[-1]["agent_id"] == "test-generator"
    file = tmp_path / "q.csv"
    arguments = ("learn", "export", "--format", "csv", "--q-table", "--output", str(file))
    document = run_json(learned, *arguments)
    assert document["file"] == str(file)
    assert {row["update_count"] for row in rows_of(file.read_text())} == {"8", "4", "1"}
    result = run(learned, *arguments, code=1)
    assert "--force" in str(result.exception)
    assert "agents written" in run(learned, *arguments, "--force").stderr


def test_export_csv_keeps_formulas_harmless(path: Path) -> None:
    with LearningEngine("a", path) as engine:
        engine.learn_from_execution(Task(id="=1+1", type="t"), TaskResult(success=True, action="s"))
    output = run(path, "learn", "export", "--format", "csv", "--experiences").stdout
    assert rows_of(output)[0]["task_id"] == "'=1+1"


@pytest.mark.parametrize(
    "arguments",
    [("--format", "csv"), ("--format", "csv", "--q-table", "--experiences")],
)
def test_export_csv_needs_one_table(learned: Path, arguments: tuple[str, ...]) -> None:
    result = run(learned, "learn", "export", *arguments, code=2)
    assert "'--format'" in result.stderr


def test_export_refuses_what_it_cannot_do(learned: Path, tmp_path: Path) -> None:
    csv_options = ("--format", "csv", "--q-table")
    assert "'--json'" in run(learned, "learn", "export", *csv_options, "--json", code=2).stderr
    assert isinstance(
        run(learned, "learn", "export", "--agent", "nobody", code=1).exception, LearningError
    )
    nowhere = str(tmp_path / "missing" / "x.json")
    assert isinstance(
        run(learned, "learn", "export", "--output", nowhere, code=1).exception, InterchangeError
    )


def test_export_of_nothing_is_empty(empty: Path) -> None:
    assert run_json(empty, "learn", "export")["agents"] == []
    assert run(empty, "learn", "export", "--format", "csv", "--q-table").stdout == ""


def test_disable_and_enable_are_kept(learned: Path) -> None:
    assert "off for all agents" in run(learned, "learn", "disable").stdout
    assert "switched off" in run(learned, "learn", "status").stdout
    assert run_json(learned, "learn", "status")["enabled"] is False
    skipped = run_json(learned, "learn", "record", "-", input=json.dumps(OUTCOME))
    assert skipped["outcome"]["learned"] is False
    assert run_json(learned, "learn", "enable")["enabled"] is True
    run(learned, "learn", "disable", "--agent", "quality-gate")
    agents = run_json(learned, "learn", "status")["agents"]
    assert {agent["agent_id"]: agent["enabled"] for agent in agents} == {
        "quality-gate": False,
        "test-generator": True,
    }


def test_status_shows_the_environment(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQE_LEARNING_ENABLED", "0")
    assert "AQE_LEARNING_ENABLED" in run(empty, "learn", "status").stdout


def test_reset_asks_first(learned: Path) -> None:
    arguments = ("learn", "reset", "--agent", "test-generator")
    refused = run(learned, *arguments, input="y\n", code=2).stderr
    assert "stdin is no terminal" in refused
    assert "Forget 12 experiences of test-generator? Nobody can answer" in refused
    assert run_json(learned, "learn", "status", "--agent", "test-generator")["agents"]
    output = run(learned, *arguments, "--yes").stdout
    assert "test-generator: 12 experiences forgotten" in output
    assert "no data" in run(learned, "learn", "history", "--agent", "test-generator").stdout
    assert run_json(learned, "learn", "reset", "--all", "--yes")["forgotten"] == {
        "quality-gate": 1,
        "test-generator": 0,
    }


def test_reset_of_nothing_or_nobody(empty: Path) -> None:
    assert "no data" in run(empty, "learn", "reset", "--all", "--yes").stdout
    result = run(empty, "learn", "reset", "--agent", "x", code=1)
    assert isinstance(result.exception, LearningError)
