"""Forgetting reaches what a repair has set aside, and ids that are no text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext, Provenance, TestPattern

Make = Callable[..., TestPattern]
MALLORY = Provenance(origin="agent", agent_id="mallory", run_id="run-1")


def damage(bank: QEReasoningBank, sql: str) -> None:
    with bank.database.write() as connection:
        connection.pragma("ignore_check_constraints", True)
        connection.execute(sql)
        connection.pragma("ignore_check_constraints", False)


def set_aside(bank: QEReasoningBank) -> list[Any]:
    with bank.database.read() as connection:
        rows: list[Any] = connection.execute("select content from repair_quarantine").fetchall()
    return [json.loads(row[0]) for row in rows]


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ({"agent_id": "MALLORY"}, 1),
        ({"run_id": "run-1"}, 1),
        ({"source": "evil"}, 1),
        ({"agent_id": "ann"}, 2),
        ({"agent_id": "nobody"}, 2),
    ],
)
def test_forget_reaches_what_a_repair_set_aside(
    names: dict[str, Any], left: int, bank: QEReasoningBank, pattern: Make
) -> None:
    evil = pattern(id="evil", template="evilmarker()", source="evil/a.py:1")
    bank.store_pattern(evil, provenance=MALLORY)
    bank.store_pattern(pattern(id="good"))
    for agent in ("mallory", "ann"):
        bank.record_usage("good", PatternUsageContext(success=True, agent_id=agent))
    damage(bank, "update patterns set tags = '[1]'")
    assert bank.repair() == 2
    bank.forget(**names)
    kept = set_aside(bank)
    assert len(kept) == left
    agents = {use["agent_id"] for rows in kept for use in rows.get("pattern_usage", ())}
    assert agents == {"mallory", "ann"} - {name.casefold() for name in names.values()}
    assert ("evilmarker" in json.dumps(kept)) == (left == 2)


def test_forget_drops_history_that_was_set_aside_alone(
    bank: QEReasoningBank, pattern: Make
) -> None:
    bank.store_pattern(pattern(id="good"))
    for agent in ("mallory", "ann"):
        bank.record_usage("good", PatternUsageContext(success=True, agent_id=agent))
    damage(bank, "update pattern_usage set used_at = 'yesterday'")
    assert {problem.area for problem in bank.check()} == {"history"}
    bank.repair()
    assert bank.check() == []
    found = bank.get_pattern("good")
    assert found is not None
    assert (found.usage_count, len(set_aside(bank))) == (0, 2)
    bank.forget(agent_id="mallory")
    assert [rows["pattern_usage"][0]["agent_id"] for rows in set_aside(bank)] == ["ann"]


def test_an_id_that_is_no_text_is_deleted_by_its_bytes(
    bank: QEReasoningBank, pattern: Make
) -> None:
    bank.store_patterns([pattern(id="a"), pattern("b", id="b")])
    damage(bank, "update patterns set id = cast(x'ff41' as text) where id = 'a'")
    assert not bank.delete_pattern("\ud800\udcff")
    assert bank.delete_pattern("\udcffA")
    assert [found.id for found in bank.list_patterns()] == ["b"]
    assert bank.check() == []


def test_forget_needs_a_name(bank: QEReasoningBank) -> None:
    empty: tuple[dict[str, Any], ...] = ({}, {"agent_id": " \u200b"})
    for names in empty:
        with pytest.raises(ValueError, match="name what to forget"):
            bank.forget(**names)
