"""Agents are compared whatever the spelling, and times stay in the years that a record has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.schema import PatternUsageContext, Provenance, agent_key

EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@pytest.mark.parametrize(
    "spelling",
    [
        "mallory",
        "Mallory",
        " mallory ",
        "MALLORY\t",
        "mal\u200blory",
        "m\u2060allory\ufeff",
        "\uff4d\uff41\uff4c\uff4c\uff4f\uff52\uff59",
        "mallory\u00ad",
        "mallory\ufe0f",
        "\u3164mallory",
        "mallory\x00",
        "mallory\x7f",
    ],
)
def test_agent_key_is_one_for_every_spelling(spelling: str) -> None:
    assert agent_key(spelling) == "mallory"


def test_agent_key_keeps_different_names_apart() -> None:
    names = [
        "mallory",
        "malory",
        "mal lory",
        "mallory2",
        "m\u0430llory",
        "",
    ]  # the fifth has a Cyrillic a
    assert len({agent_key(name) for name in names}) == len(names)
    assert agent_key("a \u00a0\u2003 b") == "a b"
    assert agent_key("STRASSE") == agent_key("straße")
    assert agent_key("\u200b \t") == ""


@given(st.text())
def test_agent_key_of_a_key_is_itself(name: str) -> None:
    assert agent_key(agent_key(name)) == agent_key(name)


def test_provenance_says_what_an_agent_wrote_is_unproven() -> None:
    assert Provenance(origin="agent", agent_id="a").trust == "unproven"
    assert Provenance(origin="agent", agent_id="a", trust="trusted").trust == "trusted"
    assert {Provenance(origin=origin).trust for origin in ("human", "imported")} == {"trusted"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"trust": "proven"}, "trust must be one of trusted, unproven"),
        ({"origin": "agent", "agent_id": "\u200b"}, "agent_id must name the agent"),
        ({"origin": "robot"}, "origin must be one of"),
    ],
)
def test_provenance_refuses(fields: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Provenance(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "used_at",
    [datetime(1, 1, 1, tzinfo=EAST), datetime(9999, 12, 31, 23, 59, tzinfo=WEST)],
)
def test_a_time_out_of_the_years_is_refused(used_at: datetime) -> None:
    with pytest.raises(ValueError, match=r"used_at must be from the year 1 to 9999 in UTC, got"):
        PatternUsageContext(success=True, used_at=used_at)


def test_the_first_and_last_times_are_kept() -> None:
    for used_at in (datetime(1, 1, 1, tzinfo=WEST), datetime(9999, 12, 31, 23, 59, tzinfo=EAST)):
        kept = PatternUsageContext(success=True, used_at=used_at).used_at
        assert (kept, kept.tzinfo) == (used_at, UTC)
