"""Measures how often the ready form of a pattern does what its original test does.

Run: ``python -m aqe.bench.studies.extraction.ready_outcome RUNNER ROOT FOLDER --tests 40`` for a
checkout or a throwaway environment; RUNNER is pytest, jest, mocha or vitest. It wrote
``bench/results/ready_form.md``.

Random tests of the folder are extracted, their ready forms are written as new files next to their
originals, run by the project's own runner, and removed. A ready form counts as right if it has
tests and each of them has the name and outcome of one in the original.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ....retrieval.extraction import extract_file, find_test_files
from ....schema import TestPattern
from .runner_outcomes import Outcomes, RunnerName, SuiteRunner

__all__ = ["ReadyOutcome", "measure_ready_forms", "outcome_report"]

SEED = 20_261_125
TESTS = 40
_PREFIX = {"pytest": "test_aqe_ready_", "jest": "aqe-ready-", "mocha": "aqe-ready-"}
# Candidates are drawn until this many times the wanted tests are known to be collected.
_DRAWN = 2


@dataclass(frozen=True, slots=True)
class _Candidate:
    pattern: TestPattern
    file: Path

    @property
    def node_id(self) -> str:
        """The test as pytest names it, below the folder of its file."""
        return "::".join(self.pattern.name.split("."))


@dataclass(frozen=True, slots=True)
class ReadyOutcome:
    """A test, and what its ready form did.

    Attributes:
        source: Where the test is.
        name: Its name.
        original: Outcomes of the original, by name.
        ready: Outcomes of the ready form, by name.
        is_right: Whether they agree.
    """

    source: str
    name: str
    original: dict[str, str]
    ready: dict[str, str]
    is_right: bool


def measure_ready_forms(
    runner: SuiteRunner, folder: Path, tests: int, seed: int, *, keep: bool = False
) -> list[ReadyOutcome]:
    """Returns the outcome of random tests of a folder, in the order drawn.

    Args:
        runner: Runs the tests.
        folder: Where the tests are; new files are written there.
        tests: How many are drawn.
        seed: Of the draw.
        keep: Whether the new files stay.

    Raises:
        NoReportError: A file alone ends the runner without a report.
        subprocess.TimeoutExpired: The tests take too long.
    """
    chosen, original = _runnable(runner, _drawn(folder, tests, seed), tests)
    written = [_written(runner, place, candidate) for place, candidate in enumerate(chosen)]
    try:
        ready = runner.outcomes([_relative(path, runner.root) for path in written])
    finally:
        for path in written if not keep else ():
            path.unlink(missing_ok=True)
    pairs = zip(chosen, written, strict=True)
    return [_compared(runner, candidate, path, original, ready) for candidate, path in pairs]


def _drawn(folder: Path, tests: int, seed: int) -> list[_Candidate]:
    files = find_test_files([folder])
    found = [
        _Candidate(pattern, file)
        for file in files
        if "aqe_ready" not in file.name and "aqe-ready" not in file.name
        for pattern in extract_file(file).patterns
    ]
    return random.Random(seed).sample(found, min(len(found), tests * _DRAWN))


def _runnable(
    runner: SuiteRunner, drawn: Sequence[_Candidate], tests: int
) -> tuple[list[_Candidate], Outcomes]:
    """Returns tests whose originals run, and the outcomes of the originals.

    A file that ends its runner when run alone, as one that reads the runner's arguments, has none.
    """
    if runner.name == "pytest":
        chosen = _collected(runner, drawn)[:tests]
        return chosen, runner.outcomes(_targets(runner, chosen))
    outcomes = runner.outcomes(_targets(runner, drawn))
    files = {file for file, _ in outcomes}
    return [c for c in drawn if c.file.resolve() in files][:tests], outcomes


def _collected(runner: SuiteRunner, drawn: Sequence[_Candidate]) -> list[_Candidate]:
    """Returns the tests that pytest runs under their own name, not only in a subclass."""
    files = sorted({_relative(candidate.file, runner.root) for candidate in drawn})
    known = runner.collected(files)
    return [c for c in drawn if f"{_relative(c.file, runner.root)}::{c.node_id}" in known]


def _targets(runner: SuiteRunner, chosen: Sequence[_Candidate]) -> list[str]:
    if runner.name == "pytest":
        return [f"{_relative(c.file, runner.root)}::{c.node_id}" for c in chosen]
    return sorted({_relative(candidate.file, runner.root) for candidate in chosen})


def _written(runner: SuiteRunner, place: int, candidate: _Candidate) -> Path:
    name = candidate.file.name
    suffix = ".py" if runner.name == "pytest" else name[name.index(".", 1) :]
    path = candidate.file.with_name(f"{_PREFIX.get(runner.name, 'aqe-ready-')}{place}{suffix}")
    path.write_text(candidate.pattern.ready(), encoding="utf-8")
    return path


def _compared(
    runner: SuiteRunner, candidate: _Candidate, path: Path, original: Outcomes, ready: Outcomes
) -> ReadyOutcome:
    before = _of_file(original, candidate.file)
    after = _of_file(ready, path)
    if runner.name == "pytest":
        name = candidate.pattern.name
        before = {test: outcome for test, outcome in before.items() if _is_of(test, name)}
        after = {test: outcome for test, outcome in after.items() if _is_of(test, name)}
        is_right = bool(before) and before == after
    else:
        is_right = bool(after) and after.items() <= before.items()
        before = {test: before.get(test, "absent") for test in after}
    source, name = candidate.pattern.source or "", candidate.pattern.name
    return ReadyOutcome(source, name, before, after, is_right)


def _is_of(test: str, name: str) -> bool:
    return test == name or test.startswith(f"{name}[")


def _of_file(outcomes: Outcomes, file: Path) -> dict[str, str]:
    path = file.resolve()
    return {name: outcome for (place, name), outcome in outcomes.items() if place == path}


def _relative(path: Path, root: Path) -> str:
    return path.resolve().relative_to(root.resolve()).as_posix()


def outcome_report(results: Sequence[ReadyOutcome], title: str) -> Iterator[str]:
    """Yields a row of a table, and what each ready form that is not right did."""
    right = sum(result.is_right for result in results)
    outcomes = [outcome for result in results for outcome in result.original.values()]
    kinds = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in dict.fromkeys(outcomes))
    yield f"| {title} | {len(results)} | {right} | {right / max(len(results), 1):.1%} | {kinds} |"
    for result in results:
        if not result.is_right:
            original = dict(list(result.original.items())[:2])
            ready = dict(list(result.ready.items())[:2])
            yield f"- {result.source} {result.name}: {original} -> {ready}"


def main(arguments: Sequence[str]) -> str:
    """Returns the report of one suite as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("runner", choices=get_args(RunnerName))
    parser.add_argument("root", type=Path, help="folder that the runner runs in")
    parser.add_argument("folder", type=Path, help="folder of tests")
    parser.add_argument("--command", default="", help="how the runner is called")
    parser.add_argument("--tests", type=int, default=TESTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", action="store_true", help="keep the new files")
    given = parser.parse_args(arguments)
    runner = SuiteRunner(name=given.runner, root=given.root, command=given.command)
    results = measure_ready_forms(runner, given.folder, given.tests, given.seed, keep=given.keep)
    return "\n".join(outcome_report(results, f"{given.root.name}, {given.runner}"))


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
