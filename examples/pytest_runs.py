"""Runs pytest in a process of its own and reads the outcome of each test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# pytest's exit codes for "all passed" and "some failed"; others say nothing about the tests.
VERDICTS = (0, 1)


@dataclass(frozen=True)
class TestRun:
    """One run: exit code, seconds, and the error text of each test, None where it passed."""

    __test__ = False

    exit_code: int
    seconds: float
    outcomes: dict[str, str | None]
    message: str

    @property
    def failures(self) -> dict[str, str]:
        """The tests that failed, with the first line of the error."""
        return {name: error for name, error in self.outcomes.items() if error is not None}


def run_pytest(arguments: Sequence[str], *, timeout_s: float = 900) -> TestRun:
    """Runs pytest with the arguments, without the environment variables meant for this process."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "AQE_", "COV_CORE_"))
    }
    with tempfile.TemporaryDirectory() as folder:
        report, files = Path(folder, "report.xml"), Path(folder, "arguments.txt")
        files.write_text("\n".join(arguments), encoding="utf-8")
        # -P: keeps the current folder off the import path, as the pytest command does.
        command = [sys.executable, "-P", "-m", "pytest", "-q", f"--junitxml={report}", f"@{files}"]
        started = time.monotonic()
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        seconds = time.monotonic() - started
        outcomes = _outcomes(report) if report.exists() else {}
    lines = (done.stdout + done.stderr).strip().splitlines()
    return TestRun(done.returncode, seconds, outcomes, lines[-1] if lines else "")


def _outcomes(report: Path) -> dict[str, str | None]:
    """Returns each test's error, from the report that pytest wrote."""
    outcomes: dict[str, str | None] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        problem = case.find("failure")
        if problem is None:
            problem = case.find("error")
        error = None if problem is None else (problem.get("message") or "error").splitlines()[0]
        outcomes[name] = error
    return outcomes
