"""Real patterns and queries from numpy's own test suites."""

from __future__ import annotations

import pytest

from aqe.bench.workload import numpy_suites
from aqe.schema import AqeError


def test_real_patterns_are_always_the_same() -> None:
    patterns = numpy_suites.real_patterns(40)
    assert [pattern.id for pattern in patterns] == [
        pattern.id for pattern in numpy_suites.real_patterns(40)
    ]
    assert all(pattern.examples and pattern.source for pattern in patterns)
    queries = numpy_suites.real_queries(patterns, 10)
    assert len(set(queries)) == 10
    with pytest.raises(AqeError, match="must have 41 descriptions"):
        numpy_suites.real_queries(patterns, 41)


def test_numpy_suites_say_what_is_missing() -> None:
    with pytest.raises(AqeError, match="nosuch must be installed"):
        numpy_suites.suite_paths("nosuch")
    with pytest.raises(AqeError, match="without its tests"):
        numpy_suites.suite_paths("msgspec")
    with pytest.raises(AqeError, match="must hold 1000000 tests"):
        numpy_suites.real_patterns(1_000_000)
