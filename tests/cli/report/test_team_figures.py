"""``aqe.team_report`` counts rows: against counting by hand, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import aqe
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import AqeError, Database, DatabaseOpenError, PatternUsageContext

from .conftest import Make

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_report_of_an_open_database_and_of_its_path_agree(filled: Path) -> None:
    now = datetime.now(UTC)
    with Database(filled) as database:
        of_object = aqe.team_report(database, now=now)
    assert of_object == aqe.team_report(str(filled), now=now)
    assert of_object.size_bytes == filled.stat().st_size


def test_weeks_are_rolling_and_end_now(path: Path, pattern: Make) -> None:
    """A use at the end of a week is in it; one at its start is in the week before."""
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(pattern(id="a"))
        for days in (0, 6.9, 7, 13.9, 14, -0.1):
            at = NOW - timedelta(days=days)
            bank.record_usage("a", PatternUsageContext(success=days < 7, used_at=at))
    report = aqe.team_report(path, weeks=1, now=NOW)
    assert [(week.uses, week.successes) for week in report.bank.weeks] == [(2, 2)]
    assert report.bank.weeks[0].since == NOW - timedelta(days=7)
    assert (report.bank.success.this_count, report.bank.success.last_count) == (2, 2)
    assert [week.uses for week in aqe.team_report(path, weeks=3, now=NOW).bank.weeks] == [1, 2, 2]
    (used,) = report.bank.most_used
    assert (used.uses, report.bank.totals.uses) == (2, 6)


def test_learning_is_compared_by_week(learned: Path) -> None:
    report = aqe.team_report(learned, weeks=2)
    last, this = report.learning.weeks
    assert last.experiences + this.experiences == report.learning.experiences == 56
    assert report.learning.success.this == pytest.approx(this.successes / this.experiences)
    assert report.learning.reward.last == pytest.approx(last.average_reward)
    assert report.learning.agents == 1
    assert len(aqe.team_report(learned, weeks=1).learning.weeks) == 1


def test_a_report_changes_nothing(learned: Path) -> None:
    before = learned.read_bytes()
    aqe.team_report(learned)
    assert learned.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"weeks": 0}, ValueError, "weeks must be from 1 to 520, got 0"),
        ({"weeks": 521}, ValueError, "weeks must be from 1 to 520, got 521"),
        ({"weeks": 1.5}, TypeError, "weeks must be a whole number, got float"),
        ({"weeks": True}, TypeError, "weeks must be a whole number, got bool"),
        ({"now": "today"}, TypeError, "now must be a datetime, got str"),
        ({"project": 3}, TypeError, "project must be"),
        ({"project": "sop"}, AqeError, "the bank has no project 'sop'; it has: shop, </b>lib"),
    ],
)
def test_wrong_arguments_are_refused(
    filled: Path, arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        aqe.team_report(filled, **arguments)  # type: ignore[arg-type]


def test_a_missing_database_is_not_created(path: Path) -> None:
    with pytest.raises(DatabaseOpenError):
        aqe.team_report(path)
    assert not path.exists()


def test_a_bank_without_projects_says_so(path: Path, pattern: Make) -> None:
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(pattern())
    with pytest.raises(AqeError, match="it has: none"):
        aqe.team_report(path, project="p")
