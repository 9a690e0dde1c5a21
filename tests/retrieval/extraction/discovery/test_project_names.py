"""Names of projects in a bank: unique, and kept when a project moves or gets a remote."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aqe.retrieval.extraction.discovery.project_names import BankProject, bank_project, is_moved
from aqe.retrieval.extraction.discovery.project_root import ProjectRoot


def make_root(name: str, place: str, key: str = "") -> ProjectRoot:
    folder = Path("/unused")
    return ProjectRoot(
        folder=folder,
        name=name,
        key=key or place,
        place=place,
        earlier_folder=folder,
        earlier_name="",
    )


def never(path: str) -> bool:
    return False


def always(path: str) -> bool:
    return True


def test_a_known_project_keeps_its_name() -> None:
    root = make_root("shop", "path:/a", "github.com/acme/shop")
    known = {"github.com/acme/shop": "shop (2)", "path:/other": "shop"}
    found = bank_project(root, known, exists=always)
    assert found == BankProject(key=root.key, name="shop (2)", earlier_key=root.key)


def test_a_new_project_gets_a_free_name() -> None:
    known = {"path:/a/my-app": "my-app", "path:/b/my-app": "my-app (2)"}
    found = bank_project(make_root("my-app", "path:/c/my-app"), known, exists=always)
    assert found == BankProject(key="path:/c/my-app", name="my-app (3)", earlier_key="")
    assert bank_project(make_root("other", "path:/o"), known, exists=always).name == "other"


def test_a_project_that_got_a_remote_is_the_same() -> None:
    root = make_root("store", "path:/a/shop", "github.com/acme/store")
    found = bank_project(root, {"path:/a/shop": "shop"}, exists=always)
    assert found == BankProject(key=root.key, name="shop", earlier_key="path:/a/shop")


def test_a_moved_project_is_the_same_if_its_old_folder_is_gone() -> None:
    root = make_root("my-app", "path:/new/my-app")
    known = {"path:/old/my-app": "my-app (2)", "path:/x": "my-app", "installed:my-app": "y"}
    gone = bank_project(root, known, exists=lambda path: path != "/old/my-app")
    assert gone == BankProject(key=root.key, name="my-app (2)", earlier_key="path:/old/my-app")
    assert bank_project(root, known, exists=always).name == "my-app (3)"


def test_a_moved_project_that_could_be_two_is_new() -> None:
    known = {"path:/a/my-app": "my-app", "path:/b/my-app": "my-app (2)"}
    found = bank_project(make_root("my-app", "path:/c/my-app"), known, exists=never)
    assert (found.name, found.earlier_key) == ("my-app (3)", "")


def test_a_package_is_moved_only_with_its_repository() -> None:
    root = make_root("repo/web", "path:/new#web")
    assert is_moved(root, "path:/old#web", "repo/web", exists=never)
    assert not is_moved(root, "path:/old#api", "repo/web", exists=never)
    assert not is_moved(root, "path:/old#web", "other/web", exists=never)
    assert not is_moved(root, "github.com/a/b#web", "repo/web", exists=never)
    assert not is_moved(make_root("a", "installed:a"), "path:/a", "a", exists=never)


def test_a_project_never_shows_a_secret() -> None:
    token = "ghp_" + "a1B2c3D4" * 4 + "abcd"
    found = bank_project(make_root(token, f"path:/{token}"), {})
    assert token not in str(found)


@given(st.lists(st.sampled_from(["app", "app (2)", "b"]), max_size=12))
def test_names_are_unique_whatever_is_stored(wished: list[str]) -> None:
    known: dict[str, str] = {}
    for number, name in enumerate(wished):
        found = bank_project(make_root(name, f"path:/{number}"), known, exists=always)
        known[found.key] = found.name
    assert len(set(known.values())) == len(wished)
    for number, name in enumerate(wished):
        again = bank_project(make_root(name, f"path:/{number}"), known, exists=always)
        assert again.name == known[f"path:/{number}"]
