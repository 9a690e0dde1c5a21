"""A use whose time is damaged does not take a report with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from aqe.retrieval import QEReasoningBank
from aqe.retrieval.usage.activity import bank_activity
from aqe.schema import PatternUsageContext, TestPattern

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("time", ["2026-03-30 at noon", "", "yesterday"])
def test_a_use_with_a_damaged_time_is_left_out(
    bank: QEReasoningBank, pattern: Callable[..., TestPattern], time: str
) -> None:
    bank.store_patterns([pattern(id="a"), pattern(id="b")])
    for id, agent in (("a", "ann"), ("b", "bob")):
        used_at = NOW - timedelta(days=1)
        bank.record_usage(id, PatternUsageContext(success=True, agent_id=agent, used_at=used_at))
    with bank.database.write() as connection:
        connection.execute(
            "update pattern_usage set used_at = :time where pattern_id = 'a'", {"time": time}
        )
    with bank.backend.reading() as session:
        activity = bank_activity(session, now=NOW)
    assert [used.id for used in activity.most_used] == ["b"]
    assert [agent.agent_id for agent in activity.agents] == ["bob"]
    assert activity.idle == ()
