"""The example agents, run as a reader of the documentation would run them, twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PASSING = "def test_one():\n    assert 1 + 1 == 2\n"
FAILING = "def test_two():\n    assert 1 + 1 == 3\n"
# Passes and fails by turns, by a file beside it.
FLAKY = """
from pathlib import Path

def test_turns():
    mark = Path(__file__).with_suffix(".mark")
    there = mark.exists()
    mark.unlink() if there else mark.touch()
    assert there
"""


def run_example(name: str, *arguments: object, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A small folder of tests."""
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "test_one.py").write_text(PASSING)
    return folder


def test_executor_remembers_its_first_run(suite: Path, tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    first = run_example("test_executor.py", suite, "--db", database)
    assert "0 runs remembered" in first
    assert "no data: nothing was learned yet" in first
    assert "1 tests, 0 failed" in first
    second = run_example("test_executor.py", suite, "--db", database)
    assert "1 runs remembered" in second
    assert "highest expected reward in this state" in second


def test_executor_learns_from_a_failing_suite(suite: Path, tmp_path: Path) -> None:
    (suite / "test_two.py").write_text(FAILING)
    output = run_example("test_executor.py", suite, "--db", tmp_path / "x.db")
    assert "did not pass" in output
    assert "worth -" in output


def test_executor_of_no_tests_reports_what_pytest_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    output = run_example("test_executor.py", tmp_path / "empty", "--db", tmp_path / "x.db")
    assert "did not pass" in output
    assert "does not exist" in run_example("test_executor.py", tmp_path / "none", code=2)


def coverage_json(path: Path) -> Path:
    files = {
        f"module_{number}.py": {
            "summary": {
                "num_statements": 100,
                "missing_lines": 5 * number,
                "missing_branches": number % 3,
            }
        }
        for number in range(12)
    }
    path.write_text(json.dumps({"files": files}))
    return path


def test_coverage_analyzer_remembers_its_first_run(tmp_path: Path) -> None:
    report, database = coverage_json(tmp_path / "coverage.json"), tmp_path / "x.db"
    first = run_example("coverage_analyzer.py", report, "--db", database)
    assert "12 files, 330 of 1200 statements not covered" in first
    assert "learned reward" in first
    second = run_example("coverage_analyzer.py", report, "--db", database)
    assert "1 runs remembered" in second
    assert "in this state" in second


def test_coverage_analyzer_reads_a_real_report_of_coverage(suite: Path, tmp_path: Path) -> None:
    (suite / "code_under_test.py").write_text(
        "def f(x):\n    if x:\n        return 1\n    return 2\n"
    )
    (suite / "conftest.py").write_text("import sys; sys.path.insert(0, __file__[:-11])\n")
    (suite / "test_code.py").write_text(
        "from code_under_test import f\n\ndef test_f():\n    assert f(1) == 1\n"
    )
    own = ("COV_", "PYTEST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    for kind in ("json", "xml"):
        report = tmp_path / f"coverage.{kind}"
        options = ["-q", "-p", "no:cacheprovider", "--cov-branch", f"--cov={suite}"]
        command = [sys.executable, "-P", "-m", "pytest", *options, f"--cov-report={kind}:{report}"]
        subprocess.run(
            [*command, str(suite / "test_code.py")],
            cwd=suite,
            env=environment,
            capture_output=True,
            check=True,
            timeout=120,
        )
        output = run_example("coverage_analyzer.py", report, "--db", tmp_path / "x.db")
        assert "test    " in output
        assert "1 lines, 1 branches missing" in output


@pytest.mark.parametrize(
    "text",
    ["{}", "nothing", "<coverage/>", '<!DOCTYPE a [<!ENTITY b "c">]><coverage/>', '{"files": 1}'],
)
def test_coverage_analyzer_refuses_what_is_no_report(tmp_path: Path, text: str) -> None:
    report = tmp_path / "report"
    report.write_text(text)
    assert "error:" in run_example("coverage_analyzer.py", report, code=2)


def test_hunter_finds_the_flaky_test_and_remembers(suite: Path, tmp_path: Path) -> None:
    (suite / "test_flaky.py").write_text(FLAKY)
    database = tmp_path / "x.db"
    first = run_example("flaky_test_hunter.py", suite, "--runs", 2, "--db", database)
    assert "2 tests 2 times" in first
    assert "1 flaky" in first
    assert "test_turns" in first
    second = run_example("flaky_test_hunter.py", suite, "--runs", 2, "--db", database)
    assert "1 hunts remembered" in second
    assert "in this state" in second
    assert "--runs must be at least 2" in run_example(
        "flaky_test_hunter.py", suite, "--runs", 1, code=2
    )
