"""Answers a team: what is in the bank, what is used, what was learned, is it getting better.

Each half counts its own rows; this module is above both and combines them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .learning import SQLiteLearningBackend
from .learning.learning_progress import LearningProgress, learning_progress
from .retrieval import QEReasoningBank
from .retrieval.usage.activity import BankActivity, bank_activity, require_weeks
from .schema import AqeError, Database, file_facts, utc_now
from .schema.records.validation import as_text, as_utc

__all__ = ["TeamReport", "team_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamReport:
    """The state of a database for a team; every figure is counted from its rows.

    Attributes:
        made_at: When it was made, which is the end of the last week.
        project: The project that the patterns and uses are of; empty for all. What was learned is
            of all projects: experiences have none.
        weeks: Number of weeks; a week is seven days of 24 hours.
        size_bytes: Size of the database file without its log; of its pages if it is in memory.
        bank: What is in the bank and how it is used.
        learning: What was learned.
    """

    made_at: datetime
    project: str
    weeks: int
    size_bytes: int
    bank: BankActivity
    learning: LearningProgress


def team_report(
    database: Database | str | Path,
    *,
    project: str = "",
    weeks: int = 8,
    now: datetime | None = None,
) -> TeamReport:
    """Returns a report on a database; changes nothing in it.

    Args:
        database: An open database, or the path of one, which must exist.
        project: Only patterns and uses of this project; empty for all.
        weeks: 1 to 520.
        now: The end of the last week; None for the present time.

    Raises:
        AqeError: The bank has no such project, or the database cannot be read.
        ValueError: ``weeks`` is out of range.
        TypeError: An argument is of another type.
    """
    require_weeks(weeks)
    now = utc_now() if now is None else as_utc("now", now)
    if isinstance(database, Database):
        return _report(database, as_text("project", project), weeks, now)
    with Database(database, create=False) as opened:
        return _report(opened, as_text("project", project), weeks, now)


def _report(database: Database, project: str, weeks: int, now: datetime) -> TeamReport:
    with QEReasoningBank(database).backend.reading() as session:
        bank = bank_activity(session, project=project, weeks=weeks, now=now)
        if project and not bank.projects:
            names = ", ".join(facts.name for facts in session.project_facts() if facts.name)
            raise AqeError(f"the bank has no project {project!r}; it has: {names or 'none'}")
    with SQLiteLearningBackend(database).reading() as reader:
        learning = learning_progress(reader, weeks=weeks, now=now)
    with database.read() as connection:
        size = file_facts(connection, database.path).size_bytes
    return TeamReport(
        made_at=now, project=project, weeks=weeks, size_bytes=size, bank=bank, learning=learning
    )
