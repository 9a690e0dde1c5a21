"""Proposes files to test next, and learns which order finds most of the uncovered code.

    coverage json            # or: pytest --cov --cov-report=json
    python examples/coverage_analyzer.py coverage.json
    python examples/coverage_analyzer.py coverage.json      # remembers the first run

It reads a real report (coverage.py's JSON, or Cobertura XML) and proposes five files to test next.
A strategy succeeds when its five files hold more uncovered code than five random files would; its
rating is the share of all missing lines and branches that they hold.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from aqe.learning import BaseAgent, LearningEngine, TaskContext
from aqe.schema import LearningFeedback, LearningOutcome, Task, TaskResult, locate_database

PROPOSED = 5
MANY_FILES = 200
MAX_REPORT_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class FileCoverage:
    """The coverage of one file, as a report has it."""

    path: str
    statements: int
    missing: int
    missing_branches: int

    @property
    def covered(self) -> float:
        return 1.0 if not self.statements else 1 - self.missing / self.statements

    @property
    def gap(self) -> int:
        return self.missing + self.missing_branches


def read_report(path: Path) -> list[FileCoverage]:
    """Returns the files of a coverage report.

    Raises:
        ValueError: It is neither coverage.py's JSON nor Cobertura XML.
    """
    if path.stat().st_size > MAX_REPORT_BYTES:
        raise ValueError(f"{path} must have at most {MAX_REPORT_BYTES} bytes")
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("{"):
        return _read_json(text, path)
    return _read_xml(text, path)


def _read_json(text: str, path: Path) -> list[FileCoverage]:
    try:
        files = json.loads(text)["files"]
        return [
            FileCoverage(
                name,
                entry["summary"]["num_statements"],
                entry["summary"]["missing_lines"],
                entry["summary"].get("missing_branches", 0),
            )
            for name, entry in files.items()
        ]
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a JSON report of coverage.py: {error!r}") from error


def _read_xml(text: str, path: Path) -> list[FileCoverage]:
    if "<!ENTITY" in text:  # a report has none; expanding them could exhaust memory
        raise ValueError(f"{path} declares entities; give a report as coverage.py writes it")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"{path} is neither JSON nor XML: {error}") from error
    files = []
    for entry in root.iter("class"):
        lines = list(entry.iter("line"))
        missing = sum(line.get("hits") == "0" for line in lines)
        branches = sum(_missing_branches(line) for line in lines)
        files.append(FileCoverage(entry.get("filename", "?"), len(lines), missing, branches))
    if not files:
        raise ValueError(f"{path} names no file; give a coverage report")
    return files


def _missing_branches(line: ElementTree.Element) -> int:
    """Returns the branches not taken, from ``condition-coverage="50% (1/2)"``."""
    taken, _, total = line.get("condition-coverage", "").rpartition("(")[2].partition("/")
    return int(total.rstrip(")")) - int(taken) if total else 0


def _modified(file: FileCoverage) -> float:
    return Path(file.path).stat().st_mtime if Path(file.path).is_file() else 0.0


ORDERS = {
    "largest-gap": lambda file: -file.missing,
    "lowest-coverage": lambda file: file.covered,
    "branches-first": lambda file: -file.missing_branches,
    "changed-code-first": lambda file: -_modified(file),
}


class CoverageAnalyzer(BaseAgent):
    """Proposes files to test next, in the order of the chosen strategy."""

    def perform_task(self, task: Task, context: TaskContext) -> TaskResult:
        files = read_report(Path(task.context["report"]))
        statements = sum(file.statements for file in files)
        missing = sum(file.missing for file in files)
        gaps = [file for file in files if file.gap]
        proposed = sorted(gaps, key=ORDERS[context.action.strategy])[:PROPOSED]
        total = sum(file.gap for file in files)
        found = sum(file.gap for file in proposed) / total if total else 1.0
        by_chance = min(1.0, PROPOSED / len(gaps)) if gaps else 0.0
        print(f"read    {len(files)} files, {missing} of {statements} statements not covered")
        for file in proposed:
            print(
                f"test    {file.path}: {file.missing} lines, "
                f"{file.missing_branches} branches missing"
            )
        print(f"holds   {found:.0%} of what is missing (five at random: {by_chance:.0%})")
        return TaskResult(
            success=found >= by_chance,
            quality=found,
            coverage=None if not statements else 1 - missing / statements,
            details={"found": found, "by_chance": by_chance},
        )

    def on_pre_task(self, task: Task) -> TaskContext:
        context = super().on_pre_task(task)
        if context.recommendation is not None:
            print(f"memory  {context.recommendation.reasoning}")
        how = " (at random, to explore)" if context.explored else ""
        print(f"chose   {context.action.strategy}{how}")
        return context

    def on_post_task(
        self, task: Task, result: TaskResult, context: TaskContext
    ) -> LearningOutcome | None:
        engine = self.services.engine
        if engine is None:
            return None
        rating = LearningFeedback(rating=result.details["found"], source="coverage report")
        outcome = engine.learn_from_execution(task, result, rating, explored=context.explored)
        if outcome.learned:
            print(
                f"learned reward {outcome.reward:+.2f}; {result.strategy} is now worth "
                f"{outcome.q_value:+.3f}"
            )
        return outcome


def main() -> int:
    """Runs the agent once on a coverage report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="coverage.json or coverage.xml")
    parser.add_argument("--db", help="database file (default: AQE_DB, then .aqe/aqe.db)")
    options = parser.parse_args()
    if not options.report.is_file():
        parser.error(f"{options.report} is not a file")
    try:
        files = len(read_report(options.report))
    except ValueError as error:
        parser.error(str(error))
    task = Task(
        id=str(options.report),
        type="coverage-gap",
        description=f"find what no test reaches in {options.report}",
        complexity=min(1.0, files / MANY_FILES),
        context={"report": str(options.report)},
    )
    path = locate_database(options.db, environment=os.environ, folder=Path.cwd()).path
    with LearningEngine("coverage-analyzer", path) as engine:
        runs = engine.get_total_experiences()
        print(f"agent   coverage-analyzer, {runs} runs remembered in {path}")
        CoverageAnalyzer("coverage-analyzer", engine=engine).run(task)
    return 0


if __name__ == "__main__":
    sys.exit(main())
