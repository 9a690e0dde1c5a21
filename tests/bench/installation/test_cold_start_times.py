"""Tests the measurement of cold starts, and what a busy machine allows of their limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aqe.bench.installation.cold_start import (
    LIBRARIES,
    LIMITS,
    StartUp,
    cold_bank,
    exceeded,
    main,
    measure_start_up,
    report,
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cold") / "aqe.db"
    cold_bank(path, patterns=30)
    return path


def least_processor_ms(bank: Path, rounds: int) -> dict[str, float]:
    """Returns the least processor time of each command, which other load moves least."""
    times = measure_start_up(bank, rounds)
    return {name: min(time.processor_ms) for name, time in times.items()}


def test_help_takes_what_the_version_takes(bank: Path) -> None:
    """It took 3.2 times as much when it imported every command."""
    least = least_processor_ms(bank, 2)
    assert least["aqe --help"] < 1.3 * least["aqe --version"]
    assert least["import aqe"] < least["bare Python"] + 30


@pytest.mark.slow
def test_search_starts_with_little_more_than_its_libraries(bank: Path) -> None:
    """It took 3.3 to 3.5 times their processor time; threads let the wall time be less."""
    least = least_processor_ms(bank, 15)
    assert least["aqe patterns search"] < 3.1 * least[LIBRARIES]


def test_a_start_over_its_limit_is_reported() -> None:
    names = {name for name in LIMITS} | {limit.compared_to for limit in LIMITS.values()}
    times = {name: StartUp([10.0, 12.0, 90.0], [8.0, 9.0, 10.0]) for name in names}
    assert exceeded(times) == []
    times["aqe --help"] = StartUp([16.0, 17.0, 12.0], [1.0, 1.0, 1.0])
    assert exceeded(times) == [
        "aqe --help takes 16 ms, at most 16 are allowed (1.3 x aqe --version)"
    ]
    row = report(times).splitlines()[-1]
    assert re.fullmatch(r"\| `.+` \|( [\d.]+ \|){5}", row)


def test_command_measures_a_given_bank(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cold_start.md"
    with pytest.raises(SystemExit):
        main(["--rounds", "1", "--bank", str(bank), "--out", str(out)])
    printed = capsys.readouterr().out
    assert printed.startswith(out.read_text())
    assert f"| `{LIBRARIES}` | " in printed
