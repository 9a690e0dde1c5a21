"""A typed path names tests of its own project, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.retrieval.extraction import find_project_root
from aqe.retrieval.suites.typed_source import SourcePlace, typed_places

Git = Callable[..., str]


@pytest.fixture
def shop(git: Git, tmp_path: Path) -> Path:
    """A monorepo with a package, next to another project of the same layout."""
    git("shop", "init", "-q")
    for name in ("tests", "packages/cart/tests", "packages/cartoon"):
        (tmp_path / "shop" / name).mkdir(parents=True)
    for name in ("cart", "cartoon"):
        (tmp_path / "shop" / "packages" / name / "package.json").write_text('{"name": "x"}')
    (tmp_path / "shop" / "tests" / "test_a.py").touch()
    (tmp_path / "other" / "tests").mkdir(parents=True)
    (tmp_path / "other" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    return tmp_path / "shop"


@pytest.fixture
def projects(shop: Path) -> dict[str, str]:
    """The projects of a bank by key, as an extraction of both records them."""
    files = ("shop/a", "shop/packages/cart/a", "shop/packages/cartoon/a", "other/a")
    roots = [find_project_root(shop.parent / file) for file in files]
    return {root.key: root.name for root in roots}


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("tests", "tests"),
        ("tests/", "tests"),
        ("./tests", "tests"),
        ("tests/test_a.py", "tests/test_a.py"),
        ("tests/test_a.py:12", "tests/test_a.py:12"),
        ("tests/test_a.py:12:5", "tests/test_a.py:12"),
        ("tests/deleted/test_b.py:3", "tests/deleted/test_b.py:3"),
        ("packages/../tests", "tests"),
        ("{shop}/tests/test_a.py", "tests/test_a.py"),
        ("shop: tests/test_a.py:12", "tests/test_a.py:12"),
    ],
)
def test_a_path_is_taken_as_it_is_typed(
    shop: Path, projects: dict[str, str], typed: str, place: str
) -> None:
    found = typed_places(typed.format(shop=shop), shop, projects)
    assert found == [SourcePlace("shop", place)]


def test_the_same_file_is_found_from_everywhere(shop: Path, projects: dict[str, str]) -> None:
    for typed, folder in (("test_a.py", "tests"), ("../../tests/test_a.py", "packages/cart")):
        found = typed_places(typed, shop / folder, projects)
        assert found == [SourcePlace("shop", "tests/test_a.py")]


def test_a_path_in_a_package_is_relative_to_it(shop: Path, projects: dict[str, str]) -> None:
    cart = SourcePlace("shop/packages/cart", "tests")
    assert typed_places("packages/cart/tests", shop, projects) == [cart]
    assert typed_places("tests", shop / "packages" / "cart", projects) == [cart]


def test_a_folder_above_packages_names_them_all(shop: Path, projects: dict[str, str]) -> None:
    cart, cartoon = (SourcePlace(f"shop/packages/{name}", "") for name in ("cart", "cartoon"))
    assert typed_places("packages/cart", shop, projects) == [cart]
    assert typed_places("packages", shop, projects) == [
        SourcePlace("shop", "packages"),
        cart,
        cartoon,
    ]
    assert typed_places(".", shop, projects) == [SourcePlace("shop", ""), cart, cartoon]
    assert typed_places("..", shop / "packages" / "cart", projects) == [
        SourcePlace("shop", "packages"),
        cart,
        cartoon,
    ]


def test_a_folder_above_projects_names_them_all(shop: Path, projects: dict[str, str]) -> None:
    found = typed_places(str(shop.parent), shop, projects)
    assert {place.project for place in found if not place.path} == set(projects.values())


def test_a_path_in_a_linked_work_tree_is_of_the_same_project(
    git: Git, shop: Path, projects: dict[str, str]
) -> None:
    git("shop", "commit", "-q", "--allow-empty", "-m", "first")
    git("shop", "worktree", "add", "-q", "../linked")
    linked = shop.parent / "linked"
    (linked / "packages").mkdir()
    assert typed_places("tests", linked, projects) == [SourcePlace("shop", "tests")]
    assert len(typed_places("packages", linked, projects)) == 3


def test_a_project_that_is_not_in_the_bank_has_no_place(shop: Path) -> None:
    assert typed_places("tests", shop, {}) == []
    assert typed_places("tests", shop, {"path:/elsewhere/shop2": "shop2"}) == []


def test_a_given_project_is_the_only_one(shop: Path, projects: dict[str, str]) -> None:
    other = SourcePlace("other", "tests/test_a.py")
    for typed in ("tests/test_a.py", "./tests//test_a.py", "other: tests/test_a.py"):
        assert typed_places(typed, shop, projects, project="other") == [other]
    assert typed_places("tests/test_a.py:4:2", shop, projects, project="other") == [
        SourcePlace("other", "tests/test_a.py:4")
    ]
    assert typed_places("../other/tests", shop, projects, project="other") == [
        SourcePlace("other", "tests")
    ]
    assert typed_places(".", shop, projects, project="other") == [SourcePlace("other", "")]


def test_a_project_is_known_by_its_name_in_the_bank(shop: Path) -> None:
    known = {find_project_root(shop / "a").key: "shop (2)", "path:/elsewhere": "shop"}
    assert typed_places("tests", shop, known) == [SourcePlace("shop (2)", "tests")]


def test_an_installed_package_is_a_project(tmp_path: Path) -> None:
    folder = tmp_path / "site-packages" / "numpy" / "linalg"
    folder.mkdir(parents=True)
    known = {"installed:numpy": "numpy"}
    assert typed_places("linalg", folder.parent, known) == [SourcePlace("numpy", "numpy/linalg")]
    assert typed_places("numpy", folder.parents[1], known) == [SourcePlace("numpy", "numpy")]


def test_a_file_whose_name_ends_like_a_line_is_that_file(
    shop: Path, projects: dict[str, str]
) -> None:
    (shop / "tests" / "a:12").touch()
    assert typed_places("tests/a:12", shop, projects) == [SourcePlace("shop", "tests/a:12")]
