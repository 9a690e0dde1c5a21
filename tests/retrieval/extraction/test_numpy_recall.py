"""What pytest collects from the installed suites of numpy becomes patterns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from aqe.retrieval.extraction import extract_file, find_test_files
from aqe.schema.records.patterns import TestPattern

SUITES = ("linalg", "lib")
MIN_RECALL = 0.95

# Prints file and qualified name of each distinct function that pytest collects; for what hypothesis
# wraps, those of the test inside.
COLLECT = """
import inspect, json, sys, pytest

class Collector:
    def pytest_collection_finish(self, session):
        seen = set()
        for item in session.items:
            function = getattr(item, "function", None)
            if function is None:
                continue
            handle = getattr(function, "hypothesis", None)
            function = inspect.unwrap(handle.inner_test if handle else function)
            seen.add((function.__code__.co_filename, function.__qualname__))
        print("COLLECTED" + json.dumps(sorted(seen)))

options = ["--collect-only", "-qq", "-p", "no:cacheprovider", "-W", "ignore", "--rootdir", "."]
sys.exit(pytest.main([*options, *sys.argv[1:]], plugins=[Collector()]))
"""


@pytest.fixture(scope="module", params=["some", pytest.param("all", marks=pytest.mark.slow)])
def folders(request: pytest.FixtureRequest) -> list[Path]:
    root = Path(numpy.__file__).parent
    if request.param == "all":
        return sorted(folder for folder in root.rglob("tests") if folder.is_dir())
    return [root / suite / "tests" for suite in SUITES]


@pytest.fixture(scope="module")
def extracted(folders: list[Path]) -> dict[tuple[str, str], TestPattern]:
    patterns: dict[tuple[str, str], TestPattern] = {}
    for path in find_test_files(folders):
        result = extract_file(path)
        assert result.skipped is None
        patterns |= {(str(path), pattern.name): pattern for pattern in result.patterns}
    return patterns


def test_extraction_finds_what_pytest_collects_from_numpy(
    folders: list[Path], extracted: dict[tuple[str, str], TestPattern], tmp_path: Path
) -> None:
    command = [sys.executable, "-c", COLLECT, *map(str, folders)]
    output = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    line = next((line for line in output.stdout.splitlines() if line.startswith("COLLECTED")), None)
    assert line is not None, output.stdout[-2000:] + output.stderr[-2000:]
    collected = {tuple(pair) for pair in json.loads(line.removeprefix("COLLECTED"))}
    assert len(collected) > 1000
    missed = collected - set(extracted)
    print(f"{len(collected) - len(missed)} of {len(collected)} test functions are patterns")
    assert len(missed) <= (1 - MIN_RECALL) * len(collected), sorted(missed)[:20]


def test_extraction_of_numpy_is_the_same_a_second_time(
    folders: list[Path], extracted: dict[tuple[str, str], TestPattern]
) -> None:
    def content(pattern: TestPattern) -> tuple[object, ...]:
        return (
            pattern.id,
            pattern.name,
            pattern.description,
            pattern.category,
            pattern.framework,
            pattern.template,
            pattern.examples,
            pattern.tags,
            pattern.confidence,
            pattern.quality,
            pattern.source,
        )

    again = [p for path in find_test_files(folders) for p in extract_file(path).patterns]
    first = {pattern.id: content(pattern) for pattern in extracted.values()}
    assert {pattern.id: content(pattern) for pattern in again} == first
    assert len(first) == len(again)


def test_extraction_of_numpy_tells_the_framework_and_spreads_quality(
    extracted: dict[tuple[str, str], TestPattern],
) -> None:
    patterns = list(extracted.values())
    frameworks = [pattern.framework for pattern in patterns]
    assert set(frameworks) <= {"pytest", "unittest"}
    assert frameworks.count("unittest") <= len(frameworks) // 50
    assert all(pattern.source and pattern.source.startswith("numpy/") for pattern in patterns)
    qualities = sorted(pattern.quality for pattern in patterns)
    low, high = qualities[len(qualities) // 20], qualities[-len(qualities) // 20]
    assert high - low > 0.15
    assert qualities[0] > 0.2
    assert qualities[-1] < 1
