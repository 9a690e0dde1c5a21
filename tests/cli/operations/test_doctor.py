"""``aqe doctor`` finds what is wrong with installation, config file and bank."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import Database

from ..command_line import Aqe


def checks(aqe: Aqe, *, code: int = 0) -> dict[str, dict[str, Any]]:
    import json

    outcome = aqe("doctor", "--json")
    assert outcome.code == code, outcome.err
    document = json.loads(outcome.out)
    assert document["ok"] is (code == 0)
    return {check["area"]: check for check in document["checks"]}


def test_a_sound_bank_is_ok(aqe: Aqe, shop: Path) -> None:
    found = checks(aqe)
    assert {
        "aqe",
        "packages",
        "sqlite",
        "encoder",
        "parsers",
        "config",
        "bank",
        "integrity",
    } <= set(found)
    assert found["bank"]["detail"].startswith("3 patterns, ")
    assert found["encoder"]["detail"] == "aqe-minilm-tests, 384 dimensions"
    assert "sqlite-vec" in found["sqlite"]["detail"]
    assert {check["state"] for check in found.values()} == {"ok"}


def test_the_text_has_a_line_for_each_check(aqe: Aqe, shop: Path) -> None:
    heading, *lines = aqe("doctor").out.splitlines()
    assert heading == "check\tstate\tdetail\tto do"
    assert [line.split("\t")[0] for line in lines][:2] == ["aqe", "packages"]


def test_no_bank_is_a_note_and_a_named_one_a_failure(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(shop / ".aqe")
    note = checks(aqe)["bank"]
    assert (note["state"], note["fix"]) == ("note", "aqe init")
    monkeypatch.setenv("AQE_DB", str(shop / "typo.db"))
    assert checks(aqe, code=1)["bank"]["state"] == "failed"
    assert not (shop / "typo.db").exists()
    assert not (shop / ".aqe").exists()


def test_a_wrong_config_file_fails_and_the_rest_is_checked(aqe: Aqe, shop: Path) -> None:
    config = shop / ".aqe" / "config.toml"
    config.write_text("limit = 3\nformat = 'csv'\n")
    assert checks(aqe)["config"]["detail"] == f"{config}: limit 3, format csv"
    config.write_text("limt = 3\n")
    failed = checks(aqe, code=1)
    assert "did you mean limit?" in failed["config"]["detail"]
    assert failed["encoder"]["state"] == "ok"


def test_damage_fails_and_names_the_repair(aqe: Aqe, shop: Path) -> None:
    with Database(shop / ".aqe" / "aqe.db") as database, database.write() as connection:
        connection.execute(
            "delete from pattern_embeddings where rowid in (select min(rowid) from patterns)"
        )
    found = checks(aqe, code=1)["integrity"]
    assert found["state"] == "failed"
    assert found["fix"] == "aqe db repair"


def test_a_file_that_is_no_bank_fails_in_a_line(aqe: Aqe, shop: Path) -> None:
    (shop / ".aqe" / "aqe.db").write_text("no database " * 1000)
    found = checks(aqe, code=1)
    assert any(check["state"] == "failed" for check in found.values())


def test_pending_work_is_a_note(aqe: Aqe, shop: Path) -> None:
    (shop / "tests" / "test_mail.py").write_text("def test_new():\n    assert f() == 1\n")
    aqe("extract", "tests")
    assert checks(aqe)["patterns"]["fix"] == "aqe extract PATH --prune"
    with QEReasoningBank(shop / ".aqe" / "aqe.db", encoder=HashingEncoder(64)) as bank:
        for pattern in bank.list_patterns():
            bank.delete_pattern(pattern.id)
    assert checks(aqe)["patterns"]["fix"] == "aqe extract PATH"
