"""The database to use: --db, then AQE_DB, then the nearest .aqe, then a new file here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.schema import locate_database

Git = Callable[..., str]


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
    assert found.path == tmp_path / ".aqe" / "aqe.db"
    assert found.reason.startswith(f"no .aqe/aqe.db in {tmp_path} or above it up to /")
    assert found.is_default


def make_bank(folder: Path) -> Path:
    """Puts a file where a bank would be; returns its path."""
    (folder / ".aqe").mkdir(parents=True)
    (folder / ".aqe" / "aqe.db").touch()
    return folder / ".aqe" / "aqe.db"


def found_from(folder: Path, home: Path | None = None) -> Path:
    """Returns the bank of a working folder."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {} if home is None else {"HOME": str(home)}
    return locate_database(environment=environment, folder=folder).path


def test_nearest_parent_comes_third(tmp_path: Path) -> None:
    nearest = [make_bank(tmp_path / name) for name in (".", "a")][1]
    (tmp_path / "a" / "b" / ".aqe").mkdir(parents=True)  # without a database it does not count
    found = locate_database(environment={}, folder=tmp_path / "a" / "b" / "c")
    assert (found.path, found.reason) == (nearest, f"found in {tmp_path / 'a'}")


def test_no_bank_above_the_top_level_is_used(git: Git, tmp_path: Path) -> None:
    make_bank(tmp_path)
    git("shop", "init", "-q")
    deep = tmp_path / "shop" / "src" / "deep"
    assert found_from(deep) == deep / ".aqe" / "aqe.db"
    at_top = make_bank(tmp_path / "shop")
    assert found_from(deep) == at_top


def test_a_submodule_does_not_use_the_bank_around_it(git: Git, tmp_path: Path) -> None:
    make_bank(tmp_path / "outer")
    git("outer/inner", "init", "-q")
    assert found_from(tmp_path / "outer" / "inner") == tmp_path / "outer" / "inner/.aqe/aqe.db"


@pytest.fixture
def shop(git: Git, tmp_path: Path) -> Path:
    """A repository with two linked work trees: one next to it, one inside."""
    git("shop", "init", "-q")
    git("shop", "commit", "-q", "--allow-empty", "-m", "first")
    git("shop", "worktree", "add", "-q", "../linked")
    git("shop", "worktree", "add", "-q", "inside")
    return tmp_path / "shop"


@pytest.mark.parametrize("tree", ["../linked", "inside"])
def test_a_linked_work_tree_uses_the_bank_of_the_main_one(shop: Path, tree: str) -> None:
    linked = (shop / tree).resolve()
    new = locate_database(environment={}, folder=linked)
    assert new.path == shop / ".aqe" / "aqe.db"
    assert new.reason == f"no .aqe/aqe.db in {linked}, nor in its main work tree {shop}"
    at_top = make_bank(shop)
    assert found_from(linked / "src") == at_top
    at_package = make_bank(shop / "packages" / "a")
    assert found_from(linked / "packages" / "a" / "src") == at_package
    own = make_bank(linked)
    assert found_from(linked / "packages" / "a" / "src") == own


def test_a_work_tree_of_a_bare_repository_has_its_own_bank(
    git: Git, shop: Path, tmp_path: Path
) -> None:
    git(".", "clone", "-q", "--bare", str(shop), "bare.git")
    git("bare.git", "worktree", "add", "-q", "../tree")
    assert found_from(tmp_path / "tree") == tmp_path / "tree" / ".aqe" / "aqe.db"


def test_a_bank_at_home_is_used_only_there(tmp_path: Path) -> None:
    home = tmp_path / "home" / "me"
    at_home = make_bank(home)
    make_bank(tmp_path / "home")
    assert found_from(home, home) == at_home
    below = locate_database(environment={"HOME": str(home)}, folder=home / "shop")
    assert below.path == home / "shop" / ".aqe" / "aqe.db"
    assert below.reason.endswith(f"; {at_home} is used only in that folder, or with --db")
    at_shop = make_bank(home / "shop")
    assert found_from(home / "shop" / "src", home) == at_shop


def test_without_a_bank_at_home_no_bank_above_it_is_used(tmp_path: Path) -> None:
    make_bank(tmp_path)
    home = tmp_path / "me"
    assert found_from(home, home) == home / ".aqe" / "aqe.db"
    assert found_from(home / "a" / "b", home) == home / "a" / "b" / ".aqe" / "aqe.db"


def test_home_is_known_through_a_link_and_as_a_repository(git: Git, tmp_path: Path) -> None:
    git("real", "init", "-q")
    make_bank(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    shop = tmp_path / "real" / "shop"
    assert found_from(shop, tmp_path / "link") == shop / ".aqe" / "aqe.db"


def test_the_root_folder_is_not_searched() -> None:
    assert locate_database(environment={}, folder=Path("/none/such")).reason == (
        "no .aqe/aqe.db in /none/such or above it up to /none"
    )
    assert locate_database(environment={}, folder=Path("/")).reason == "no .aqe/aqe.db in /"


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = locate_database("~/x.db", environment={}, folder=Path("/work"))
    assert found.path == tmp_path / "x.db"
