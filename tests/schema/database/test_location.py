"""The database to use: --db, then AQE_DB, then the nearest .aqe, then a new file here."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqe.schema import locate_database


def test_explicit_comes_first(tmp_path: Path) -> None:
    found = locate_database("x/my.db", environment={"AQE_DB": "/other.db"}, folder=tmp_path)
    assert (found.path, found.reason) == (tmp_path / "x" / "my.db", "--db")
    absolute = locate_database("/abs.db", environment={}, folder=tmp_path)
    assert absolute.path == Path("/abs.db")


def test_environment_comes_second(tmp_path: Path) -> None:
    (tmp_path / ".aqe").mkdir()
    (tmp_path / ".aqe" / "aqe.db").touch()
    found = locate_database(None, environment={"AQE_DB": "e.db"}, folder=tmp_path)
    assert (found.path, found.reason) == (tmp_path / "e.db", "AQE_DB")


@pytest.mark.parametrize("explicit", [None, ""])
def test_empty_means_not_given(tmp_path: Path, explicit: str | None) -> None:
    found = locate_database(explicit, environment={"AQE_DB": ""}, folder=tmp_path)
    assert (found.path, found.reason) == (tmp_path / ".aqe" / "aqe.db", "default, new")


def test_nearest_parent_comes_third(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    for parent in (tmp_path, tmp_path / "a"):
        (parent / ".aqe").mkdir()
        (parent / ".aqe" / "aqe.db").touch()
    (tmp_path / "a" / "b" / ".aqe").mkdir()  # a folder without a database does not count
    found = locate_database(None, environment={}, folder=deep)
    assert (found.path, found.reason) == (
        tmp_path / "a" / ".aqe" / "aqe.db",
        f"found in {tmp_path / 'a'}",
    )


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = locate_database("~/x.db", environment={}, folder=Path("/work"))
    assert found.path == tmp_path / "x.db"
