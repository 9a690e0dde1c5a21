"""Measures how often the ready form of a Go test does what the original does.

Run: ``python -m aqe.bench.studies.extraction.go_ready_outcome MODULE --tests 30`` for a copy of a
Go module without changes; ``bench/results/ready_form.md`` holds the results.

A package cannot declare a test twice, so each ready form replaces the file of its original while
``go test`` runs that test alone, subtests included. Other test files that need what the replaced
file declared are left out of that run.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ....retrieval.extraction import extract_file, find_test_files
from ....schema import TestPattern
from .ready_outcome import SEED, ReadyOutcome, outcome_report

__all__ = ["GoTest", "measure_go_forms", "runnable_tests"]

_TESTS = 30
_TIMEOUT_S = 300
_MAX_RUNS = 6
_RUN_ALONE = re.compile(r"(?:Test|Example|Fuzz)\w*\Z")
_ERROR_FILE = re.compile(r"^(?:vet: )?(?:\./)?(\S+_test\.go):\d+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class GoTest:
    """A test function and the file that it is in."""

    pattern: TestPattern
    file: Path


def runnable_tests(module: Path) -> list[GoTest]:
    """Returns the tests of a Go module that can be run alone: not benchmarks, nor methods."""
    return [
        GoTest(pattern, file)
        for file in find_test_files([module])
        for pattern in extract_file(file).patterns
        if _RUN_ALONE.match(pattern.name)
    ]


def measure_go_forms(module: Path, tests: int, seed: int) -> list[ReadyOutcome]:
    """Returns the outcomes of random tests that pass, fail or skip where they are.

    Raises:
        subprocess.TimeoutExpired: A test takes too long.
    """
    found = runnable_tests(module)
    results: list[ReadyOutcome] = []
    for test in random.Random(seed).sample(found, len(found)):
        original = _outcomes(test)
        if original and len(results) < tests:
            ready = _ready_outcomes(test)
            source, name = test.pattern.source or "", test.pattern.name
            results.append(ReadyOutcome(source, name, original, ready, original == ready))
    return results


def _ready_outcomes(test: GoTest) -> dict[str, str]:
    """Returns the outcomes of a ready form in the place of its original."""
    with ExitStack() as changes:
        changes.enter_context(_replaced(test.file, test.pattern.ready()))
        for _ in range(_MAX_RUNS):
            output = _output(test)
            faulty = {test.file.with_name(Path(name).name) for name in _ERROR_FILE.findall(output)}
            if not faulty or test.file in faulty:
                break
            for file in sorted(faulty):
                changes.enter_context(_replaced(file, None))
        return _read(output)


@contextmanager
def _replaced(file: Path, code: str | None) -> Iterator[None]:
    """Replaces the code of a file for a while; None removes it."""
    original = file.read_bytes()
    try:
        if code is None:
            file.unlink()
        else:
            file.write_text(code, "utf-8")
        yield
    finally:
        file.write_bytes(original)


def _outcomes(test: GoTest) -> dict[str, str]:
    return _read(_output(test))


def _output(test: GoTest) -> str:
    command = ["go", "test", "-count=1", "-json", "-run", f"^{test.pattern.name}$", "."]
    result = subprocess.run(  # tests may fail, so its code says nothing
        command,
        cwd=test.file.parent,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_TIMEOUT_S,
        check=False,
    )
    return result.stdout + result.stderr


def _read(output: str) -> dict[str, str]:
    """Returns the outcome of each test and subtest in the events of ``go test -json``.

    If the build fails, it returns why.
    """
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    outcomes = {row["Test"]: row["Action"] for row in rows if _is_end(row)}
    broken = _ERROR_FILE.search(output)
    if not outcomes and broken is not None:
        return {"build": output[broken.start() :].splitlines()[0]}
    return outcomes


def _is_end(row: Mapping[str, object]) -> bool:
    return "Test" in row and row["Action"] in {"fail", "pass", "skip"}


def main(arguments: Sequence[str]) -> str:
    """Returns the report of one module as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("module", type=Path, help="folder with go.mod")
    parser.add_argument("--tests", type=int, default=_TESTS)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    results = measure_go_forms(given.module.resolve(), given.tests, given.seed)
    return "\n".join(outcome_report(results, f"{given.module.name}, go test"))


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
