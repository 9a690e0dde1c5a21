"""`aqe patterns extract` says where every file and every test went."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aqe.cli.main import app

Aqe = Callable[..., Result]


FILES: dict[str, str | bytes] = {
    "test_a.py": "def test_a():\n    assert f(10) == 20\n\n\ndef test_b():\n    x = = 1\n",
    "test_case.py": "class A(TestCase):\n    def test_c(self):\n        self.assertTrue(f(1))\n",
    "test_empty.py": "X = 1\n",
    "test_broken.py": b"\0\1",
    "qunit.test.js": "QUnit.test('a', a => {});\nQUnit.test('b', a => {});\n",
    "login.feature": "Feature: a\n  Scenario: b\n",
    ".gitignore": "generated/\n",
    "generated/test_d.py": "def test_d():\n    assert 1\n",
}


@pytest.fixture
def aqe(tmp_path: Path) -> Aqe:
    """Runs ``aqe patterns extract`` on a new bank."""

    def run(*arguments: object) -> Result:
        command = ["patterns", "extract", *map(str, arguments), "--db", str(tmp_path / "bank.db")]
        result = CliRunner().invoke(app, command, env={"COLUMNS": "120"})
        assert result.exit_code == 0, result.output
        return result

    return run


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(raw)
    return folder


def test_extract_names_the_place_of_each_file_and_test(aqe: Aqe, project: Path) -> None:
    report = parsed(aqe(project, "--json"))
    assert [(test["name"], test["status"]) for test in report["results"]] == [
        ("test_a", "created"),
        ("A.test_c", "created"),
    ]
    assert report["frameworks"] == {"pytest": 1, "unittest": 1}
    assert report["other_frameworks"] == {}
    assert report["unsupported"] == [
        {"path": str(project / "login.feature"), "framework": "cucumber", "tests": 1},
        {"path": str(project / "qunit.test.js"), "framework": "QUnit", "tests": 2},
    ]
    assert report["lost"] == [
        {
            "path": str(project / "test_a.py"),
            "line": 5,
            "code": "def test_b",
            "reason": "line 6 is not understood",
        }
    ]
    assert report["ignored_files"] == [str(project / "generated" / "test_d.py")]
    assert report["files_without_tests"] == [str(project / "test_empty.py")]
    assert len(report["skipped_files"]) == 3  # binary, and two of unsupported frameworks
    placed = {test["id"] for test in report["results"]}
    assert len(placed) == report["tests"] == 2


def test_extract_prints_the_place_of_each_file_and_test(aqe: Aqe, project: Path) -> None:
    out = " ".join(aqe(project).stdout.split())
    for line in (
        "2 tests in 6 files, ",
        "2 created, 0 updated, 0 unchanged, 0 rejected; skipped files: 3",
        "ignored by git: 1 file (",
        "without a test: 1 file (",
        "cucumber is not supported: 1 test in 1 file (",
        "QUnit is not supported: 2 tests in 1 file (",
        "test_a.py:5: line 6 is not understood: def test_b",
        "test_broken.py: binary content",
    ):
        assert line in out


def test_extract_does_not_say_no_data_for_unsupported_frameworks(aqe: Aqe, project: Path) -> None:
    out = aqe(project / "qunit.test.js").stdout
    assert "no data" not in out
    assert out.startswith("no test stored from 1 file\nQUnit is not supported: 2 tests in 1 file")


def test_extract_says_what_the_framework_filter_leaves_out(aqe: Aqe, project: Path) -> None:
    command = (project / "test_case.py", "--framework", "playwright")
    out = aqe(*command).stdout
    assert out.startswith(
        "no test stored from 1 file\n"
        "left out by --framework: 1 unittest; to take them, use --framework unittest\n"
    )
    report = parsed(aqe(*command, "--json"))
    assert (report["frameworks"], report["other_frameworks"]) == ({}, {"unittest": 1})


def test_extract_sums_up_many_lost_tests(aqe: Aqe, tmp_path: Path) -> None:
    lost = "\n\n".join(f"def test_{number}():\n    x = = 1\n" for number in range(12))
    (tmp_path / "test_a.py").write_text(f"{lost}\n\ndef test_kept():\n    assert 1\n")
    out = aqe(tmp_path / "test_a.py").stdout
    assert "... and 2 more lost; --json prints all of them" in out


def test_extract_says_that_a_second_checkout_is_left_out(
    aqe: Aqe, git: Callable[..., str], tmp_path: Path
) -> None:
    git("main", "init", "-q")
    (tmp_path / "main" / "test_a.py").write_text("def test_a():\n    assert f(10) == 20\n")
    git("main", "add", "-A")
    git("main", "commit", "-qm", "first")
    git("main", "worktree", "add", "-q", "inside")
    report = parsed(aqe(tmp_path / "main", "--json"))
    assert (report["tests"], report["updated"]) == (1, 0)
    assert report["other_checkouts"] == [str(tmp_path / "main" / "inside" / "test_a.py")]
    again = aqe(tmp_path / "main").stdout
    assert "0 created, 0 updated, 1 unchanged" in again
    assert "of another checkout of the same project: 1 file (" in again
