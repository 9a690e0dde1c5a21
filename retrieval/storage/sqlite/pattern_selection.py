"""Selects patterns by criteria, and counts them and their uses.

Every function works on the connection of an open transaction. Times are ISO 8601 text in UTC, which
sorts as text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import apsw

from ....schema import PatternSearchCriteria, TestPattern, agent_key
from ..readable_rows import readable, text_of
from ..storage_values import BankStatistics, SortKey, StoredPattern
from .filter_sql import pattern_conditions
from .pattern_table import (
    PATTERN_COLUMNS,
    STORED_COLUMNS,
    STORED_ID,
    json_text,
    pattern_of,
    stored_of,
)

if TYPE_CHECKING:  # loaded by reports
    from ..activity_values import AgentUses, PatternUses, ProjectFacts, UseCount, UseTotals

__all__ = [
    "SQLiteActivitySession",
    "count_demoted",
    "count_statistics",
    "ids_with_prefix",
    "iterate_patterns",
    "select_stored",
]

_ORDER: dict[SortKey, str] = {
    "evidence": "p.tier, p.evidence desc, p.quality desc, p.id",
    "quality": "p.quality desc, p.id",
    "usage": "p.usage_count desc, p.id",
    "created": "p.created_at desc, p.id",
}
# Apart from the query, since without a project the indexes alone answer.
_OF_PROJECT = " where project = :project"
_OF_PATTERNS = " where pattern_id in (select id from patterns where project = :project)"
_USE_OF_PROJECT = " and pattern_id in (select id from patterns where project = :project)"
_PATTERN_OF_PROJECT = " where p.project = :project"
_USES = "select pattern_id, count(*) as uses, sum(success) as successes, max(used_at) as last"
_PATTERN_USES = (
    "select p.id, p.name, p.project, p.framework, u.uses, u.successes, u.last"
    " from patterns p join uses u on u.pattern_id = p.id"
)
_WITH_ANY_TAG = (
    " join (select pattern_rowid, count(*) as hits from pattern_tags"
    " where tag in (select value from json_each(:any_tag)) group by pattern_rowid) t"
    " on t.pattern_rowid = p.pattern_rowid"
)


def select_stored(
    connection: apsw.Connection,
    criteria: PatternSearchCriteria,
    *,
    order: SortKey,
    limit: int | None,
    any_tag: Sequence[str] | None = None,
) -> list[StoredPattern]:
    """Returns the patterns that meet all criteria (their query aside), best first."""
    conditions = pattern_conditions(criteria)
    values: dict[str, str | float | int] = {
        **conditions.values,
        "limit": -1 if limit is None else limit,
    }
    tagged = ""
    by_hits = ""
    if any_tag is not None:
        tagged = _WITH_ANY_TAG
        by_hits = "p.tier, t.hits desc, "
        values["any_tag"] = json_text(sorted({tag.casefold() for tag in any_tag}))
    rows = connection.execute(
        f"select {STORED_COLUMNS} from patterns p{tagged}{conditions.sql('where')}"
        f" order by {by_hits}{_ORDER[order]} limit :limit",
        values,
    )
    return list(readable(rows, stored_of, id_at=STORED_ID))


def iterate_patterns(
    connection: apsw.Connection, criteria: PatternSearchCriteria | None = None
) -> Iterator[tuple[int, TestPattern]]:
    """Yields every readable pattern that meets the criteria with its row number, in row order."""
    conditions = pattern_conditions(criteria or PatternSearchCriteria())
    rows = connection.execute(
        f"select p.pattern_rowid, {PATTERN_COLUMNS} from patterns p{conditions.sql('where')}"
        " order by p.pattern_rowid",
        conditions.values,
    )
    yield from readable(rows, lambda row: (row[0], pattern_of(row[1:])), id_at=1)


def ids_with_prefix(connection: apsw.Connection, prefix: str, limit: int | None) -> list[str]:
    """Returns ids that start with an ASCII prefix, in order; all of them for an empty one."""
    # Ids are ASCII, which the record checks, so DEL sorts after every legal character.
    within = "where id >= :low and id < :high" if prefix else ""
    rows = connection.execute(
        f"select cast(id as blob) from patterns {within} order by id limit :limit",
        {"low": prefix, "high": prefix + "\x7f", "limit": -1 if limit is None else limit},
    )
    return [text_of(row[0]) for row in rows]


def count_demoted(connection: apsw.Connection) -> int:
    """Returns how many patterns rank behind the trusted ones: unproven ones, and gone ones."""
    unproven = "select count(*) from patterns where trust = 'unproven'"
    gone = "select count(*) from patterns where gone_since is not null"
    return int(connection.execute(f"select ({unproven}) + ({gone})").get)


def count_statistics(connection: apsw.Connection, project: str) -> BankStatistics:
    """Returns the statistics of a project; of the bank if it is empty."""
    only = _OF_PROJECT if project else ""  # without it, groups are counted from their indexes
    values = {"project": project} if project else {}
    # total() is a float: a sum of damaged counters must not overflow.
    patterns, quality, confidence, uses, successes, never_used, unproven, gone = connection.execute(
        "select count(*), avg(quality), avg(confidence), total(usage_count),"
        " total(success_count), total(usage_count = 0), total(trust = 'unproven'),"
        f" total(gone_since is not null) from patterns{only}",
        values,
    ).get
    versions = connection.execute(
        f"select count(*) from pattern_versions{_OF_PATTERNS if project else ''}", values
    ).get
    groups = _count_groups(connection, only, values)
    return BankStatistics(
        patterns=patterns,
        uses=int(uses),
        versions=versions,
        average_quality=quality,
        average_confidence=confidence,
        average_success_rate=successes / uses if uses else None,
        never_used_share=never_used / patterns if patterns else None,
        by_category=groups["category"],
        by_framework=groups["framework"],
        by_language=groups["language"],
        by_project=groups["project"],
        unproven=int(unproven),
        gone=int(gone),
    )


def _count_groups(
    connection: apsw.Connection, only: str, values: dict[str, str]
) -> dict[str, dict[str, int]]:
    groups = {}
    for column in ("category", "framework", "language", "project"):
        rows = connection.execute(
            f"select {column}, count(*) from patterns{only} group by {column}"
            f" order by count(*) desc, {column}",
            values,
        )
        groups[column] = dict(readable(rows, lambda row: (str(row[0]), int(row[1]))))
    return groups


class SQLiteActivitySession:
    """The counts of use inside one transaction; see ``ActivityReader``."""

    connection: apsw.Connection

    def project_facts(self, project: str = "") -> list[ProjectFacts]:
        """Returns what is in the bank by project, largest first."""
        rows = self.connection.execute(
            "select p.project, count(*), sum(p.gone_since is not null), max("
            " coalesce(max(p.updated_at) filter (where p.origin = 'extracted'), ''), coalesce("
            " (select settled_at from projects where name = p.project), ''))"
            f" from patterns p{_PATTERN_OF_PROJECT if project else ''}"
            " group by p.project order by count(*) desc, p.project",
            _values(project),
        )
        return list(readable(rows, _project_facts))

    def quality_counts(self, project: str = "") -> list[int]:
        """Returns the number of patterns by quality, in steps of equal width."""
        from ..activity_values import QUALITY_STEPS

        rows: Any = self.connection.execute(
            "select min(cast(quality * :steps as integer), :steps - 1), count(*)"
            f" from patterns{_OF_PROJECT if project else ''} group by 1",
            _values(project, steps=QUALITY_STEPS),
        )
        counts = dict(rows)
        return [counts.get(step, 0) for step in range(QUALITY_STEPS)]

    def use_totals(self, since: datetime, project: str = "") -> UseTotals:
        """Returns the number of all uses, and of patterns last used after ``since``, or not."""
        from ..activity_values import UseTotals

        values = _values(project, since=since.isoformat())
        patterns = self.connection.execute(
            f"select count(*) from patterns{_OF_PROJECT if project else ''}", _values(project)
        ).get
        uses, successes, used, active = self.connection.execute(
            f"with uses as ({_USES} from pattern_usage where true"
            f"{_USE_OF_PROJECT if project else ''} group by pattern_id)"
            " select total(uses), total(successes), count(*), total(last > :since) from uses",
            values,
        ).get
        never = int(patterns) - int(used)
        return UseTotals(int(uses), int(successes), int(active), int(used - active), never)

    def use_counts(self, bounds: Sequence[datetime], project: str = "") -> list[UseCount]:
        """Returns the uses between each two neighbouring bounds."""
        from ..activity_values import UseCount

        times = [bound.isoformat() for bound in bounds]
        rows: Any = self.connection.execute(
            "select used_at, success from pattern_usage"
            " where used_at > :since and used_at <= :until"
            f"{_USE_OF_PROJECT if project else ''}",
            _values(project, since=times[0], until=times[-1]),
        )
        uses, successes = [0] * len(times), [0] * len(times)
        for used_at, success in rows:  # in SQL, a row is compared with every bound
            number = bisect_left(times, used_at) - 1
            uses[number] += 1
            successes[number] += success
        return [*map(UseCount, uses[:-1], successes[:-1])]

    def most_used(
        self, since: datetime, until: datetime, *, limit: int, project: str = ""
    ) -> list[PatternUses]:
        """Returns the patterns with the most uses in a range."""
        rows = self.connection.execute(
            f"with uses as ({_USES} from pattern_usage where used_at > :since"
            f" and used_at <= :until group by pattern_id) {_PATTERN_USES}"
            f"{_PATTERN_OF_PROJECT if project else ''}"
            " order by u.uses desc, u.successes desc, p.id limit :limit",
            _values(project, since=since.isoformat(), until=until.isoformat(), limit=limit),
        )
        return list(readable(rows, _pattern_uses, id_at=0))

    def idle_patterns(self, since: datetime, *, limit: int, project: str = "") -> list[PatternUses]:
        """Returns used patterns that were not used after ``since``, longest unused first."""
        rows = self.connection.execute(
            f"with uses as ({_USES} from pattern_usage group by pattern_id"
            f" having max(used_at) <= :since) {_PATTERN_USES}"
            f"{_PATTERN_OF_PROJECT if project else ''} order by u.last, p.id limit :limit",
            _values(project, since=since.isoformat(), limit=limit),
        )
        return list(readable(rows, _pattern_uses, id_at=0))

    def agent_uses(self, since: datetime, until: datetime, project: str = "") -> list[AgentUses]:
        """Returns the uses by agent in a range; several spellings of a name are one agent."""
        rows: Any = self.connection.execute(
            "select agent_id, count(*), sum(success), max(used_at) from pattern_usage"
            " where used_at > :since and used_at <= :until"
            f"{_USE_OF_PROJECT if project else ''} group by agent_id",
            _values(project, since=since.isoformat(), until=until.isoformat()),
        )
        counts: dict[str, AgentUses] = {}
        for agent in readable(rows, _agent_uses):
            before = counts.get(agent.agent_id)
            counts[agent.agent_id] = agent if before is None else _sum_of(before, agent)
        return sorted(counts.values(), key=lambda agent: (-agent.uses, agent.agent_id))


def _values(project: str, **values: str | int) -> dict[str, str | int]:
    return values | ({"project": project} if project else {})


def _project_facts(row: tuple[Any, ...]) -> ProjectFacts:
    from ..activity_values import ProjectFacts

    name, patterns, gone, at = row
    return ProjectFacts(name, patterns, gone, datetime.fromisoformat(at) if at else None)


def _pattern_uses(row: tuple[Any, ...]) -> PatternUses:
    from ..activity_values import PatternUses

    id, name, project, framework, uses, successes, last = row
    at = datetime.fromisoformat(last)
    return PatternUses(id, name, project, framework, uses, successes, at)


def _agent_uses(row: tuple[Any, ...]) -> AgentUses:
    from ..activity_values import AgentUses

    agent, uses, successes, last = row
    return AgentUses(agent_key(agent), uses, successes, datetime.fromisoformat(last))


def _sum_of(first: AgentUses, second: AgentUses) -> AgentUses:
    return replace(
        first,
        uses=first.uses + second.uses,
        successes=first.successes + second.successes,
        last_used_at=max(first.last_used_at, second.last_used_at),
    )
