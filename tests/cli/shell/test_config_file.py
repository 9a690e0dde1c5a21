"""Defaults in ``.aqe/config.toml``: options and environment win, mistakes are one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..command_line import Aqe


def configure(shop: Path, text: str) -> None:
    (shop / ".aqe" / "config.toml").write_text(text)


def count(aqe: Aqe, *arguments: str) -> int:
    return len(aqe("patterns", "list", "--json", *arguments).json()["patterns"])


def test_limit_is_taken_from_option_environment_file_in_this_order(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count(aqe) == 3
    configure(shop, "limit = 1\n")
    assert count(aqe) == 1
    assert count(aqe, "-n", "3") == 3
    monkeypatch.setenv("AQE_LIMIT", "2")
    assert count(aqe) == 2
    assert count(aqe, "--limit", "1") == 1


def test_format_is_a_default_that_json_overrides(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(shop, 'format = "csv"\n')
    assert aqe("patterns", "list").out.startswith("id,name,")
    assert aqe("patterns", "list", "--json").json()["patterns"]
    assert aqe("patterns", "list", "-o", "table").out.startswith("id\tname\t")
    monkeypatch.setenv("AQE_FORMAT", "markdown")
    assert aqe("patterns", "list").out.startswith("| id | name |")


def test_framework_is_a_preference_and_no_filter(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> dict[str, list[str]]:
        matches = aqe("search", "total mail", "--json", "--all").json()["matches"]
        return {match["framework"]: match["reasons"] for match in matches}

    assert not any("framework" in reason for reasons in found().values() for reason in reasons)
    configure(shop, 'framework = "unittest"\n')
    preferred = found()
    assert preferred.keys() == {"pytest", "unittest"}
    assert "framework unittest" in preferred["unittest"]
    monkeypatch.setenv("AQE_FRAMEWORK", "pytest")
    assert "framework pytest" in found()["pytest"]


def test_database_is_relative_to_the_file_and_yields_to_option_and_environment(
    aqe: Aqe, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(shop, 'database = "team.db"\n')
    missing = aqe("patterns", "list")
    assert missing.code == 1
    assert (
        f"no bank at {shop}/.aqe/team.db (from database in {shop}/.aqe/config.toml)" in missing.err
    )
    assert aqe("extract", "tests", "--json").json()["database"] == str(shop / ".aqe" / "team.db")
    monkeypatch.chdir(shop / "tests")
    assert aqe("db", "path", "--json").json()["database"] == str(shop / ".aqe" / "team.db")
    assert aqe("db", "path", "--db", "x.db", "--json").json()["reason"] == "--db"
    monkeypatch.setenv("AQE_DB", str(shop / ".aqe" / "aqe.db"))
    assert aqe("db", "path", "--json").json()["reason"] == "AQE_DB"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limt = 3", "unknown key 'limt'; did you mean limit?"),
        ("zzz = 3", "unknown key 'zzz'; it may have: limit, framework, format, database"),
        ("[search]\nlimit = 3", "unknown key 'search'; it may have:"),
        ("limit = 'ten'", "limit: expected a whole number from 1 to 4096, got 'ten'"),
        ("limit = 0", "limit: expected a whole number from 1 to 4096, got 0"),
        ("limit = true", "limit: expected a whole number from 1 to 4096, got True"),
        ("limit = 2.5", "limit: expected a whole number from 1 to 4096, got 2.5"),
        ("format = 'xml'", "format: expected one of table, json, jsonl, csv, markdown, got 'xml'"),
        ("format = ['json']", "format: expected one of table, json, jsonl, csv, markdown, got ['j"),
        ("framework = 'nose'", "framework: framework must be one of"),
        ("framework = 3", "framework: expected the name of a framework, got 3"),
        ("database = 3", "database: expected the path of a database file, got 3"),
        ("database = '~nobody-of-this-name/x.db'", "database: Could not determine home directory"),
        ("database = ''", "database: expected the path of a database file, got ''"),
        ("limit = ", "is not TOML ("),
        ("\udcff", "is not TOML ("),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(
    aqe: Aqe, shop: Path, text: str, message: str
) -> None:
    path = shop / ".aqe" / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    outcome = aqe("patterns", "list")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {path}")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AQE_LIMIT", "ten", "AQE_LIMIT: expected a whole number from 1 to 4096, got 'ten'"),
        ("AQE_LIMIT", "5000", "AQE_LIMIT: expected a whole number from 1 to 4096, got 5000"),
        ("AQE_FORMAT", "xml", "AQE_FORMAT: expected one of table, json"),
        ("AQE_FRAMEWORK", "nose", "AQE_FRAMEWORK: "),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    aqe: Aqe,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)
    outcome = aqe("search", "x", "--mode", "text")
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err


def test_a_file_that_cannot_be_read_is_one_line(aqe: Aqe, shop: Path) -> None:
    path = shop / ".aqe" / "config.toml"
    path.write_text("limit = 3")
    path.chmod(0)
    if not path.stat().st_uid:  # root reads every file
        pytest.skip("root reads every file")
    assert "cannot read" in aqe("patterns", "list").err
