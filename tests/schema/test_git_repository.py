"""The repository of a folder, read from its files, compared with what git itself says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.schema.git_repository import find_repository, read_settings

Git = Callable[..., str]


@pytest.fixture
def repository(git: Git, tmp_path: Path) -> Path:
    """A repository with one commit."""
    git("main", "init", "-q")
    (tmp_path / "main" / "tests").mkdir()
    (tmp_path / "main" / "tests" / "test_a.py").touch()
    git("main", "add", "-A")
    git("main", "commit", "-qm", "first")
    return tmp_path / "main"


def test_a_checkout_is_found_from_every_folder_in_it(git: Git, repository: Path) -> None:
    found = find_repository(repository / "tests")
    assert found is not None
    assert (found.top, found.main, found.common) == (repository, repository, repository / ".git")
    assert (found.is_linked, found.place) == (False, repository)
    assert str(found.top) == git("main/tests", "rev-parse", "--show-toplevel")


def test_outside_git_there_is_none(tmp_path: Path) -> None:
    assert find_repository(tmp_path) is None


def test_a_folder_that_does_not_exist_is_in_the_repository_above_it(repository: Path) -> None:
    found = find_repository(repository / "gone" / "deeper")
    assert found is not None
    assert found.top == repository


@pytest.mark.parametrize("options", [(), ("-c", "worktree.useRelativePaths=true")])
@pytest.mark.parametrize("place", ["../linked", "inside"])
def test_a_linked_work_tree_shares_the_repository_of_its_main_one(
    git: Git, repository: Path, place: str, options: tuple[str, ...]
) -> None:
    git("main", *options, "worktree", "add", "-q", place)
    top = (repository / place).resolve()
    found = find_repository(top / "tests")
    assert found is not None
    assert (found.top, found.main, found.place) == (top, repository, repository)
    assert found.is_linked
    assert str(found.common) == git(
        str(top), "rev-parse", "--path-format=absolute", "--git-common-dir"
    )


def test_a_work_tree_of_a_moved_repository_is_still_known_by_its_pointer(
    git: Git, repository: Path
) -> None:
    git("main", "worktree", "add", "-q", "../linked")
    repository.rename(repository.with_name("moved"))
    found = find_repository(repository.with_name("linked"))
    assert found is not None
    assert (found.common, found.main) == (repository / ".git", None)


def test_a_submodule_is_a_repository_of_its_own(git: Git, repository: Path, tmp_path: Path) -> None:
    git("outer", "init", "-q")
    git("outer", "submodule", "--quiet", "add", str(repository), "vendor/inner")
    top = tmp_path / "outer" / "vendor" / "inner"
    found = find_repository(top / "tests")
    assert found is not None
    assert (found.top, found.main, found.is_linked) == (top, top, False)
    assert found.common == tmp_path / "outer" / ".git" / "modules" / "vendor" / "inner"
    assert found.origin == str(repository)


def test_a_linked_work_tree_of_a_submodule_finds_the_submodule(
    git: Git, repository: Path, tmp_path: Path
) -> None:
    git("outer", "init", "-q")
    git("outer", "submodule", "--quiet", "add", str(repository), "inner")
    git("outer/inner", "worktree", "add", "-q", str(tmp_path / "linked"))
    found = find_repository(tmp_path / "linked")
    assert found is not None
    assert found.main == tmp_path / "outer" / "inner"


def test_a_repository_that_is_kept_elsewhere_is_found(git: Git, tmp_path: Path) -> None:
    git("main", "init", "-q", "--separate-git-dir", str(tmp_path / "kept"))
    found = find_repository(tmp_path / "main")
    assert found is not None
    assert (found.top, found.main, found.common) == (tmp_path / "main",) * 2 + (tmp_path / "kept",)


@pytest.mark.parametrize("name", ["main.git", "project/.bare", "project/.git"])
def test_work_trees_of_a_bare_repository_share_its_place(
    git: Git, repository: Path, tmp_path: Path, name: str
) -> None:
    git(".", "clone", "-q", "--bare", str(repository), name)
    git(name, "worktree", "add", "-q", str(tmp_path / "a"), "-b", "a")
    git(name, "worktree", "add", "-q", str(tmp_path / "b"), "-b", "b")
    found = [find_repository(tmp_path / tree) for tree in "ab"]
    assert {(tree.main, tree.place) for tree in found if tree} == {
        (None, tmp_path / name.partition("/")[0])
    }
    assert all(tree and tree.is_linked for tree in found)


def test_a_bare_repository_called_git_has_no_main_work_tree(
    git: Git, repository: Path, tmp_path: Path
) -> None:
    git(".", "clone", "-q", "--bare", str(repository), "project/.git")
    found = find_repository(tmp_path / "project")
    assert found is not None
    assert (found.main, found.place) == (None, tmp_path / "project")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"gitdir:", b"\xff\xfe", b"gitdir: a\0b"])
def test_a_broken_pointer_ends_the_search(repository: Path, content: bytes) -> None:
    (repository / "inner").mkdir()
    (repository / "inner" / ".git").write_bytes(content)
    found = find_repository(repository / "inner")
    assert found is not None
    assert (found.top, found.origin) == (repository / "inner", "")


def test_a_pipe_in_place_of_a_pointer_or_config_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / ".git")
    (tmp_path / "b" / ".git").mkdir(parents=True)
    os.mkfifo(tmp_path / "b" / ".git" / "config")
    for name in "ab":
        found = find_repository(tmp_path / name)
        assert found is not None
        assert (found.top, found.origin) == (tmp_path / name, "")


def test_variables_of_git_are_not_used(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository))
    assert find_repository(tmp_path) is None


def test_origin_comes_before_other_remotes(git: Git, repository: Path) -> None:
    found = find_repository(repository)
    assert found is not None
    assert found.origin == ""
    git("main", "remote", "add", "upstream", "https://a.example/one")
    assert found.origin == "https://a.example/one"
    git("main", "remote", "add", "other", "https://a.example/two")
    assert found.origin == ""
    git("main", "remote", "add", "origin", "https://a.example/three")
    assert found.origin == "https://a.example/three"


def test_settings_are_read_as_git_reads_them(git: Git, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        '# comment\n[Core] bare = false ; inline\n\tWorkTree = "a # b" # c\n'
        '[remote "Origin \\"x\\""]\nurl = one\nurl = two \\\nthree\n[section "A.b"]\n'
        '  path = c:\\\\d \\"e\\"\nflag\n[other]key="a"b\n',
        encoding="utf-8",
    )
    listed = git(".", "config", "--file", str(config), "--list", "-z")
    expected = dict(entry.split("\n", 1) for entry in listed.split("\0") if "\n" in entry)
    assert read_settings(config) == expected
    assert read_settings(tmp_path / "none") == {}


def test_settings_of_a_huge_file_are_not_read(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[a]\nb = c\n" + "#" * 1024 * 1024, encoding="utf-8")
    assert read_settings(config) == {}
