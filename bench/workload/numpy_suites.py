"""Reads real patterns and queries from the test suites in the installed numpy wheel."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from ...retrieval.extraction import extract_file, find_test_files
from ...schema import AqeError, TestPattern

__all__ = ["SUITES", "real_patterns", "real_queries", "suite_paths"]

# 2,151 tests in numpy 2.4.6, in this order.
SUITES = ("lib", "linalg", "random")


def suite_paths(package: str = "numpy", parts: tuple[str, ...] = SUITES) -> list[Path]:
    """Returns the folders of the test suites that an installed package ships.

    Raises:
        AqeError: The package is not installed, or was installed without its tests.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise AqeError(f"{package} must be installed, its test suites are needed; pip install it")
    root = Path(spec.origin).parent
    paths = [root / part / "tests" for part in parts if (root / part / "tests").is_dir()]
    if not paths:
        raise AqeError(f"{package} at {root} was installed without its tests; use a full wheel")
    return paths


def real_patterns(count: int) -> list[TestPattern]:
    """Returns the first ``count`` patterns of numpy's suites, always the same ones.

    Raises:
        AqeError: The suites hold fewer tests.
    """
    files = find_test_files(suite_paths())
    found = (pattern for path in files for pattern in extract_file(path).patterns)
    patterns = list(islice(found, count))
    if len(patterns) < count:
        raise AqeError(f"numpy's suites must hold {count} tests, found {len(patterns)}")
    return patterns


def real_queries(patterns: list[TestPattern], count: int) -> list[str]:
    """Returns ``count`` distinct queries: descriptions of tests, which read like a person's.

    Raises:
        AqeError: The patterns have fewer distinct descriptions.
    """
    distinct = dict.fromkeys(
        pattern.description for pattern in patterns if pattern.description.strip()
    )
    queries = list(islice(distinct, count))
    if len(queries) < count:
        raise AqeError(f"the patterns must have {count} descriptions, got {len(queries)}")
    return queries


if __name__ == "__main__":  # for the Makefile's demo
    for _path in suite_paths():
        print(_path)
