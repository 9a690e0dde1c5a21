"""Compares the tests that extraction finds with those that a language's own parser counts.

Run: ``python -m aqe.bench.studies.extraction.language_counts go FOLDER``, with ``node``, ``go`` or
``java`` and checkouts of projects. It needs the program of that name; ``node`` also needs
``@babel/parser`` in a ``node_modules`` of the current folder. It wrote the tables of
``bench/results/extraction_languages.md``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

from ....retrieval.extraction import discover_test_files, extract_file

__all__ = ["LanguageCount", "measure_language"]

_FOLDER: Final = Path(__file__).parents[1] / "languages"


class _Parser(NamedTuple):
    """A program that prints the tests of each file of a folder, and the frameworks it knows."""

    command: tuple[str, ...]
    frameworks: frozenset[str]


_PARSERS: Final = {
    "node": _Parser(("node", str(_FOLDER / "count_node_tests.mjs")), frozenset({"node:test"})),
    "go": _Parser(("go", "run", str(_FOLDER / "count_go_tests.go")), frozenset({"go-testing"})),
    "java": _Parser(
        ("java", str(_FOLDER / "CountJavaTests.java")), frozenset({"junit4", "junit5"})
    ),
}


class LanguageCount(NamedTuple):
    """The tests of a project: counted by a parser, found of these, and found besides."""

    counted: int
    found: int
    others: int


def measure_language(name: str, project: Path) -> LanguageCount:
    """Returns how many of the tests that a parser counts are extracted, file by file.

    Raises:
        CalledProcessError: The parser failed.
        KeyError: There is no parser of this name.
    """
    parser = _PARSERS[name]
    printed = subprocess.run([*parser.command, str(project)], check=True, capture_output=True)
    counted = {
        file: tests if isinstance(tests, int) else len(tests)
        for file, tests in json.loads(printed.stdout).items()
    }
    found: Counter[str] = Counter()
    for path in discover_test_files([project]).files:
        patterns = extract_file(path).patterns
        file = path.relative_to(project).as_posix()
        found[file] += sum(pattern.framework in parser.frameworks for pattern in patterns)
    both = sum(min(tests, found[file]) for file, tests in counted.items())
    return LanguageCount(sum(counted.values()), both, found.total() - both)


if __name__ == "__main__":
    print("| project | counted | found | others |\n|---|---:|---:|---:|")
    for folder in sys.argv[2:]:
        count = measure_language(sys.argv[1], Path(folder))
        print(f"| {Path(folder).name} | {count.counted:,} | {count.found:,} | {count.others:,} |")
