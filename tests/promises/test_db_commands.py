"""Runs the commands that errors advise: aqe db check, repair, backup, restore."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from typer.testing import CliRunner, Result

from aqe.cli.main import app
from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import DatabaseError, TestPattern

Run = Callable[..., Result]


@pytest.fixture
def run(path: Path) -> Run:
    """Fills a bank; runs a command of ``aqe db`` on it."""
    with QEReasoningBank(path, encoder=HashingEncoder(64)) as bank:
        for number in range(30):
            bank.store_pattern(
                TestPattern(
                    id=f"p{number}",
                    name=f"test_{number}",
                    category="unit",
                    framework="pytest",
                    language="python",
                    template=f"def test_it():\n    assert command({number})\n",
                    source=f"tests/test_{number % 2}.py:{number}",
                )
            )

    def invoke(*arguments: str, group: str = "db") -> Result:
        return CliRunner().invoke(app, [group, *arguments, "--db", str(path)])

    return invoke


def spoil(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_check_says_ok(run: Run) -> None:
    result = run("check")
    assert result.exit_code == 0
    assert "30 patterns" in result.stdout
    assert "ok" in result.stdout
    found = document(run("check", "--json"))
    assert (found["ok"], found["problems"], found["patterns"]) == (True, [], 30)
    assert found["file"]["size_bytes"] > 0


def test_check_and_repair_tell_what_is_wrong(run: Run, path: Path) -> None:
    spoil(path, "delete from pattern_tags; delete from pattern_bands; drop table patterns_fts")
    spoil(path, "update patterns set name = 'other' where id = 'p3'")
    result = run("check")
    assert result.exit_code == 1
    assert "fix it with: aqe db repair" in result.stdout
    assert "--json prints all of them" in result.stdout
    planned = run("repair", "--dry-run", "--json")
    assert planned.exit_code == 1
    assert document(planned)["before"] == document(planned)["after"] != []
    result = run("repair")
    assert result.exit_code == 0
    assert "repair_quarantine: p3" in result.stdout
    assert "repaired" in result.stdout
    assert "nothing to repair" in run("repair").stdout
    assert document(run("repair", "--json"))["before"] == []
    assert run("check").exit_code == 0


def test_repair_of_lost_pages_says_what_was_kept(run: Run, path: Path) -> None:
    connection = apsw.Connection(str(path))
    page = connection.execute(
        "select pageno from dbstat where name = 'patterns' and pagetype = 'leaf' limit 1"
    ).get
    connection.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = bytes(4096)
    path.write_bytes(data)
    result = run("repair")
    assert result.exit_code == 0, result.output
    assert "rows copied into a new file" in result.stdout
    assert "lost: patterns" in result.stdout
    kept = list(path.parent.glob("bank.db.damaged-*Z"))
    assert [file.read_bytes() for file in kept] == [bytes(data)]
    assert run("check").exit_code == 0


def test_backup_and_restore(run: Run, path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert "30 patterns" in run("backup", str(copy)).stdout
    again = run("backup", str(copy))
    assert isinstance(again.exception, DatabaseError)
    assert document(run("backup", str(copy), "--force", "--json"))["patterns"] == 30
    result = run("restore", str(copy))
    assert "30 patterns restored" in result.stdout
    assert "the old file is kept" in result.stdout
    assert document(run("restore", str(copy), "--json"))["replaced"]
    assert run("check").exit_code == 0


def test_forget_says_what_it_removed(run: Run) -> None:
    dry = run("forget", "--source", "tests/test_0.py", "--dry-run", group="patterns")
    assert "15 patterns would be removed" in dry.stdout
    result = run("forget", "--source", "tests", "--agent", "nobody", "--yes", group="patterns")
    assert "30 patterns removed" in result.stdout
    assert "and 10 more" in result.stdout
    assert run("forget", group="patterns").exit_code == 2
