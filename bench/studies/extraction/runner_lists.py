"""Compares the tests that extraction finds with the lists of the projects' own JavaScript runners.

Run: ``python -m aqe.bench.studies.extraction.runner_lists REPOSITORY LIST.json...``, each list
written by one of these commands in the project; the results are in
``bench/results/extraction_counts.md``:

    vitest list --json=LIST.json                       (with ``includeTaskLocation: true``)
    jest --json --testLocationInResults --testNamePattern '^none$' --outputFile LIST.json
    playwright test --list --reporter=json > LIST.json
    mocha --dry-run --reporter json > LIST.json
    node --test --test-reporter=FOLDER/node_events.mjs --test-reporter-destination=LIST.json

node:test has no list without a run: ``node_events.mjs``, in the folder of this file, lists the
tests that have run, with skipped ones and subtests.

Tests are compared by file and line, or else by title: mocha gives no line, and the others give
that of the last bracket of a table. A line that runs several times (a loop, several browsers) is
one test.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..counters.counted_test import CountedTest
from .extraction_counts import extracted_tests

__all__ = ["RunnerList", "compare_list", "read_list"]

_HEAD: Final = (
    "| repository | runner | files | listed | ours in these files | missing | surplus"
    " | framework right |\n|---|---|---:|---:|---:|---:|---:|---:|"
)
_PLACEHOLDER = re.compile(r"\$\{.*?\}|[%$][\w.#]+")


class RunnerList(NamedTuple):
    """The tests that a runner lists; a line of 0 is unknown."""

    runner: str
    tests: frozenset[CountedTest]


class ListComparison(NamedTuple):
    """Both sides; ``ours`` are the tests extracted from the files of the list."""

    ours: list[CountedTest]
    missing: list[CountedTest]
    surplus: list[CountedTest]
    wrong: list[CountedTest]


def read_list(path: Path, repository: Path) -> RunnerList:
    """Returns the tests in a list of a runner, which its keys tell."""
    content = json.loads(path.read_text("utf-8"))
    runner, tests = _read(content)
    root = repository.resolve()
    found = (
        test._replace(path=Path(test.path).resolve().relative_to(root).as_posix(), framework=runner)
        for test in tests
    )
    return RunnerList(runner, frozenset(found))


def _read(content: Any) -> tuple[str, Iterator[CountedTest]]:
    if isinstance(content, list):
        return "vitest", (_located(row["file"], row["location"], row["name"]) for row in content)
    if "node" in content:
        tests = content["node"]
        return "node:test", (_located(row["file"], row, row["name"]) for row in tests)
    if "testResults" in content:
        return "jest", _jest_tests(content)
    if "suites" in content:
        return "playwright", _playwright_tests(content["suites"], content["config"]["rootDir"])
    return "mocha", (CountedTest(row["file"], 0, row["title"], "mocha") for row in content["tests"])


def _located(file: str, location: dict[str, int], title: str) -> CountedTest:
    return CountedTest(file, location["line"], title, "")


def _jest_tests(content: Any) -> Iterator[CountedTest]:
    for file in content["testResults"]:
        for row in file["assertionResults"]:
            yield _located(file["name"], row["location"], row["title"])


def _playwright_tests(suites: Any, root: str) -> Iterator[CountedTest]:
    for suite in suites:
        for spec in suite["specs"]:
            yield _located(str(Path(root, spec["file"])), spec, spec["title"])
        yield from _playwright_tests(suite.get("suites", []), root)


def compare_list(listed: RunnerList, extracted: Sequence[CountedTest]) -> ListComparison:
    """Returns what the list has and extraction has not, and the other way round."""
    files = {test.path for test in listed.tests}
    ours = [test for test in extracted if test.path in files]
    by_line = any(test.line for test in listed.tests)
    missing = _unmatched(sorted(listed.tests), ours, by_line=by_line)
    surplus = _unmatched(ours, sorted(listed.tests), by_line=by_line)
    wrong = [test for test in ours if test.framework != listed.runner and test not in surplus]
    return ListComparison(ours, missing, surplus, wrong)


def _unmatched(
    tests: Sequence[CountedTest], others: Sequence[CountedTest], *, by_line: bool
) -> list[CountedTest]:
    """Returns the tests without another at their line, or with their title in their file."""
    lines = {(test.path, test.line) for test in others}
    titles: dict[str, list[str]] = {}
    for test in others:
        titles.setdefault(test.path, []).append(test.title)
    places = {(test.path, test.line if by_line else test.title): test for test in tests}
    return [
        test
        for test in places.values()
        if not (by_line and (test.path, test.line) in lines)
        and not any(_is_title(test.title, other) for other in titles.get(test.path, ()))
    ]


def _is_title(left: str, right: str) -> bool:
    """Returns whether one title may be the other with its placeholders filled."""
    return any(
        re.fullmatch(".*?".join(map(re.escape, _PLACEHOLDER.split(_last(pattern)))), _last(text))
        for pattern, text in ((left, right), (right, left))
    )


def _last(title: str) -> str:
    return " ".join(re.split(r" [>\u203a] ", title)[-1].split())


def table_row(name: str, listed: RunnerList, result: ListComparison) -> str:
    """Returns the row of a list in the Markdown table."""
    places = {(test.path, test.line or test.title) for test in listed.tests}
    judged = len(result.ours) - len(result.surplus)
    right = 100 * (judged - len(result.wrong)) / judged if judged else 0.0
    cells = (
        name,
        listed.runner,
        len({test.path for test in listed.tests}),
        len(places),
        len(result.ours),
        len(result.missing),
        len(result.surplus),
        f"{right:.1f} %",
    )
    return f"| {' | '.join(map(str, cells))} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table, and the differences on standard error."""
    parser = argparse.ArgumentParser(prog="python -m aqe.bench.studies.extraction.runner_lists")
    parser.add_argument("repository", type=Path, help="git checkout")
    parser.add_argument("lists", type=Path, nargs="+", help="what the runners wrote")
    options = parser.parse_args(arguments)
    extracted = extracted_tests(options.repository).tests
    print(_HEAD)
    for path in options.lists:
        listed = read_list(path, options.repository)
        result = compare_list(listed, extracted)
        print(table_row(options.repository.resolve().name, listed, result), flush=True)
        kinds = (("missing", result.missing), ("surplus", result.surplus), ("wrong", result.wrong))
        for kind, tests in kinds:
            for test in tests:
                print(
                    f"{kind} {test.path}:{test.line} {test.framework} {test.title[:80]}",
                    file=sys.stderr,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
