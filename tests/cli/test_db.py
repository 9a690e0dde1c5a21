"""Tests ``aqe db path`` and ``migrate``: the same file for everyone, upgraded once."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from aqe.cli import main as main_module
from aqe.schema import Database
from aqe.schema.database.migrate import known_migrations

NEWEST = len(known_migrations())
FIRST_RELEASE = Path(__file__).parents[1] / "promises" / "fixtures" / "schema-1.db.gz"
Aqe = Callable[..., tuple[int, str, str]]


@pytest.fixture
def aqe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Aqe:
    """Runs the command in a folder of its own without ``AQE_DB``."""
    monkeypatch.delenv("AQE_DB", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["aqe", "db", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main_module.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def where(aqe: Aqe, *arguments: object) -> Any:
    code, out, err = aqe("path", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_path_follows_the_order(aqe: Aqe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = tmp_path / ".aqe" / "aqe.db"
    found = where(aqe)
    assert found["reason"].startswith(f"no .aqe/aqe.db in {tmp_path}")
    assert (found["database"], found["exists"]) == (str(new), False)
    assert not new.parent.exists()
    Database(new).close()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert where(aqe) == {"database": str(new), "reason": f"found in {tmp_path}", "exists": True}
    monkeypatch.setenv("AQE_DB", str(tmp_path / "env.db"))
    assert where(aqe)["reason"] == "AQE_DB"
    explicit = where(aqe, "--db", "x.db")
    assert explicit["database"] == str(tmp_path / "deep" / "er" / "x.db")
    assert explicit["reason"] == "--db"


def test_path_for_a_person(aqe: Aqe, tmp_path: Path) -> None:
    code, out, _ = aqe("path", "--db", "x.db")
    assert code == 0
    assert out == f"{tmp_path / 'x.db'}\nnew: --db\n"
    Database(tmp_path / "x.db").close()
    assert aqe("path", "--db", "x.db")[1].endswith("exists: --db\n")


def test_migrate_makes_then_has_nothing_to_do(aqe: Aqe, tmp_path: Path) -> None:
    code, out, _ = aqe("migrate", "--db", "x.db")
    assert (code, out) == (0, f"schema version 0 -> {NEWEST}\n{tmp_path / 'x.db'}\n")
    assert aqe("migrate", "--db", "x.db")[1].startswith(f"schema version {NEWEST}: nothing to do")
    document = json.loads(aqe("migrate", "--db", "x.db", "--json")[1])
    assert document == {
        "database": str(tmp_path / "x.db"),
        "before": NEWEST,
        "after": NEWEST,
        "backup": None,
    }


def test_migrate_names_the_backup_of_an_upgraded_file(aqe: Aqe, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(gzip.decompress(FIRST_RELEASE.read_bytes()))
    _, out, _ = aqe("migrate", "--db", "x.db")
    assert out.startswith(f"schema version 1 -> {NEWEST}; backup: ")
    assert (tmp_path / "x.db.v1.backup").is_file()


def test_migrate_refuses_a_newer_file_with_one_line(aqe: Aqe, tmp_path: Path) -> None:
    Database(tmp_path / "x.db").close()
    connection = apsw.Connection(str(tmp_path / "x.db"))
    connection.execute("insert into schema_migrations values (99, 'future', 'x', 'now')")
    connection.close()
    code, out, err = aqe("migrate", "--db", "x.db")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "made by a newer aqe" in err
