"""``aqe agents``."""

from __future__ import annotations

from pathlib import Path

from aqe.learning import LearningEngine
from aqe.schema import Task, TaskResult

from .learning_cli import run, run_json


def test_list_names_all_roles_and_what_they_learned(empty: Path) -> None:
    output = run(empty, "agents", "list").stdout
    assert output.count("no data") == 18
    for name in ("test-generator", "my own"):
        with LearningEngine(name, empty) as engine:
            engine.learn_from_execution(Task(type="t"), TaskResult(success=True, action="s"))
    output = run(empty, "agents", "list").stdout
    assert output.count("no data") == 17
    assert "other agents that learned here: my own" in output
    document = run_json(empty, "agents", "list")
    assert len(document["roles"]) == 18
    assert document["roles"][0]["experiences"] == 1
    assert document["other_agents"] == ["my own"]


def test_show_a_role_with_and_without_data(empty: Path) -> None:
    output = run(empty, "agents", "show", "flaky-test-hunter").stdout
    assert "rerun-shuffled" in output
    assert "no data" in output
    with LearningEngine("flaky-test-hunter", empty) as engine:
        engine.learn_from_execution(
            Task(type="t"), TaskResult(success=False, action="s", errors=("OSError: x",))
        )
    output = run(empty, "agents", "show", "flaky-test-hunter").stdout
    assert "1 experience" in output
    assert "what fails" in output
    document = run_json(empty, "agents", "show", "flaky-test-hunter")
    assert document["role"]["name"] == "flaky-test-hunter"
    assert document["experiences"] == 1
    assert document["q_learning"]["q_values"] == 1
    assert document["enabled"] is True


def test_show_an_unknown_role_is_a_usage_error(path: Path) -> None:
    result = run(path, "agents", "show", "tester", code=2)
    assert "'ROLE'" in result.stderr
    assert not path.exists()
