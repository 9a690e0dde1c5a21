"""The outcomes of ready forms are those of real runs, next to their originals."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aqe.bench.studies.extraction import go_ready_outcome, ready_outcome
from aqe.bench.studies.extraction.runner_outcomes import NoReportError

CODE = """\
import pytest

LIMIT = 3


@pytest.mark.parametrize("number", [1, 5])
def test_limit(number):
    assert number < LIMIT


def test_file():
    assert __file__.endswith("test_a.py")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def _report(project: Path) -> str:
    command = f"{sys.executable} -m pytest -p no:cacheprovider"
    return ready_outcome.main(["pytest", str(project), str(project), "--command", command])


def test_ready_outcome_compares_each_form_with_its_original(project: Path) -> None:
    (project / "test_a.py").write_text(CODE)
    head, fault = _report(project).splitlines()
    assert head.startswith(f"| {project.name}, pytest | 2 | 1 | 50.0% | ")
    assert sorted(head.split(" | ")[-1].rstrip(" |").split(", ")) == ["1 failed", "2 passed"]
    assert fault == "- test_a.py:11 test_file: {'test_file': 'passed'} -> {'test_file': 'failed'}"
    assert [path.name for path in project.glob("*.py")] == ["test_a.py"]


def test_ready_outcome_refuses_a_suite_that_collects_nothing(project: Path) -> None:
    (project / "test_a.py").write_text("raise SystemExit\n\n\ndef test_a():\n    assert 1\n")
    with pytest.raises(NoReportError, match="pytest collected no test in "):
        _report(project)


@pytest.mark.skipif(shutil.which("go") is None, reason="needs go")
def test_go_ready_outcome_runs_forms_in_place_of_their_files(project: Path) -> None:
    (project / "go.mod").write_text("module example.com/a\n\ngo 1.19\n")
    code = 'package a\n\nimport "testing"\n\nfunc half(n int) int { return n / 2 }\n\n'
    code += "func third(n int) int { return n / 3 }\n\n"
    code += "func TestHalf(t *testing.T) {\n\tif half(4) != 2 {\n\t\tt.Fatal()\n\t}\n}\n"
    (project / "a_test.go").write_text(code)
    uses = "func TestUse(t *testing.T) {\n\tif third(2) != 2 {\n\t\tt.Fatal()\n\t}\n}\n"
    (project / "b_test.go").write_text(f'package a\n\nimport "testing"\n\n{uses}')
    (report,) = go_ready_outcome.main([str(project), "--tests", "5"]).splitlines()
    assert report.startswith(f"| {project.name}, go test | 2 | 2 | 100.0% | ")
    assert sorted(report.split(" | ")[-1].rstrip(" |").split(", ")) == ["1 fail", "1 pass"]
    assert (project / "a_test.go").read_text() == code
