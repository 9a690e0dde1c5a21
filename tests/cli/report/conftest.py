"""A bank as a team has it after some weeks: hostile names, uses and outcomes of several weeks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aqe.cli.main import app
from aqe.learning import LearningEngine
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext, Provenance, Task, TaskResult, TestPattern

HOSTILE = "</td><script>alert(1)</script> | `x` \\| [a](http://evil/) @admin &lt; \x1b[31m \u202e"
PLAIN = "test_refund_is_paid_once"
SECRET = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"

Make = Callable[..., TestPattern]
Run = Callable[..., Result]


def used(days: float, success: bool, agent: str = "test-generator") -> PatternUsageContext:
    """Returns a use of some days ago."""
    at = datetime.now(UTC) - timedelta(days=days)
    return PatternUsageContext(success=success, agent_id=agent, used_at=at)


@pytest.fixture
def filled(path: Path, pattern: Make) -> Path:
    """Last week 20 of 40 uses succeeded, this week 40 of 40; one is long unused."""
    with QEReasoningBank(path, encoder=HashingEncoder(64), durability="normal") as bank:
        bank.store_patterns(
            [
                pattern(HOSTILE, id="evil", project="shop", source="t.py:1"),
                pattern(PLAIN, id="refund", project="shop", source="t.py:9"),
                pattern(f"logs in with token={SECRET}", id="leak", project="</b>lib"),
                pattern("never", id="never"),
            ],
            provenance=Provenance(origin="extracted"),
        )
        for number in range(40):
            bank.record_usage("refund", used(8 + number / 10, number % 2 == 0))
            bank.record_usage("evil", used(number / 10, True, agent="[x]"))
        bank.record_usage("leak", used(120, False))
    return path


@pytest.fixture
def learned(filled: Path) -> Path:
    """Two strategies on one type of task, from 14 days; one always works now, one hardly ever."""
    clock = _Clock()
    with LearningEngine("test-generator", filled, clock=clock) as engine:
        for number in range(56):
            clock.now = datetime.now(UTC) - timedelta(days=13.9 - number / 4)
            good = number % 2 == 0
            success = number == 1 or (good and (number > 28 or number % 4 == 0))
            engine.learn_from_execution(
                Task(type="unit|test"), TaskResult(success=success, action="ok" if good else "no`")
            )
    return filled


@pytest.fixture
def run(path: Path) -> Run:
    """Runs a command on the test's database; fails unless it ends with ``code``."""

    def run(*arguments: object, code: int = 0, columns: int = 80) -> Result:
        environment = {"COLUMNS": str(columns), "NO_COLOR": "1", "AQE_DB": str(path)}
        result = CliRunner().invoke(app, [str(given) for given in arguments], env=environment)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


class _Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def lines_below(text: str, title: str) -> list[str]:
    """Returns the rows of the table with this title, in the text format."""
    rest = text.partition(f"\n{title}")[2].splitlines()[3:]
    return rest[: rest.index("")] if "" in rest else rest


def cells_of(text: str, title: str, first: str) -> list[str]:
    """Returns the words of the first row of a table that begins with a text."""
    (row,) = [line for line in lines_below(text, title) if line.startswith(first)]
    return row.split()


def document_of(result: Result) -> Any:
    """Returns the JSON document on standard output."""
    return json.loads(result.stdout)
