"""Compares the tests that extraction finds in repositories with independent counts.

Run: ``python -m aqe.bench.studies.extraction.extraction_counts REPOSITORY... [--modules
FOLDER]``. It wrote ``bench/results/extraction_counts.md``.

A repository is a git checkout. Python tests are counted with ``ast``, or with ``--python`` by the
project's own pytest; JavaScript and TypeScript tests with Babel. Both sides are compared by file
and line, so that each missing and each false test has a name.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from ....models import create_encoder
from ....retrieval import QEReasoningBank
from ....retrieval.extraction import discover_test_files, extract_file
from ....schema import AqeError
from ..counters.babel_counter import BabelCount, FrameworkRule, count_javascript_tests
from ..counters.counted_test import CountedTest
from ..counters.python_counter import NameRules, count_python_tests

__all__ = ["Comparison", "Extracted", "RepositoryRules", "compare", "extracted_tests"]

_HEAD: Final = (
    "| repository | commit | counted | ours | found or named | surplus | framework right"
    " | lost (named) | unsupported named | seconds | tests/s | peak MB | second run |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryRules:
    """What is known about a repository from the configuration of its runners.

    Attributes:
        frameworks: Those of the files that do not import one.
        names: The names that its pytest collects.
        python: The Python whose pytest collects its tests; None to count with ``ast``.
        modules: The folder with Babel; None to leave JavaScript and TypeScript out.
    """

    frameworks: tuple[FrameworkRule, ...] = ()
    names: NameRules = field(default_factory=NameRules)
    python: Path | None = None
    modules: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What extraction made of a repository, in a process of its own.

    Attributes:
        lost: Places of tests that were named as lost.
        unsupported: Tests named as of unsupported frameworks, by file.
        seconds: Discovery and extraction, without encoder and bank.
        second_run: Patterns that a second run creates and updates.
    """

    tests: list[CountedTest]
    lost: list[tuple[str, int]]
    unsupported: dict[str, int]
    seconds: float
    peak_mb: float
    second_run: tuple[int, int]


class Comparison(NamedTuple):
    """Both sides of a repository.

    Attributes:
        missing: Counted tests that were neither extracted nor named.
        surplus: Extracted tests that were not counted.
        wrong: Tests of both sides with another framework than the counted one.
        judged: Tests of both sides whose framework the counter knows.
    """

    counted: list[CountedTest]
    extracted: Extracted
    missing: list[CountedTest]
    surplus: list[CountedTest]
    wrong: list[CountedTest]
    judged: int
    errors: dict[str, str]


def compare(repository: Path, rules: RepositoryRules) -> Comparison:
    """Returns the tests of a repository as extracted and as counted.

    Raises:
        AqeError: It is no git repository, or a counter cannot run.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        extracted = pool.submit(extracted_tests, repository).result()
    babel = BabelCount([], {})
    if rules.modules is not None:
        babel = count_javascript_tests(repository, rules.modules, rules.frameworks)
    counted = [*_python_tests(repository, rules), *babel.tests]
    return _compared(counted, extracted, babel.errors)


def _python_tests(repository: Path, rules: RepositoryRules) -> list[CountedTest]:
    if rules.python is None:
        return count_python_tests(repository, rules.names)
    return _collected(repository, rules.python)


def _compared(
    counted: list[CountedTest], extracted: Extracted, errors: dict[str, str]
) -> Comparison:
    ours = Counter((test.path, test.line) for test in extracted.tests)
    theirs = Counter((test.path, test.line) for test in counted)
    named = set(extracted.lost)
    missing = [
        test
        for test in _beyond(counted, ours)
        if test.path not in extracted.unsupported and (test.path, test.line) not in named
    ]
    frameworks = {(test.path, test.line): test.framework for test in extracted.tests}
    judged = [test for test in counted if test.framework and (test.path, test.line) in frameworks]
    wrong = [
        test._replace(title=f"{frameworks[test.path, test.line]}: {test.title}")
        for test in judged
        if frameworks[test.path, test.line] != test.framework
    ]
    surplus = [test for test in _beyond(extracted.tests, theirs) if test.path not in errors]
    return Comparison(counted, extracted, missing, surplus, wrong, len(judged), errors)


def _beyond(
    tests: Sequence[CountedTest], others: Counter[tuple[str, int]]
) -> Iterator[CountedTest]:
    """Yields the tests at places where the other side has fewer."""
    left = Counter(others)
    for test in tests:
        place = (test.path, test.line)
        if left[place]:
            left[place] -= 1
        else:
            yield test


def extracted_tests(repository: Path) -> Extracted:
    """Returns what extraction makes of a repository, twice into a bank in memory."""
    started = time.perf_counter()
    extracted = [extract_file(path) for path in discover_test_files([repository]).files]
    seconds = time.perf_counter() - started
    root = repository.resolve()
    tests = [
        CountedTest(
            str(file.path.resolve().relative_to(root)),
            int(str(pattern.source).rpartition(":")[2]),
            pattern.name,
            pattern.framework,
        )
        for file in extracted
        for pattern in file.patterns
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lost = [
        (str(Path(test.path).resolve().relative_to(root)), test.line)
        for file in extracted
        for test in file.lost
    ]
    unsupported = {
        str(file.path.resolve().relative_to(root)): file.unsupported.tests
        for file in extracted
        if file.unsupported is not None
    }
    patterns = [storable for file in extracted for storable in file.storable]
    return Extracted(
        tests=tests,
        lost=lost,
        unsupported=unsupported,
        seconds=seconds,
        peak_mb=peak,
        second_run=_second_run(patterns),
    )


def _second_run(patterns: Sequence[Any]) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        bank = QEReasoningBank(Path(folder) / "bank.db", encoder=create_encoder("hashing"))
        with bank:
            bank.store_patterns(patterns)
            report = bank.store_patterns(patterns)
    return report.created, report.updated


def _collected(repository: Path, python: Path) -> list[CountedTest]:
    """Returns the tests that the project's own pytest collects, each function once.

    Raises:
        AqeError: It collects none.
    """
    plugin = Path(__file__).parents[1] / "counters" / "collected_tests.py"
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.jsonl"
        paths = os.pathsep.join(filter(None, [str(plugin.parent), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "AQE_COLLECTED": str(found), "PYTHONPATH": paths}
        command = [str(python), "-m", "pytest", "--collect-only", "-q", "-p", plugin.stem]
        done = subprocess.run(
            [*command, "--continue-on-collection-errors"],
            cwd=repository,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if not found.exists():
            raise AqeError(f"pytest collected nothing: {done.stdout[-500:]}{done.stderr[-500:]}")
        rows = [json.loads(line) for line in found.read_text(encoding="utf-8").splitlines()]
    root = repository.resolve()
    tests = [CountedTest(*row) for row in rows if Path(row[0]).resolve().is_relative_to(root)]
    return [test._replace(path=str(Path(test.path).resolve().relative_to(root))) for test in tests]


def table_row(name: str, commit: str, result: Comparison) -> str:
    """Returns the row of a repository in the Markdown table."""
    extracted = result.extracted
    found = len(result.counted) - len(result.missing)
    right = result.judged - len(result.wrong)
    created, updated = extracted.second_run
    cells = (
        name,
        commit,
        f"{len(result.counted):,}",
        f"{len(extracted.tests):,}",
        _percent(found, len(result.counted)),
        f"{len(result.surplus):,}",
        _percent(right, result.judged),
        f"{len(extracted.lost):,}",
        f"{sum(extracted.unsupported.values()):,}",
        f"{extracted.seconds:.1f}",
        f"{len(extracted.tests) / extracted.seconds:,.0f}",
        f"{extracted.peak_mb:,.0f}",
        f"{created}/{updated}",
    )
    return f"| {' | '.join(cells)} |"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def details(result: Comparison) -> Iterator[str]:
    """Yields a line for each missing, surplus and wrong test."""
    for label, tests in (
        ("missing", result.missing),
        ("surplus", result.surplus),
        ("framework", result.wrong),
    ):
        for test in tests:
            yield f"{label} {test.path}:{test.line} [{test.framework}] {test.title[:80]}"
    for path, message in result.errors.items():
        yield f"unread {path} {message.splitlines()[0][:100]}"


def _rules_of(name: str, options: argparse.Namespace) -> RepositoryRules:
    known = json.loads(options.rules.read_text("utf-8")).get(name, {}) if options.rules else {}
    names = {key: tuple(value) for key, value in known.get("names", {}).items()}
    return RepositoryRules(
        frameworks=tuple(FrameworkRule(*rule) for rule in known.get("frameworks", ())),
        names=NameRules(**names),
        python=options.python,
        modules=options.modules,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table, and the details on standard error; returns 1 if a counter cannot run."""
    parser = argparse.ArgumentParser(
        prog="python -m aqe.bench.studies.extraction.extraction_counts", description=__doc__
    )
    parser.add_argument("repositories", type=Path, nargs="+", help="git checkouts")
    parser.add_argument("--modules", type=Path, help="folder with @babel/parser and traverse")
    parser.add_argument("--python", type=Path, help="the project's Python: its pytest counts")
    parser.add_argument("--rules", type=Path, help="JSON: what the runners' configurations say")
    options = parser.parse_args(arguments)
    print(_HEAD)
    try:
        for repository in options.repositories:
            name = repository.resolve().name
            result = compare(repository.resolve(), _rules_of(name, options))
            print(table_row(name, _commit(repository), result), flush=True)
            for line in details(result):
                print(f"{name}: {line}", file=sys.stderr)
    except AqeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _commit(repository: Path) -> str:
    command = ["git", "-C", str(repository), "rev-parse", "--short=9", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
