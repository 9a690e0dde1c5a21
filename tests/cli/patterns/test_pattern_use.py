"""``aqe patterns use`` records a use, which searches then show and rank by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank

from ..command_line import Aqe


def found(aqe: Aqe) -> list[dict[str, Any]]:
    """Returns the two tests of a cart, as a search ranks them."""
    matches = aqe("search", "total sum prices", "--all", "-f", "pytest", "--json").json()["matches"]
    assert len(matches) == 2
    return list(matches)


def test_a_use_changes_what_a_search_shows(aqe: Aqe, shop: Path) -> None:
    last = found(aqe)[-1]
    assert (last["usage_count"], last["success_rate"]) == (0, None)
    outcome = aqe("patterns", "use", last["id"][:8], "--success", "--need", "sum of a cart")
    assert outcome.out == f"recorded: {last['name']} worked 1 of 1 time\n"
    aqe("patterns", "use", last["id"], "--failure", "--error", "no fixture")
    used = next(match for match in found(aqe) if match["id"] == last["id"])
    assert (used["usage_count"], used["success_rate"]) == (2, 0.5)
    assert "worked 1 of 2 times" in used["reasons"]
    assert "worked 1 of 2 times" in aqe("search", "total sum prices", "--all").out
    listed = aqe("patterns", "list", "--sort", "usage", "-n", "1").out
    assert last["id"] in listed


def test_uses_that_worked_lift_a_pattern_over_its_equal(aqe: Aqe, shop: Path) -> None:
    (shop / "tests" / "test_twins.py").write_text(
        "\n\n".join(
            f'def test_refund_{name}(cart):\n    """Refunds it."""\n    assert cart.refund() == 1\n'
            for name in ("left", "right")
        )
    )
    aqe("extract", "tests/test_twins.py")
    command = ("search", "refunds it", "--all", "--json", "-n", "2")
    first, second = aqe(*command).json()["matches"]
    for _ in range(5):
        aqe("patterns", "use", second["id"], "--success")
        aqe("patterns", "use", first["id"], "--failure")
    assert [match["id"] for match in aqe(*command).json()["matches"]] == [second["id"], first["id"]]


def test_everything_of_a_use_is_stored(aqe: Aqe, shop: Path) -> None:
    id = found(aqe)[0]["id"]
    options = (
        "--agent",
        "bot",
        "--task",
        "t1",
        "--ms",
        "12.5",
        "--need",
        "a need",
        "--error",
        "bad",
    )
    document = aqe("patterns", "use", id, "--failure", *options, "--json").json()
    assert document["pattern"]["usage_count"] == 1
    with QEReasoningBank(shop / ".aqe" / "aqe.db", encoder=HashingEncoder(64)) as bank:
        use = bank.get_usage(id)[0]
    assert (use.success, use.agent_id, use.task_id) == (False, "bot", "t1")
    assert (use.execution_time_ms, use.context, use.error_message) == (12.5, "a need", "bad")
    shown = aqe("show", id, "--usage").out
    assert "a need" in shown
    assert "failed: bad" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("zzz", "--success"), 1, "no pattern has the id 'zzz'"),
        (("a", "--success", "--ms", "-1"), 2, "'--ms': expected a number of at least 0, got '-1"),
        (("a", "--success", "--ms", "nan"), 2, "'--ms': expected a number"),
        (("a",), 2, "expected '--success' or '--failure'"),
    ],
)
def test_a_wrong_use_is_one_line_and_recorded_nowhere(
    aqe: Aqe, shop: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    outcome = aqe("patterns", "use", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert aqe("stats", "--json").json()["uses"] == 0
