"""Each index of the pattern tables is there because a query that really runs uses it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.retrieval import QEReasoningBank
from aqe.schema import (
    CATEGORIES,
    FRAMEWORKS,
    LANGUAGES,
    PatternSearchCriteria,
    PatternUsageContext,
    TestPattern,
)
from aqe.schema.database.migrate import known_migrations

Make = Callable[..., TestPattern]
INDEXES = sorted(re.findall(r"^create (?:unique )?index (\w+)", known_migrations()[0].sql, re.M))
PATTERN_TABLES = {"patterns", "pattern_usage", "pattern_versions", "pattern_tags"}


@pytest.fixture
def traced(bank: QEReasoningBank, pattern: Make) -> list[tuple[str, Any]]:
    """Every statement that the bank's methods run over 2,000 patterns, with its values."""
    rng = random.Random(1)
    bank.store_patterns(
        [
            pattern(
                f"login {n}",
                id=f"id-{n}",
                category=rng.choice(CATEGORIES),
                framework=rng.choice(FRAMEWORKS),
                language=rng.choice(LANGUAGES),
                confidence=rng.random(),
                template="x\n" * rng.randrange(1, 20),
                tags=[f"tag{rng.randrange(50)}"],
            )
            for n in range(2_000)
        ]
    )
    connection = bank.database.connection()
    connection.execute("analyze")
    statements: list[tuple[str, Any]] = []

    def trace(cursor: apsw.Cursor, sql: str, values: Any) -> bool:
        # A copy: the caller may use its dictionary again.
        statements.append((sql, dict(values) if isinstance(values, dict) else values))
        return True

    connection.exec_trace = trace
    _use_everything(bank, pattern)
    connection.exec_trace = None
    return statements


def _use_everything(bank: QEReasoningBank, pattern: Make) -> None:
    facets: list[dict[str, Any]] = [
        {},
        {"framework": "pytest"},
        {"framework": "pytest", "language": "python"},
        {"framework": "jest", "language": "typescript", "category": "unit"},
        {"category": "e2e"},
        {"category": "e2e", "language": "python"},
        {"language": "python"},
        {"min_quality": 0.6},
        {"tags": ["tag1"]},
    ]
    for facet in facets:
        criteria = PatternSearchCriteria(**facet)
        bank.find_pattern(criteria)
        bank.search("login", criteria=criteria)
        for order in ("evidence", "quality", "usage", "created"):
            bank.list_patterns(criteria, order=order, limit=20)
    id = "id-1"
    bank.record_usage(id, PatternUsageContext(success=True))
    bank.get_usage(id)
    bank.store_pattern(pattern("login 2", id="id-2", template="changed()"))
    bank.get_version_history(id)
    bank.search_by_tags(["tag1", "tag2"])
    bank.resolve_id("id-199")
    bank.get_statistics()
    bank.find_similar_patterns(id)
    bank.delete_pattern("id-3")
    bank.reindex()


@pytest.fixture
def plans(bank: QEReasoningBank, traced: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Each statement with its plan."""
    connection = bank.database.connection()
    found = []
    for sql, values in dict((sql, values) for sql, values in traced).items():
        if not re.match(r"\s*(select|update|delete|insert)\b", sql, re.I):
            continue
        rows = connection.execute(f"explain query plan {sql}", values).fetchall()
        found.append((sql, "\n".join(str(row[3]) for row in rows)))
    return found


def test_every_index_is_used(plans: list[tuple[str, str]]) -> None:
    used = {index for index in INDEXES if any(f" {index}" in plan for _, plan in plans)}
    # These serve the deletes of a cascade, which no plan shows; the next test does.
    cascades = {"pattern_tags_by_pattern", "pattern_embeddings_by_encoder"}
    unused = set(INDEXES) - used - cascades
    assert unused == set()


def test_no_method_but_statistics_and_reindexing_scans_the_patterns(
    plans: list[tuple[str, str]],
) -> None:
    for sql, plan in plans:
        scans = re.findall(r"^SCAN (p|patterns)(?! USING)\b.*$", plan, re.M)
        whole = "order by p.pattern_rowid" in sql or "from patterns group by" in sql
        if scans and not whole and "count(*)" not in sql:
            assert re.search(r"not exists", sql), f"{sql}\n{plan}"


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("pattern_tags", "pattern_rowid"),
        ("pattern_usage", "pattern_id"),
        ("pattern_versions", "pattern_id"),
        ("pattern_embeddings", "pattern_rowid"),
        ("pattern_embeddings", "encoder_rowid"),
    ],
)
def test_a_cascade_finds_its_rows_by_an_index(path: Path, table: str, column: str) -> None:
    """A foreign key without an index on its child column scans the table at every delete."""
    with QEReasoningBank(path) as bank, bank.database.read() as connection:
        plan = connection.execute(
            f"explain query plan select rowid from {table} where {column} = ?"
            if table != "pattern_tags"
            else f"explain query plan select tag from {table} where {column} = ?",
            ("1",),
        ).fetchall()
        assert [str(row[3]).split()[0] for row in plan] == ["SEARCH"], plan
