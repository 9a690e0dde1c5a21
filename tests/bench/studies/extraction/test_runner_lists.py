"""The lists of JavaScript runners are compared with extraction."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from aqe.bench.studies.extraction import runner_lists
from aqe.bench.studies.extraction.runner_lists import main

CODE = """\
it('adds', () => { run(1); });
it.each([1, 2])('takes %s', (n) => { run(n); });
it(`names ${NAME}`, () => { run(3); });
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "package.json").write_text('{"scripts": {"test": "jest"}}')
    (tmp_path / "a.test.js").write_text(CODE)
    return tmp_path


def _row(project: Path, content: object, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Returns the row of a list, from its second cell on, and the differences."""
    (project / "list.json").write_text(json.dumps(content))
    assert main([str(project), str(project / "list.json")]) == 0
    output = capsys.readouterr()
    return output.out.splitlines()[-1].partition(" | ")[2], output.err


def _jest(project: Path, *lines: int) -> object:
    tests = [{"title": f"t{line}", "location": {"line": line, "column": 1}} for line in lines]
    file = str(project / "a.test.js")
    return {"testResults": [{"name": file, "assertionResults": tests}]}


def test_runner_lists_compare_jest_by_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row, differences = _row(project, _jest(project, 1, 2, 2, 3), capsys)
    assert (row, differences) == ("jest | 1 | 3 | 3 | 0 | 0 | 100.0 % |", "")


def test_runner_lists_name_what_is_missing_and_surplus(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row, differences = _row(project, _jest(project, 1, 2, 9), capsys)
    assert row == "jest | 1 | 3 | 3 | 1 | 1 | 100.0 % |"
    assert differences.splitlines() == [
        "missing a.test.js:9 jest t9",
        "surplus a.test.js:3 jest names ${NAME}",
    ]


def test_runner_lists_name_other_frameworks(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(project / "a.test.js")
    rows = [{"name": "adds", "file": file, "location": {"line": line}} for line in (1, 2, 3)]
    row, differences = _row(project, rows, capsys)
    assert row == "vitest | 1 | 3 | 3 | 0 | 0 | 0.0 % |"
    assert differences.splitlines()[0] == "wrong a.test.js:1 jest adds"


def test_runner_lists_read_the_suites_of_playwright(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = {"specs": [{"file": "a.test.js", "line": 2, "title": "takes"}]}
    specs = [{"file": "a.test.js", "line": 1, "title": "adds"}]
    content = {"config": {"rootDir": str(project)}, "suites": [{"specs": specs, "suites": [inner]}]}
    row, _ = _row(project, content, capsys)
    assert row == "playwright | 1 | 2 | 3 | 0 | 1 | 0.0 % |"


def test_runner_lists_compare_mocha_by_title(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    titles = ("adds", "takes 1", "takes 2", "names Ada", "other")
    tests = [{"title": title, "file": str(project / "a.test.js")} for title in titles]
    row, differences = _row(project, {"stats": {}, "tests": tests}, capsys)
    assert row == "mocha | 1 | 5 | 3 | 1 | 0 | 0.0 % |"
    assert differences.splitlines()[0] == "missing a.test.js:0 mocha other"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_runner_lists_read_what_node_has_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "a.test.js"
    file.write_text(
        "const test = require('node:test');\ntest.describe('d', () => {\n"
        "  test('a', async (t) => {\n    await t.test('b', () => {});\n  });\n"
        "  test.skip('c', () => {});\n});\n"
    )
    events = Path(runner_lists.__file__).with_name("node_events.mjs")
    node = ["node", "--test", f"--test-reporter={events}", str(file)]
    content = subprocess.run(node, check=True, capture_output=True, text=True).stdout
    assert sorted(test["name"] for test in json.loads(content)["node"]) == ["a", "b", "c"]
    row, differences = _row(project, json.loads(content), capsys)
    assert (row, differences) == ("node:test | 1 | 3 | 3 | 0 | 0 | 100.0 % |", "")


def test_runner_lists_are_empty_without_tests(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _row(project, [], capsys)[0] == "vitest | 0 | 0 | 0 | 0 | 0 | 0.0 % |"
