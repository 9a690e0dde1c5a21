"""Commands say who wrote a pattern and whether it is trusted, and ask before they forget."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aqe.cli.main import app
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import PatternUsageContext, Provenance, TestPattern

Make = Callable[..., TestPattern]
Aqe = Callable[..., Result]
MALLORY = Provenance(origin="agent", agent_id="mallory", run_id="run-1")
AUTHOR = {"origin": "agent", "agent_id": "mallory", "run_id": "run-1", "trust": "unproven"}


@pytest.fixture
def filled(path: Path, pattern: Make) -> Path:
    """A bank of a trusted pattern, and an unproven one that was used, changed and used again."""
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        bank.store_pattern(pattern("test_cart_total", id="good", source="tests/a.py:1"))
        for template in ("first()", "second()"):
            bank.store_pattern(pattern(id="evil", template=template), provenance=MALLORY)
            bank.record_usage("evil", PatternUsageContext(success=True, agent_id="Mallory"))
    return path


@pytest.fixture
def aqe(filled: Path) -> Aqe:
    """Runs ``aqe patterns`` on the bank."""

    def run(*arguments: str) -> Result:
        command = ["patterns", *arguments, "--db", str(filled)]
        return CliRunner().invoke(app, command, env={"COLUMNS": "120"})

    return run


def parsed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_document_says_who_wrote_a_pattern(aqe: Aqe) -> None:
    documents = (
        parsed(aqe("list", "--json"))["patterns"],
        parsed(aqe("search", "login", "--mode", "text", "--json"))["matches"],
        parsed(aqe("search", "--json"))["matches"],
        parsed(aqe("similar", "good", "--json"))["matches"],
        [parsed(aqe("show", "evil", "--json"))["pattern"]],
    )
    for found in documents:
        (evil,) = (each for each in found if each["id"] == "evil")
        assert {key: evil[key] for key in AUTHOR} == AUTHOR
    shown = parsed(aqe("show", "evil", "--history", "--usage", "--json"))
    assert shown["author"] == AUTHOR
    assert {key: shown["versions"][0]["pattern"][key] for key in AUTHOR} == AUTHOR
    assert len({use["content_hash"] for use in shown["usage"]}) == 2
    assert parsed(aqe("stats", "--json"))["unproven"] == 1
    exported = [json.loads(line) for line in aqe("export", "-").stdout.splitlines()[:2]]
    assert [line["provenance"] for line in exported if line["id"] == "evil"] == [AUTHOR]


def test_tables_say_what_is_unproven(aqe: Aqe) -> None:
    assert "worked 1 of 1 time, unproven" in aqe("list").stdout
    assert "unproven: only its author vouches for it" in " ".join(aqe("search").stdout.split())
    shown = aqe("show", "evil", "--history", "--usage").stdout
    assert "unproven: no two other agents have succeeded with it" in shown
    assert "agent mallory, run run-1" in shown
    assert [word for word in shown.split() if word in ("present", "earlier")] == [
        "present",
        "earlier",
    ]
    assert "unproven patterns 1" in " ".join(aqe("stats").stdout.split())
    assert "trusted" in aqe("show", "good").stdout


def test_forget_refuses_where_nobody_can_answer(aqe: Aqe, filled: Path) -> None:
    refused = aqe("forget", "--agent", " MALLORY")
    assert (refused.exit_code, "--yes" in refused.output) == (2, True)
    assert "1 pattern would be removed" in refused.output
    assert len(parsed(aqe("list", "--json"))["patterns"]) == 2
    trial = parsed(aqe("forget", "--agent", " MALLORY", "--dry-run", "--json"))
    done = parsed(aqe("forget", "--agent", " MALLORY", "-y", "--json"))
    assert (trial.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert trial == done
    assert done["patterns"] == ["evil"]
    assert aqe("forget", "--agent", "\u200b", "--yes").exit_code == 2


@pytest.mark.parametrize(("answer", "left"), [("y", 1), ("n", 2), ("", 2)])
def test_forget_asks_on_a_terminal(
    answer: str, left: int, filled: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    keyboard, terminal = os.openpty()
    script = "import sys; from aqe.cli.main import app; app(sys.argv[1:])"
    command = ("patterns", "forget", "--run", "run-1", "--db", str(filled))
    process = start_python(script, *command, stdin=terminal)
    os.write(keyboard, f"{answer}\n".encode())
    output, errors = process.communicate(timeout=60)
    os.close(keyboard)
    os.close(terminal)
    assert "1 pattern would be removed" in errors
    assert "Remove all of this? [y/N]" in output + errors
    assert process.returncode == (0 if left == 1 else 1)
    with QEReasoningBank(filled, encoder=HashingEncoder(64)) as bank:
        assert len(bank.list_patterns()) == left
