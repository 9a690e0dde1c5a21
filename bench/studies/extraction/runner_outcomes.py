"""Runs tests of real suites with their own runners, and reads the outcome of each."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ....schema.errors import AqeError

__all__ = ["NoReportError", "Outcomes", "RunnerName", "SuiteRunner"]

RunnerName: TypeAlias = Literal["pytest", "jest", "mocha", "vitest"]
# By the file of a test and its full name: passed, failed, skipped or xfailed, in order.
Outcomes: TypeAlias = Mapping[tuple[Path, str], str]

_COMMANDS: Mapping[RunnerName, str] = {
    "pytest": "python -m pytest",
    "jest": "npx jest",
    "mocha": "npx mocha",
    "vitest": "npx vitest run",
}
_TIMEOUT_S = 1_800
_FILES_A_RUN = 20


class NoReportError(AqeError):
    """A runner ended without a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRunner:
    """A test runner in the folder of a project.

    Attributes:
        name: The runner.
        root: The folder that it runs in.
        command: How it is called, with options of the project; empty for the plain command.
    """

    name: RunnerName
    root: Path
    command: str = ""

    def outcomes(self, targets: Sequence[str]) -> Outcomes:
        """Returns the outcomes of the tests in files, or of pytest's node ids.

        A file that ends the runner itself has none.

        Raises:
            NoReportError: A target alone ends the runner without a report.
            subprocess.TimeoutExpired: The tests take too long.
        """
        run = self._pytest if self.name == "pytest" else self._javascript
        found: dict[tuple[Path, str], str] = {}
        size = 1 if self.name == "mocha" else _FILES_A_RUN
        pending = [targets[start : start + size] for start in range(0, len(targets), size)]
        while pending:
            batch = pending.pop()
            try:
                found |= run(batch)
            except NoReportError:  # a test ended the process of the runner
                if len(targets) == 1:
                    raise
                middle = len(batch) // 2
                pending += [batch[:middle], batch[middle:]] if middle else []
        return found

    def collected(self, files: Sequence[str]) -> frozenset[str]:
        """Returns the node ids that pytest collects in files, without parameters.

        Raises:
            NoReportError: It collects nothing.
            subprocess.TimeoutExpired: It takes too long.
        """
        options = ["--collect-only", "-q", "--continue-on-collection-errors"]
        output = self._run([*options, *files])
        lines = (line.partition("[")[0] for line in output.splitlines() if "::" in line)
        found = frozenset(lines)
        if not found:
            raise NoReportError(f"pytest collected no test in {self.root}: {output[-3000:]}")
        return found

    def _pytest(self, targets: Sequence[str]) -> dict[tuple[Path, str], str]:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            options = ["--continue-on-collection-errors", "--tb=short", "-q"]
            output = self._run(
                [*options, "-o", "junit_family=xunit1", f"--junitxml={report}", *targets]
            )
            self._require(report, output)
            cases = list(ElementTree.parse(report).getroot().iter("testcase"))
            if any(case.get("name") == "internal" for case in cases):
                raise NoReportError(f"pytest ended with an internal error: {output[-3000:]}")
            return {self._case_key(case): _case_outcome(case) for case in cases}

    def _case_key(self, case: ElementTree.Element) -> tuple[Path, str]:
        file = case.get("file") or ""
        module = file.removesuffix(".py").replace("/", ".")
        classes = (case.get("classname") or "").removeprefix(module).strip(".")
        name = case.get("name") or ""
        return (self.root / file).resolve(), f"{classes}.{name}".lstrip(".")

    def _javascript(self, files: Sequence[str]) -> dict[tuple[Path, str], str]:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            if self.name == "mocha":
                options = ["--reporter", "json", "--reporter-option", f"output={report}"]
            elif self.name == "jest":
                options = [
                    "--json",
                    f"--outputFile={report}",
                    "--coverage=false",
                    "--runTestsByPath",
                ]
            else:
                options = ["--reporter=json", f"--outputFile={report}", "--coverage.enabled=false"]
            output = self._run([*options, *files])
            self._require(report, output)
            content = json.loads(report.read_text())
        if self.name == "mocha":
            file = (self.root / files[0]).resolve()
            found: dict[tuple[Path, str], str] = {}
            for outcome, key in (
                ("passed", "passes"),
                ("failed", "failures"),
                ("skipped", "pending"),
            ):
                found |= {(file, test["fullTitle"]): outcome for test in content.get(key, ())}
            return found
        return {
            (Path(result["name"]).resolve(), test["fullName"].strip()): test["status"]
            for result in content.get("testResults", ())
            for test in result["assertionResults"]
        }

    def _require(self, report: Path, output: str) -> None:
        if not report.exists():
            raise NoReportError(f"{self.name} wrote no report in {self.root}: {output[-3000:]}")

    def _run(self, arguments: Sequence[str]) -> str:
        command = [*shlex.split(self.command or _COMMANDS[self.name]), *arguments]
        result = subprocess.run(  # tests may fail, so its code says nothing
            command,
            cwd=self.root,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
        return result.stdout + result.stderr


def _case_outcome(case: ElementTree.Element) -> str:
    if case.find("error") is not None:
        return "error"
    if case.find("failure") is not None:
        return "failed"
    skipped = case.find("skipped")
    if skipped is None:
        return "passed"
    return "xfailed" if skipped.get("type") == "pytest.xfail" else "skipped"
